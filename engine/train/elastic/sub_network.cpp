#include "engine/train/elastic/sub_network.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "engine/prune/elastic_layer.h"
#include "engine/prune/reconstruct.h"
#include "engine/train/elastic/eigen_tensor.h"
#include "engine/train/graph/torch_tensor.h"

namespace pare::engine {
namespace {

constexpr std::size_t kWeight = 1;
constexpr std::size_t kBias = 2;

torch::Tensor index_of(const std::vector<std::int64_t>& rows, std::int64_t all) {
  if (std::ssize(rows) == all) return {};
  return torch::tensor(rows, torch::kInt64);
}

torch::Tensor rows_of(const torch::Tensor& matrix, const torch::Tensor& rows) {
  return rows.defined() ? matrix.index_select(0, rows) : matrix;
}

// Constants of its own for every trained layer, a bias among them.
void separate(Graph& graph, const std::map<std::string_view, std::size_t>& trained) {
  for (Node& node : graph.nodes) {
    if (!trained.contains(node.name)) continue;
    const Tensor weights = graph.constants.at(node.inputs[kWeight]);
    node.inputs.resize(std::max(node.inputs.size(), kBias + 1));
    const Tensor bias =
        node.inputs[kBias].empty()
            ? Tensor::of<float>({weights.shape()[0]},
                                std::vector<float>(static_cast<std::size_t>(weights.shape()[0])))
            : graph.constants.at(node.inputs[kBias]);
    node.inputs[kWeight] = fresh_name(graph, node.name + ".weights");
    graph.constants.emplace(node.inputs[kWeight], weights);
    node.inputs[kBias] = fresh_name(graph, node.name + ".bias");
    graph.constants.emplace(node.inputs[kBias], bias);
  }
}

// Weights and bias side by side.
torch::Tensor joined(const Graph& graph, const Node& node) {
  const torch::Tensor weights = to_torch(graph.constants.at(node.inputs[kWeight]));
  const torch::Tensor bias = to_torch(graph.constants.at(node.inputs[kBias]));
  const std::int64_t rows = weights.size(0);
  return torch::cat({weights.reshape({rows, -1}), bias.expand({rows}).view({rows, 1})}, 1);
}

}  // namespace

Result<SubNetwork> SubNetwork::make(const ElasticBody& body, const Coordinates& coordinates,
                                    const std::vector<double>& knots, const RemovedUnits& removed,
                                    double share) {
  const auto repaired = reconstruct(body.graph, body.groups, removed, body.statistics);
  if (!repaired) return repaired.error();
  auto pruned = prune(repaired.value(), body.observed, body.ops, body.groups, removed);
  if (!pruned) return pruned.error();
  Graph graph = std::move(pruned).value().graph;
  std::map<std::string_view, std::size_t> trained;
  for (std::size_t l = 0; l < coordinates.layers().size(); ++l) {
    trained[coordinates.layers()[l].name] = l;
  }
  separate(graph, trained);
  auto module = GraphModule::make(graph, Trainable::kNothing);
  if (!module) return module.error();
  SubNetwork made(coordinates, std::move(module).value());
  made.share_ = share;
  made.knot_shares_ = knot_weights(knots, share);
  for (const TensorInfo& output : graph.outputs) made.wanted_.push_back(output.name);
  for (const Node& node : graph.nodes) {
    const auto at = trained.find(node.name);
    if (at == trained.end()) continue;
    const ElasticLayer& layer = coordinates.layers()[at->second];
    const auto in_plan =
        layer_in_plan(body.graph, body.groups, layer.node, removed, body.statistics);
    if (!in_plan) return in_plan.error();
    Part part{at->second,
              node.inputs[kWeight],
              node.inputs[kBias],
              index_of(in_plan.value().rows, layer.shape[0]),
              joined(graph, node),
              {},
              graph.constants.at(node.inputs[kWeight]).shape()};
    const Eigen::MatrixXd& repair = in_plan.value().repair;
    part.basis =
        !layer.whole ? rows_of(layer.inputs, part.rows)
        : repair.size() == 0
            ? layer.inputs
            : layer.inputs.to(torch::kFloat64).matmul(to_torch(repair)).to(torch::kFloat32);
    made.parts_.push_back(std::move(part));
  }
  const std::vector<bool> affected = affected_nodes(body.graph, body.groups, removed);
  for (const Part& part : made.parts_) {
    const ElasticLayer& layer = coordinates.layers()[part.layer];
    if (!affected[layer.node]) continue;
    made.traced_.push_back({body.graph.nodes[layer.node].outputs[0], part.rows});
    made.wanted_.push_back(made.traced_.back().tensor);
  }
  return made;
}

GraphModule::Values SubNetwork::weights() const {
  GraphModule::Values values;
  for (const Part& part : parts_) {
    const ElasticLayer& layer = coordinates_->layers()[part.layer];
    torch::Tensor v;
    for (std::size_t k = 0; k < knot_shares_.size(); ++k) {
      if (knot_shares_[k] == 0) continue;
      const torch::Tensor own = layer.v[k] * knot_shares_[k];
      v = v.defined() ? v + own : own;
    }
    torch::Tensor all = part.base;
    if (v.defined()) {
      v = rows_of(v * layer.spreads, part.rows);
      all = all + (layer.whole ? v.matmul(part.basis) : v * part.basis);
    }
    const std::int64_t columns = all.size(1) - 1;
    values[part.weights] = all.narrow(1, 0, columns).reshape(part.shape);
    values[part.bias] = all.narrow(1, columns, 1).reshape({-1});
  }
  return values;
}

Result<std::vector<torch::Tensor>> SubNetwork::forward(const torch::Tensor& images) {
  return module_.forward({images}, wanted_, weights());
}

}  // namespace pare::engine
