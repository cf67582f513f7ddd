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

bool quantizes_depthwise(const ModelSummary& model, const QuantizationPlan& plan) {
  return std::ranges::any_of(model.layers, [&](const Layer& layer) {
    return is_depthwise(layer) &&
           std::ranges::find(plan.keep_fp32, layer.name) == plan.keep_fp32.end();
  });
}

// Every depthwise layer stays in fp32 in such a plan.
QuantizationPlan without_depthwise(const ModelSummary& model) {
  QuantizationPlan plan;
  for (const Layer& layer : model.layers) {
    if (is_depthwise(layer)) plan.keep_fp32.push_back(layer.name);
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
                        const QuantizationPlan& plan) {
  for (const AvoidRule& rule : rules) {
    if (rule.placement && *rule.placement != plan.placement) continue;
    if (rule.weight_bits && *rule.weight_bits != plan.weight_bits) continue;
    if (!concerns(rule, model)) continue;
    if (rule.trait == ModelTrait::kDepthwise && !quantizes_depthwise(model, plan)) continue;
    return rule.reason;
  }
  return {};
}

Int8Choices choices_for(const std::vector<std::vector<AvoidRule>>& targets,
                        const ModelSummary& model) {
  const auto taken_somewhere = [&](const QuantizationPlan& plan) {
    return std::ranges::any_of(targets, [&](const std::vector<AvoidRule>& rules) {
      return why_avoided(rules, model, plan).empty();
    });
  };
  QuantizationPlan mixed = without_depthwise(model);
  QuantizationPlan all;
  const Int8Choices offered;
  Int8Choices out{.weight_bits = {}, .placements = {}, .depthwise_in_fp32 = true, .int8 = true};
  for (const QdqPlacement placement : offered.placements) {
    mixed.placement = all.placement = placement;
    for (const int bits : offered.weight_bits) {
      mixed.weight_bits = all.weight_bits = bits;
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
