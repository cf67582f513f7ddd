#include "core/avoid.h"

#include <algorithm>
#include <array>

namespace pare {
namespace {

constexpr std::array<std::string_view, 8> kSmoothActivations = {
    "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Softplus", "Elu", "Mish", "Gelu"};
constexpr std::array<std::string_view, 2> kLeakyActivations = {"LeakyRelu", "PRelu"};

bool is_depthwise(const Layer& layer) {
  return layer.groups > 1 && layer.groups == layer.in_channels;
}

template <std::size_t N>
bool has_one_of(const ModelSummary& model, const std::array<std::string_view, N>& activations) {
  return model.activations.empty() ||
         std::ranges::any_of(model.activations, [&](const std::string& activation) {
           return std::ranges::find(activations, activation) != activations.end();
         });
}

bool quantizes_depthwise(const ModelSummary& model, const Plan& plan) {
  return std::ranges::any_of(model.layers, [&](const Layer& layer) {
    const auto directive = plan.layers.find(layer.name);
    return is_depthwise(layer) && (directive == plan.layers.end() || directive->second.int8);
  });
}

// Every depthwise layer stays in floating point in such a plan.
Plan without_depthwise(const ModelSummary& model) {
  Plan plan;
  for (const Layer& layer : model.layers) {
    if (is_depthwise(layer)) plan.layers[layer.name].int8 = false;
  }
  return plan;
}

}  // namespace

bool concerns(const AvoidRule& rule, const ModelSummary& model) {
  switch (rule.trait) {
    case ModelTrait::kAny: return true;
    case ModelTrait::kRelu:
      return !has_one_of(model, kSmoothActivations) && !has_one_of(model, kLeakyActivations);
    case ModelTrait::kSmooth: return has_one_of(model, kSmoothActivations);
    case ModelTrait::kLeaky: return has_one_of(model, kLeakyActivations);
    case ModelTrait::kDepthwise: return std::ranges::any_of(model.layers, is_depthwise);
  }
  return true;
}

std::string why_avoided(const std::vector<AvoidRule>& rules, const ModelSummary& model,
                        const Plan& plan) {
  if (!plan.quantization) return {};
  for (const AvoidRule& rule : rules) {
    if (rule.placement && *rule.placement != plan.quantization->placement) continue;
    if (rule.weight_bits && *rule.weight_bits != plan.quantization->weight_bits) continue;
    if (!concerns(rule, model)) continue;
    if (rule.trait == ModelTrait::kDepthwise && !quantizes_depthwise(model, plan)) continue;
    return rule.reason;
  }
  return {};
}

PrecisionChoices choices_for(const std::vector<std::vector<AvoidRule>>& targets,
                             const ModelSummary& model) {
  const auto taken_somewhere = [&](const Plan& plan) {
    return std::ranges::any_of(targets, [&](const std::vector<AvoidRule>& rules) {
      return why_avoided(rules, model, plan).empty();
    });
  };
  Plan mixed = without_depthwise(model);
  Plan all;
  const auto set = [&](QdqPlacement placement, int bits) {
    for (Plan* plan : {&mixed, &all}) {
      plan->quantization = QuantizationPlan{.weight_bits = bits, .placement = placement};
    }
  };
  const PrecisionChoices offered;
  PrecisionChoices out{
      .weight_bits = {}, .placements = {}, .depthwise_in_fp32 = true, .int8 = true};
  for (const QdqPlacement placement : offered.placements) {
    for (const int bits : offered.weight_bits) {
      set(placement, bits);
      if (taken_somewhere(all)) out.depthwise_in_fp32 = false;
      if (!taken_somewhere(all) && !taken_somewhere(mixed)) continue;
      if (std::ranges::find(out.placements, placement) == out.placements.end()) {
        out.placements.push_back(placement);
      }
      if (std::ranges::find(out.weight_bits, bits) == out.weight_bits.end()) {
        out.weight_bits.push_back(bits);
      }
    }
  }
  std::ranges::sort(out.weight_bits, std::greater<>());
  out.int8 = !out.placements.empty();
  if (!out.int8) out.depthwise_in_fp32 = false;
  return out;
}

}  // namespace pare
