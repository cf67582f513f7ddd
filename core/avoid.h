// What a search must not try on a target, because the reality check found it broken or never worth
// its while there.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model_summary.h"
#include "core/names.h"
#include "core/plan.h"

namespace pare {

// What a model must have for a rule to concern it.
enum class ModelTrait : std::uint8_t {
  kAny,
  kRelu,       // no activations but Relu and its like
  kSmooth,     // activations such as SiLU: curved, with negative values
  kLeaky,      // LeakyRelu, PRelu
  kDepthwise,  // depthwise layers in int8
};

inline constexpr std::array kModelTraitNames = {
    Named<ModelTrait>{ModelTrait::kAny, "any"},
    Named<ModelTrait>{ModelTrait::kRelu, "relu"},
    Named<ModelTrait>{ModelTrait::kSmooth, "smooth"},
    Named<ModelTrait>{ModelTrait::kLeaky, "leaky"},
    Named<ModelTrait>{ModelTrait::kDepthwise, "depthwise"},
};
constexpr std::string_view name_of(ModelTrait trait) noexcept {
  return name_in(kModelTraitNames, trait);
}

// An int8 plan to which all of it applies is not to be tried.
struct AvoidRule {
  ModelTrait trait = ModelTrait::kAny;
  std::optional<QdqPlacement> placement;  // nullopt: whichever
  std::optional<int> weight_bits;         // nullopt: either
  std::string reason;                     // a clause for people
  friend bool operator==(const AvoidRule&, const AvoidRule&) = default;
};

// True if the model has what the rule is about.  A model whose activations are not known may have
// any.
bool concerns(const AvoidRule& rule, const ModelSummary& model);

// The reason of the first rule that forbids the plan; empty: none does, or it is no int8 plan.
// O(rules * layers).
std::string why_avoided(const std::vector<AvoidRule>& rules, const ModelSummary& model,
                        const Plan& plan);

// How the precision of plans may differ in a search: what is left when no target takes the rest.
struct PrecisionChoices {
  std::vector<int> weight_bits = {8, 7};  // not empty where int8 is
  std::vector<QdqPlacement> placements = {kAllPlacements.begin(), kAllPlacements.end()};
  bool depthwise_in_fp32 = false;      // depthwise layers are always left in fp32
  bool int8 = true;                    // false: none is worth trying
  std::vector<Precision> floats = {};  // beside fp32
  friend bool operator==(const PrecisionChoices&, const PrecisionChoices&) = default;
};

// What of int8 at least one of the targets takes, each given by its rules.  A value of a setting
// goes only if it is avoided on every target together with every value of the others.
PrecisionChoices choices_for(const std::vector<std::vector<AvoidRule>>& targets,
                             const ModelSummary& model);

}  // namespace pare
