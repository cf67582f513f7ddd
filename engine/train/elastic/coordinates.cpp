#include "engine/train/elastic/coordinates.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "engine/prune/elastic_layer.h"
#include "engine/train/elastic/eigen_tensor.h"
#include "engine/train/graph/graph_module.h"
#include "engine/train/graph/torch_tensor.h"

namespace pare::engine {
namespace {

constexpr double kLeastShare = 1e-3;  // of a layer's usual size, below which a value counts as that

// A range moves by this times the optimiser's step, by parts of itself.
constexpr double kRangeStep = 5;

// No smaller than a share of their root mean square.
torch::Tensor bounded(const torch::Tensor& values) {
  const double usual = values.square().mean().sqrt().item<double>();
  return values.clamp_min(std::max(kLeastShare * usual, 1e-12));
}

// D and P of a layer without a Gram, from what it reads and makes.
void measure(const torch::Tensor& read, const torch::Tensor& made, ElasticLayer& layer) {
  const std::int64_t rows = layer.shape[0], each = layer.shape[1];
  const std::int64_t taps = element_count(layer.shape) / rows / each;
  const std::int64_t groups = read.size(1) / each;
  const torch::Tensor rms = bounded(read.square().mean({0, 2, 3}).sqrt());
  const torch::Tensor by_group =
      rms.reciprocal().view({groups, 1, each, 1}).expand({groups, rows / groups, each, taps});
  layer.inputs = torch::cat({by_group.reshape({rows, each * taps}), torch::ones({rows, 1})}, 1);
  layer.spreads = bounded(made.var(torch::IntArrayRef{0, 2, 3}, false).sqrt()).view({rows, 1});
}

}  // namespace

Result<Coordinates> Coordinates::make(const ElasticBody& body, const std::vector<bool>& nodes,
                                      std::size_t knots, const torch::Tensor& samples,
                                      const std::vector<std::string>& ranges) {
  Coordinates made;
  made.knots_ = knots;
  std::vector<std::string> wanted;
  for (std::size_t n = 0; n < body.graph.nodes.size(); ++n) {
    const Node& node = body.graph.nodes[n];
    if (!nodes[n] || !is_elastic_layer(body.graph, node)) continue;
    const auto whitening = whitening_of(body.graph, body.groups, n, body.statistics);
    if (!whitening) return whitening.error();
    ElasticLayer layer{n,  node.name, body.graph.constants.at(node.inputs[1]).shape(),
                       {}, {},        whitening.value().has_value(),
                       {}};
    if (layer.whole) {
      layer.spreads = to_torch(Eigen::MatrixXd(whitening.value()->outputs)).to(torch::kFloat32);
      layer.inputs = to_torch(whitening.value()->inputs).to(torch::kFloat32);
    } else {
      wanted.insert(wanted.end(), {node.inputs[0], node.outputs[0]});
    }
    made.layers_.push_back(std::move(layer));
  }
  if (!wanted.empty()) {
    auto module = GraphModule::make(body.graph, Trainable::kNothing);
    if (!module) return module.error();
    const torch::NoGradGuard no_grad;
    const auto seen = std::move(module).value().forward({samples}, wanted);
    if (!seen) return seen.error();
    std::size_t next = 0;
    for (ElasticLayer& layer : made.layers_) {
      if (layer.whole) continue;
      measure(seen.value()[next], seen.value()[next + 1], layer);
      next += 2;
    }
  }
  made.allocate(ranges);
  return made;
}

torch::Tensor Coordinates::leaf(std::int64_t first, torch::IntArrayRef shape) const {
  const auto part = [&](const torch::Tensor& flat) {
    return flat.narrow(0, first, c10::multiply_integers(shape)).view(shape);
  };
  torch::Tensor made = part(values_).detach().set_requires_grad(true);
  made.mutable_grad() = part(gradients_);
  return made;
}

void Coordinates::allocate(const std::vector<std::string>& ranges) {
  for (const ElasticLayer& layer : layers_) {
    per_knot_ += layer.spreads.size(0) * layer.inputs.size(1);
  }
  const auto all = per_knot_ * static_cast<std::int64_t>(knots_) + std::ssize(ranges);
  values_ = torch::zeros({all});
  gradients_ = torch::zeros_like(values_);
  std::int64_t first = 0;
  for (std::size_t k = 0; k < knots_; ++k) {
    for (ElasticLayer& layer : layers_) {
      const std::int64_t rows = layer.spreads.size(0), columns = layer.inputs.size(1);
      layer.v.push_back(leaf(first, {rows, columns}));
      first += rows * columns;
    }
  }
  for (const std::string& tensor : ranges) ranges_.emplace(tensor, leaf(first++, {1}));
}

torch::Tensor Coordinates::range_factor(const std::string& tensor) const {
  const auto trained = ranges_.find(tensor);
  return trained == ranges_.end() ? torch::Tensor() : torch::exp(trained->second * kRangeStep);
}

std::map<std::string, double> Coordinates::range_factors(const torch::Tensor& values) const {
  std::map<std::string, double> factors;
  for (const auto& [tensor, own] : ranges_) {
    const std::int64_t at = own.storage_offset() - values_.storage_offset();
    factors[tensor] = std::exp(kRangeStep * values[at].item<double>());
  }
  return factors;
}

std::map<std::string, std::vector<LayerChange>> Coordinates::changes(
    const torch::Tensor& values) const {
  std::map<std::string, std::vector<LayerChange>> all;
  std::int64_t first = 0;
  for (std::size_t k = 0; k < knots_; ++k) {
    for (const ElasticLayer& layer : layers_) {
      const std::int64_t rows = layer.spreads.size(0), columns = layer.inputs.size(1);
      const torch::Tensor v =
          values.narrow(0, first, rows * columns).view({rows, columns}).to(torch::kFloat64);
      first += rows * columns;
      const torch::Tensor p = layer.inputs.to(torch::kFloat64);
      const torch::Tensor change =
          layer.spreads.to(torch::kFloat64) * (layer.whole ? v.matmul(p) : v * p);
      std::vector<std::int64_t> shape(layer.shape.begin(), layer.shape.end());
      all[layer.name].push_back({from_torch(change.narrow(1, 0, columns - 1).reshape(shape)),
                                 from_torch(change.narrow(1, columns - 1, 1).reshape({rows}))});
    }
  }
  return all;
}

}  // namespace pare::engine
