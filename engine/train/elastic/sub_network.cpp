#include "engine/train/elastic/sub_network.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "engine/prune/elastic_layer.h"
#include "engine/prune/reconstruct.h"
#include "engine/train/elastic/eigen_tensor.h"
#include "engine/train/graph/fake_quantize.h"
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
void separate(Graph& graph, const std::set<std::string_view>& trained) {
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

std::set<std::string_view> names_of(const std::vector<ElasticLayer>& layers) {
  std::set<std::string_view> names;
  for (const ElasticLayer& layer : layers) names.insert(layer.name);
  return names;
}

std::map<std::string_view, std::size_t> nodes_by_name(const Graph& graph) {
  std::map<std::string_view, std::size_t> nodes;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) nodes[graph.nodes[n].name] = n;
  return nodes;
}

const LayerMap* map_of(const LayerMaps* maps, const std::string& layer) {
  if (maps == nullptr) return nullptr;
  const auto at = maps->find(layer);
  return at == maps->end() ? nullptr : &at->second;
}

// A layer's map with the repair behind it; empty: its weights stay.
LayerMap steps_of(const LayerMap* map, const Eigen::MatrixXd& repair) {
  if (repair.size() == 0) return map == nullptr ? LayerMap{} : *map;
  if (map == nullptr) return {repair};
  LayerMap both;
  for (const Eigen::MatrixXd& first : *map) both.push_back(first * repair);
  return both;
}

// REQUIRES: no row has a map of its own.
torch::Tensor behind(const torch::Tensor& inputs, const LayerMap& map) {
  if (map.empty()) return inputs;
  return inputs.to(torch::kFloat64).matmul(to_torch(map[0])).to(torch::kFloat32);
}

// One matrix, or one for each of the rows.
torch::Tensor stacked(const LayerMap& map, const torch::Tensor& rows) {
  std::vector<torch::Tensor> matrices;
  for (const Eigen::MatrixXd& one : map) matrices.push_back(to_torch(one).to(torch::kFloat32));
  return matrices.size() == 1 ? matrices[0] : rows_of(torch::stack(matrices), rows);
}

torch::Tensor mapped(const torch::Tensor& weights, const torch::Tensor& map) {
  if (!map.defined()) return weights;
  if (map.dim() == 2) return weights.matmul(map);
  return weights.unsqueeze(1).bmm(map).squeeze(1);
}

// Weights and bias side by side.
torch::Tensor joined(const Graph& graph, const Node& node) {
  const torch::Tensor weights = to_torch(graph.constants.at(node.inputs[kWeight]));
  const torch::Tensor bias = to_torch(graph.constants.at(node.inputs[kBias]));
  const std::int64_t rows = weights.size(0);
  return torch::cat({weights.reshape({rows, -1}), bias.expand({rows}).view({rows, 1})}, 1);
}

}  // namespace

Result<SubNetwork> SubNetwork::make(const CutOut& cut, const Coordinates& coordinates,
                                    const std::vector<double>& knots) {
  auto made = build(cut, coordinates, knot_weights(knots, cut.share), nullptr);
  if (!made) return made;
  SubNetwork network = std::move(made).value();
  const ElasticBody& body = cut.body;
  const LayerMaps none;
  const LayerMaps& maps = cut.maps == nullptr ? none : *cut.maps;
  network.trace(body.graph, affected_nodes(body.graph, body.groups, cut.removed, maps));
  return network;
}

Result<SubNetwork> SubNetwork::make(const CutOut& cut, const Coordinates& coordinates,
                                    const Lowering& lowering) {
  auto made = build(cut, coordinates, {1}, &lowering);
  if (!made) return made;
  SubNetwork network = std::move(made).value();
  network.trace(cut.body.graph, std::vector<bool>(cut.body.graph.nodes.size(), true));
  return network;
}

Result<SubNetwork> SubNetwork::build(const CutOut& cut, const Coordinates& coordinates,
                                     std::vector<double> knot_shares, const Lowering* lowering) {
  const ElasticBody& body = cut.body;
  const RemovedUnits& removed = cut.removed;
  const auto repaired = reconstruct(body.graph, body.groups, removed, body.statistics);
  if (!repaired) return repaired.error();
  auto pruned = prune(repaired.value(), body.observed, body.ops, body.groups, removed);
  if (!pruned) return pruned.error();
  PrunedGraph left = std::move(pruned).value();
  separate(left.graph, names_of(coordinates.layers()));
  QuantizedGraph lowered;
  if (lowering != nullptr) {
    auto quantized = lowering->quantize(left);
    if (!quantized) return quantized.error();
    lowered = std::move(quantized).value();
  }
  auto module =
      GraphModule::make(lowering == nullptr ? left.graph : lowered.graph, Trainable::kNothing);
  if (!module) return module.error();
  SubNetwork made(coordinates, std::move(module).value());
  made.share_ = cut.share;
  made.knot_shares_ = std::move(knot_shares);
  for (const TensorInfo& output : left.graph.outputs) made.wanted_.push_back(output.name);
  if (const auto added = made.add_parts(cut, left.graph); !added) return added.error();
  if (lowering != nullptr) made.put_in_int8(lowered, lowering->weight_bits);
  return made;
}

Result<std::monostate> SubNetwork::add_parts(const CutOut& cut, const Graph& left) {
  const ElasticBody& body = cut.body;
  const auto nodes = nodes_by_name(left);
  const auto of_body = nodes_by_name(body.graph);
  for (std::size_t l = 0; l < coordinates_->layers().size(); ++l) {
    const ElasticLayer& layer = coordinates_->layers()[l];
    const auto at = nodes.find(layer.name);
    if (at == nodes.end()) continue;  // it went with a block
    const Node& node = left.nodes[at->second];
    const auto in_plan = layer_in_plan(body.graph, body.groups, of_body.at(layer.name), cut.removed,
                                       body.statistics);
    if (!in_plan) return in_plan.error();
    Part part{l,
              node.inputs[kWeight],
              node.inputs[kBias],
              index_of(in_plan.value().rows, layer.shape[0]),
              joined(left, node),
              {},
              {},
              left.constants.at(node.inputs[kWeight]).shape()};
    const LayerMap steps = steps_of(map_of(cut.maps, layer.name), in_plan.value().repair);
    if (layer.whole) {
      part.basis = behind(layer.inputs, steps);
    } else {
      part.basis = rows_of(layer.inputs, part.rows);
      if (!steps.empty()) part.map = stacked(steps, part.rows);
    }
    parts_.push_back(std::move(part));
  }
  return std::monostate{};
}

// Weights and scales are those that the int8 graph reads.
void SubNetwork::put_in_int8(const QuantizedGraph& lowered, int weight_bits) {
  const std::set<std::string> in_int8(lowered.int8_layers.begin(), lowered.int8_layers.end());
  for (Part& part : parts_) {
    const std::string& layer = coordinates_->layers()[part.layer].name;
    if (!in_int8.contains(layer)) continue;
    const Node& node = *find_node(lowered.graph, layer);
    part.weights = node.inputs[kWeight];
    part.bias = node.inputs[kBias];
    part.bits = weight_bits;
  }
  for (const auto& [tensor, by] : lowered.scaled_by) {
    const std::string constant = scale_name(tensor);
    scales_.push_back({constant, by, to_torch(lowered.graph.constants.at(constant))});
  }
}

void SubNetwork::trace(const Graph& body, const std::vector<bool>& compared) {
  const auto nodes = nodes_by_name(body);
  for (const Part& part : parts_) {
    const std::size_t n = nodes.at(coordinates_->layers()[part.layer].name);
    if (!compared[n]) continue;
    traced_.push_back({body.nodes[n].outputs[0], part.rows});
    wanted_.push_back(traced_.back().tensor);
  }
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
      all = all + (layer.whole ? v.matmul(part.basis) : mapped(v * part.basis, part.map));
    }
    const std::int64_t columns = all.size(1) - 1;
    const torch::Tensor weights = all.narrow(1, 0, columns).reshape(part.shape);
    values[part.weights] = part.bits == 0 ? weights : fake_quantize_rows(weights, part.bits);
    values[part.bias] = all.narrow(1, columns, 1).reshape({-1});
  }
  for (const Scale& scale : scales_) {
    const torch::Tensor factor = coordinates_->range_factor(scale.tensor);
    if (factor.defined()) values[scale.constant] = scale.base * factor;
  }
  return values;
}

Result<std::vector<torch::Tensor>> SubNetwork::forward(const torch::Tensor& images) {
  return module_.forward({images}, wanted_, weights());
}

}  // namespace pare::engine
