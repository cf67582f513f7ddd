// A super-network as a tensor file.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <span>
#include <utility>

#include "engine/graph/convert.h"
#include "engine/prune/correction.h"

namespace pare::engine {
namespace {

const std::string kFormat = "pare super-network 1";

// Where the parts of a change lie: of a knot, of int8.
std::string place_of_knot(std::size_t knot) {
  return "change/" + std::to_string(knot) + "/";
}
const std::string kPlaceOfInt8 = "int8/";
const std::string kWeights = "weights/", kBias = "bias/", kRange = "range/";

std::string key_of(std::string place, const std::string& part, const std::string& name) {
  return place.append(part).append(name);
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
  lineage.parts = file.metadata.contains("parts");
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

// The number that a file keeps, or why it is none.
Result<Tensor> numbers_at(const TensorFile& file, const std::string& key) {
  const auto at = file.tensors.find(key);
  if (at == file.tensors.end()) return unreadable(key + " is missing");
  return single_precision(file, key, at->second);
}

Result<LayerChange> read_change(const TensorFile& file, const std::string& place,
                                const std::string& layer) {
  auto weights = numbers_at(file, key_of(place, kWeights, layer));
  if (!weights) return weights.error();
  auto bias = numbers_at(file, key_of(place, kBias, layer));
  if (!bias) return bias.error();
  return LayerChange{std::move(weights).value(), std::move(bias).value()};
}

void add_change(TensorFile& file, const std::string& place, const std::string& layer,
                const LayerChange& change) {
  add_halves(file, key_of(place, kWeights, layer), change.weights);
  add_halves(file, key_of(place, kBias, layer), change.bias);
}

// What is kept behind this prefix, by the names that follow it.
std::vector<std::string> names_behind(const TensorFile& file, const std::string& prefix) {
  std::vector<std::string> names;
  for (auto at = file.tensors.lower_bound(prefix);
       at != file.tensors.end() && at->first.starts_with(prefix); ++at) {
    names.push_back(at->first.substr(prefix.size()));
  }
  return names;
}

std::string other_shape(std::string key, const Shape& here, const Shape& first) {
  return key.append(" is ").append(to_string(here)).append(", the first knot has ") +
         to_string(first);
}

// Those of all knots are of one shape.
Result<std::vector<LayerChange>> read_layer(const TensorFile& file, std::size_t knots,
                                            const std::string& layer) {
  std::vector<LayerChange> changes;
  for (std::size_t k = 0; k < knots; ++k) {
    auto change = read_change(file, place_of_knot(k), layer);
    if (!change) return change.error();
    changes.push_back(std::move(change).value());
    for (const auto& [name, part] :
         {std::pair(kWeights, &LayerChange::weights), std::pair(kBias, &LayerChange::bias)}) {
      const Shape &here = (changes[k].*part).shape(), &first = (changes[0].*part).shape();
      if (here == first) continue;
      return unreadable(other_shape(key_of(place_of_knot(k), name, layer), here, first));
    }
  }
  return changes;
}

Result<Int8Change> read_int8(const TensorFile& file) {
  Int8Change int8;
  for (const std::string& layer : names_behind(file, kPlaceOfInt8 + kWeights)) {
    auto change = read_change(file, kPlaceOfInt8, layer);
    if (!change) return change.error();
    int8.changes.emplace(layer, std::move(change).value());
  }
  for (const std::string& tensor : names_behind(file, kPlaceOfInt8 + kRange)) {
    const std::string key = key_of(kPlaceOfInt8, kRange, tensor);
    const auto factor = numbers_at(file, key);
    if (!factor) return factor.error();
    const bool is_factor = factor.value().size() == 1 && factor.value().values<float>()[0] > 0;
    if (!is_factor) return unreadable(key + " is not one number above 0");
    int8.range_factors.emplace(tensor, factor.value().values<float>()[0]);
  }
  return int8;
}

}  // namespace

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
  if (lineage.parts) file.metadata["parts"] = "true";
  file.tensors["knots"] = Tensor::of<double>({std::ssize(supernet.knots)}, supernet.knots);
  for (const auto& [layer, changes] : supernet.changes) {
    for (std::size_t k = 0; k < changes.size(); ++k) {
      add_change(file, place_of_knot(k), layer, changes[k]);
    }
  }
  for (const auto& [layer, change] : supernet.int8.changes) {
    add_change(file, kPlaceOfInt8, layer, change);
  }
  for (const auto& [tensor, factor] : supernet.int8.range_factors) {
    const auto number = static_cast<float>(factor);
    file.tensors[key_of(kPlaceOfInt8, kRange, tensor)] =
        Tensor::of<float>({}, std::span(&number, 1));
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
  for (const std::string& layer : names_behind(file, place_of_knot(0) + kWeights)) {
    auto changes = read_layer(file, supernet.knots.size(), layer);
    if (!changes) return changes.error();
    supernet.changes[layer] = std::move(changes).value();
  }
  auto int8 = read_int8(file);
  if (!int8) return int8.error();
  supernet.int8 = std::move(int8).value();
  return supernet;
}

}  // namespace pare::engine
