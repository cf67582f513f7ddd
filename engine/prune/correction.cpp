#include "engine/prune/correction.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/graph/convert.h"
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

const std::string kFormat = "pare super-network 1";

std::string key_of_change(std::size_t knot, const char* part, const std::string& layer) {
  return "change/" + std::to_string(knot) + "/" + part + "/" + layer;
}

Error unreadable(const std::string& what) {
  return {ErrorCode::kInvalidArgument, "no super-network: " + what};
}

template <typename Number>
Result<Number> number_of(const TensorFile& file, const std::string& name) {
  const auto at = file.metadata.find(name);
  const std::string text = at == file.metadata.end() ? "" : at->second;
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return unreadable(name + " is \"" + text + "\", no number");
  }
  return value;
}

Result<SupernetLineage> read_lineage(const TensorFile& file) {
  SupernetLineage lineage;
  for (const auto& [name, field] :
       {std::pair("model", &lineage.model), std::pair("statistics", &lineage.statistics)}) {
    const auto at = file.metadata.find(name);
    if (at == file.metadata.end()) return unreadable(std::string(name) + " is missing");
    *field = at->second;
  }
  if (const auto at = file.metadata.find("training"); at != file.metadata.end()) {
    lineage.training = at->second;
  }
  const auto seed = number_of<std::uint64_t>(file, "seed");
  if (!seed) return seed.error();
  lineage.seed = seed.value();
  if (const auto plan = file.metadata.find("plan"); plan != file.metadata.end()) {
    lineage.plan = plan->second;
  }
  for (const auto& [name, field] :
       {std::pair("images", &lineage.images), std::pair("steps", &lineage.steps)}) {
    const auto value = number_of<std::int64_t>(file, name);
    if (!value) return value.error();
    *field = value.value();
  }
  return lineage;
}

Result<std::vector<double>> read_knots(const TensorFile& file) {
  const auto at = file.tensors.find("knots");
  if (at == file.tensors.end() || at->second.dtype() != DType::kFloat64 || at->second.size() == 0) {
    return unreadable("knots are missing");
  }
  const auto values = at->second.values<double>();
  double before = 0;
  for (const double knot : values) {
    if (!(knot > before && knot <= 1)) {
      return unreadable("knot " + std::to_string(knot) + " behind " + std::to_string(before));
    }
    before = knot;
  }
  return std::vector<double>(values.begin(), values.end());
}

Tensor times(const Tensor& numbers, float factor) {
  std::vector<float> values(numbers.values<float>().begin(), numbers.values<float>().end());
  for (float& value : values) value *= factor;
  return Tensor::of<float>(numbers.shape(), std::span<const float>(values));
}

std::string key_of_scale(const std::string& key) {
  return "scale/" + key;
}

// The power of two that brings the largest of them to at least a half and below 1: a change of
// weights that read bytes is so small that a half would have no digits left for it.
float scale_of(const Tensor& numbers) {
  float most = 0;
  for (const float x : numbers.values<float>()) most = std::max(most, std::abs(x));
  int exponent = 0;
  std::frexp(most, &exponent);
  return std::ldexp(1.0F, exponent);
}

void add_halves(TensorFile& file, const std::string& key, const Tensor& numbers) {
  const float scale = scale_of(numbers);
  file.tensors[key] = converted(times(numbers, 1 / scale), DType::kFloat16);
  file.tensors[key_of_scale(key)] = Tensor::of<float>({}, std::span(&scale, 1));
}

bool is_finite(const Tensor& tensor) {
  return std::ranges::all_of(tensor.values<float>(), [](float x) { return std::isfinite(x); });
}

// A change as it was, out of halves and their scale, or as files of before have it.
Result<Tensor> single_precision(const TensorFile& file, const std::string& key,
                                const Tensor& kept) {
  Tensor numbers = kept;
  if (kept.dtype() == DType::kFloat16) {
    const auto scale = file.tensors.find(key_of_scale(key));
    if (scale == file.tensors.end() || scale->second.dtype() != DType::kFloat32 ||
        scale->second.size() != 1) {
      return unreadable(key_of_scale(key) + " is not one float32 number");
    }
    numbers = times(with_float32(kept), scale->second.values<float>()[0]);
  }
  if (numbers.dtype() == DType::kFloat32 && is_finite(numbers)) return numbers;
  return unreadable(key + " holds something other than finite float16 or float32 numbers");
}

// One part of a layer for all knots.
Result<std::vector<Tensor>> read_part(const TensorFile& file, std::size_t knots, const char* part,
                                      const std::string& layer) {
  std::vector<Tensor> all;
  for (std::size_t k = 0; k < knots; ++k) {
    const std::string key = key_of_change(k, part, layer);
    const auto at = file.tensors.find(key);
    if (at == file.tensors.end()) return unreadable(key + " is missing");
    auto numbers = single_precision(file, key, at->second);
    if (!numbers) return numbers.error();
    if (k > 0 && numbers.value().shape() != all[0].shape()) {
      return unreadable(key + " is " + to_string(at->second.shape()) + ", the first knot has " +
                        to_string(all[0].shape()));
    }
    all.push_back(std::move(numbers).value());
  }
  return all;
}

Result<std::vector<LayerChange>> read_layer(const TensorFile& file, std::size_t knots,
                                            const std::string& layer) {
  const auto weights = read_part(file, knots, "weights", layer);
  if (!weights) return weights.error();
  const auto bias = read_part(file, knots, "bias", layer);
  if (!bias) return bias.error();
  std::vector<LayerChange> changes;
  for (std::size_t k = 0; k < knots; ++k) {
    changes.push_back({weights.value()[k], bias.value()[k]});
  }
  return changes;
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
  const std::vector<double> shares = knot_weights(supernet.knots, removed);
  if (std::ranges::all_of(shares, [](double share) { return share == 0; })) return body;
  std::map<std::string_view, std::size_t> places;
  for (std::size_t n = 0; n < body.nodes.size(); ++n) places[body.nodes[n].name] = n;
  ConstantEdits edits;
  for (const auto& [layer, changes] : supernet.changes) {
    const auto place = places.find(layer);
    if (place == places.end()) return foreign("there is no layer " + layer + " here");
    const auto done = correct_layer(body, place->second, changes, shares, edits);
    if (!done) return done.error();
  }
  Graph graph = body;
  edits.apply(graph);
  return graph;
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

TensorFile to_tensor_file(const Supernet& supernet) {
  TensorFile file;
  const SupernetLineage& lineage = supernet.lineage;
  file.metadata = {{"format", kFormat},
                   {"model", lineage.model},
                   {"statistics", lineage.statistics},
                   {"seed", std::to_string(lineage.seed)},
                   {"images", std::to_string(lineage.images)},
                   {"steps", std::to_string(lineage.steps)}};
  if (!lineage.training.empty()) file.metadata["training"] = lineage.training;
  if (!lineage.plan.empty()) file.metadata["plan"] = lineage.plan;
  file.tensors["knots"] = Tensor::of<double>({std::ssize(supernet.knots)}, supernet.knots);
  for (const auto& [layer, changes] : supernet.changes) {
    for (std::size_t k = 0; k < changes.size(); ++k) {
      add_halves(file, key_of_change(k, "weights", layer), changes[k].weights);
      add_halves(file, key_of_change(k, "bias", layer), changes[k].bias);
    }
  }
  return file;
}

Result<Supernet> load_supernet(const TensorFile& file) {
  const auto format = file.metadata.find("format");
  if (format == file.metadata.end() || format->second != kFormat) {
    return unreadable("the format is \"" + (format == file.metadata.end() ? "" : format->second) +
                      "\", not \"" + kFormat + "\"");
  }
  Supernet supernet;
  auto lineage = read_lineage(file);
  if (!lineage) return lineage.error();
  supernet.lineage = std::move(lineage).value();
  auto knots = read_knots(file);
  if (!knots) return knots.error();
  supernet.knots = std::move(knots).value();
  const std::string first = key_of_change(0, "weights", "");
  for (auto at = file.tensors.lower_bound(first);
       at != file.tensors.end() && at->first.starts_with(first); ++at) {
    const std::string layer = at->first.substr(first.size());
    auto changes = read_layer(file, supernet.knots.size(), layer);
    if (!changes) return changes.error();
    supernet.changes[layer] = std::move(changes).value();
  }
  return supernet;
}

}  // namespace pare::engine
