#include "engine/prune/correction.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "engine/prune/constant_edits.h"
#include "engine/prune/layer_inputs.h"

namespace pare::engine {
namespace {

Error foreign(const std::string& what) {
  return {ErrorCode::kInvalidArgument, "the super-network is of another model: " + what};
}

bool has_input(const Node& node, std::size_t input) {
  return node.inputs.size() > input && !node.inputs[input].empty();
}

// The constant that a node reads, if it is one of float32.
const Tensor* float_constant(const Graph& graph, const Node& node, std::size_t input) {
  if (!has_input(node, input)) return nullptr;
  const auto found = graph.constants.find(node.inputs[input]);
  const bool fits = found != graph.constants.end() && found->second.dtype() == DType::kFloat32;
  return fits ? &found->second : nullptr;
}

// to - from, each spread over `shape`; one value may stand for all of them, null for zeros.
Tensor step_between(const Tensor* from, const Tensor* to, const Shape& shape) {
  std::vector<float> out(static_cast<std::size_t>(element_count(shape)));
  const auto value = [](const Tensor* tensor, std::size_t i) {
    if (tensor == nullptr) return 0.0;
    const auto values = tensor->values<float>();
    return double{values[values.size() == 1 ? 0 : i]};
  };
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<float>(value(to, i) - value(from, i));
  }
  return Tensor::of<float>(shape, out);
}

bool are_equal(const Tensor* a, const Tensor* b) {
  return a == nullptr || b == nullptr ? a == b : *a == *b;
}

using Part = Tensor LayerChange::*;

// before + sum of share x change; `before` null: of nothing.
Tensor summed(const Tensor* before, const std::vector<LayerChange>& changes, Part part,
              const std::vector<double>& shares) {
  const Tensor& form = changes[0].*part;
  std::vector<double> sum(static_cast<std::size_t>(form.size()), 0);
  if (before != nullptr) {
    // One value may stand for all of them.
    const auto values = before->values<float>();
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = values[values.size() == 1 ? 0 : i];
  }
  for (std::size_t k = 0; k < changes.size(); ++k) {
    if (shares[k] == 0) continue;
    const auto change = (changes[k].*part).values<float>();
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += shares[k] * double{change[i]};
  }
  const std::vector<float> values(sum.begin(), sum.end());
  return Tensor::of<float>(form.shape(), values);
}

Result<std::monostate> correct_layer(const Graph& body, std::size_t n,
                                     const std::vector<LayerChange>& changes,
                                     const std::vector<double>& shares, ConstantEdits& edits) {
  const Node& node = body.nodes[n];
  const Tensor* const weights = float_constant(body, node, kWeightInput);
  if (weights == nullptr) return foreign("layer " + node.name + " has no float32 weights here");
  const Tensor& change = changes[0].weights;
  if (weights->shape() != change.shape()) {
    return foreign("layer " + node.name + " has weights " + to_string(weights->shape()) +
                   " here and " + to_string(change.shape()) + " there");
  }
  const Tensor* const bias = float_constant(body, node, kBiasInput);
  const bool fits =
      !has_input(node, kBiasInput) ||
      (bias != nullptr && (bias->size() == 1 || bias->size() == changes[0].bias.size()));
  if (!fits) return foreign("layer " + node.name + " has a bias of another size");
  edits.set(n, kWeightInput, summed(weights, changes, &LayerChange::weights, shares));
  edits.set(n, kBiasInput, summed(bias, changes, &LayerChange::bias, shares));
  return std::monostate{};
}

using LayerChanges = std::map<std::string, std::vector<LayerChange>>;

// The body with these shares of the changes; itself where there are none.
Result<Graph> changed(const Graph& body, const LayerChanges& layers,
                      const std::vector<double>& shares) {
  const bool is_whole = std::ranges::all_of(shares, [](double share) { return share == 0; });
  if (is_whole || layers.empty()) return body;
  std::map<std::string_view, std::size_t> places;
  for (std::size_t n = 0; n < body.nodes.size(); ++n) places[body.nodes[n].name] = n;
  ConstantEdits edits;
  for (const auto& [layer, changes] : layers) {
    const auto place = places.find(layer);
    if (place == places.end()) return foreign("there is no layer " + layer + " here");
    const auto done = correct_layer(body, place->second, changes, shares, edits);
    if (!done) return done.error();
  }
  Graph graph = body;
  edits.apply(graph);
  return graph;
}

}  // namespace

std::vector<double> knot_weights(std::span<const double> knots, double removed) {
  std::vector<double> weights(knots.size(), 0);
  double below = 0;
  for (std::size_t k = 0; k < knots.size(); ++k) {
    if (removed <= knots[k]) {
      const double share = std::max(0.0, (removed - below) / (knots[k] - below));
      weights[k] = share;
      if (k > 0) weights[k - 1] = 1 - share;
      return weights;
    }
    below = knots[k];
  }
  if (!weights.empty()) weights.back() = 1;
  return weights;
}

Result<Graph> corrected(const Graph& body, const Supernet& supernet, double removed) {
  return changed(body, supernet.changes, knot_weights(supernet.knots, removed));
}

Result<Graph> corrected_for_int8(const Graph& body, const Int8Change& int8) {
  LayerChanges changes;
  for (const auto& [layer, change] : int8.changes) changes[layer] = {change};
  return changed(body, changes, {1});
}

std::map<std::string, std::vector<LayerChange>> changes_between(const Graph& before,
                                                                const Graph& after) {
  std::map<std::string, std::vector<LayerChange>> changes;
  std::map<std::string_view, const Node*> places;
  for (const Node& node : before.nodes) places[node.name] = &node;
  for (const Node& node : after.nodes) {
    const auto place = places.find(node.name);
    const Tensor* const to = float_constant(after, node, kWeightInput);
    if (place == places.end() || to == nullptr) continue;
    const Tensor* const from = float_constant(before, *place->second, kWeightInput);
    const Tensor* const old_bias = float_constant(before, *place->second, kBiasInput);
    const Tensor* const bias = float_constant(after, node, kBiasInput);
    if (from == nullptr || (*from == *to && are_equal(old_bias, bias))) continue;
    changes[node.name].push_back(
        {step_between(from, to, to->shape()), step_between(old_bias, bias, {to->shape()[0]})});
  }
  return changes;
}

Result<std::monostate> check_lineage(const Supernet& supernet, const std::string& model,
                                     const std::string& plan) {
  const SupernetLineage& lineage = supernet.lineage;
  if (lineage.model != model) {
    return Error{ErrorCode::kInvalidArgument, "the super-network was trained with the model " +
                                                  lineage.model + ", not with " + model};
  }
  if (lineage.plan == plan) return std::monostate{};
  const auto whose = [](const std::string& sha256) {
    return sha256.empty() ? "every plan" : "plan " + sha256 + " alone";
  };
  return Error{ErrorCode::kInvalidArgument,
               "the weights were trained for " + whose(lineage.plan) + ", not for " + whose(plan)};
}

}  // namespace pare::engine
