#include "core/plan.h"

namespace pare {

Plan trained_form(const Plan& plan) {
  Plan form;
  form.widths = plan.widths;
  form.importance = plan.importance;
  form.reconstruction = plan.reconstruction;
  form.skip = plan.skip;
  form.kernels = plan.kernels;
  return form;
}

std::string_view origin_of_weights(const Plan& plan) noexcept {
  if (plan.weights == Weights::kTuned) return "tuned";
  if (plan.weights == Weights::kSupernet) return "inherited";
  if (!removes_parts(plan)) return "original";
  return plan.reconstruction == Reconstruction::kNone ? "cut" : "closed_form";
}

std::vector<Precision> precisions_of(const Plan& plan) {
  std::vector<Precision> all;
  if (plan.quantization) all.push_back(Precision::kInt8);
  if (!plan.quantization || plan.floats != Precision::kFp32) all.push_back(plan.floats);
  return all;
}

std::string precision_words(const Plan& plan) {
  std::string words;
  for (const Precision precision : precisions_of(plan)) {
    if (!words.empty()) words += "+";
    words += name_of(precision);
  }
  return words;
}

WeightStorage storage_of(const Plan& plan, const std::string& layer) {
  const auto directive = plan.layers.find(layer);
  if (directive != plan.layers.end() && directive->second.storage) {
    return *directive->second.storage;
  }
  return plan.storage.value_or(WeightStorage{.bits = 32});
}

std::string storage_words(const WeightStorage& storage) {
  if (storage.bits >= 16) return "fp" + std::to_string(storage.bits);
  if (storage.grid == WeightGrid::kLinear) return "int" + std::to_string(storage.bits);
  const bool codebook = storage.grid == WeightGrid::kCodebook;
  return std::to_string(storage.bits) + " bits, " + (codebook ? "codebook" : "powers of two");
}

std::vector<std::string> float_layers(const Plan& plan) {
  std::vector<std::string> names;
  for (const auto& [name, directive] : plan.layers) {
    if (!directive.int8) names.push_back(name);
  }
  return names;
}

}  // namespace pare
