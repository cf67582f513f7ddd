// Whether layers compute in int8, and how their numbers become integers.
#include <algorithm>
#include <array>

#include "core/check.h"
#include "search/levers/levers.h"
#include "search/levers/steps.h"

namespace pare::search {
namespace {

constexpr std::size_t kSwitch = 0;  // of this lever's decisions
constexpr double kSwitchWeight = 1;
constexpr double kSettingsWeight = 1;
constexpr double kMostAccurate =
    0.6;  // draws of the ranges that keep accuracy where int8 saturates
constexpr std::array kRanges = {RangeMethod::kPercentile, RangeMethod::kMseAfterActivation,
                                RangeMethod::kEntropy, RangeMethod::kMinMax};

// Plans without int8.
bool allows_floats(const SpaceLimits& limits) {
  return std::ranges::any_of(kFloatPrecisions,
                             [&](Precision precision) { return allows(limits, precision); });
}

bool is_possible(const SpaceInputs& inputs) {
  const std::optional<Tried>& tried = inputs.model.tried;
  const bool works = inputs.guidance.why_no_int8.empty() && (!tried || tried->why_no_int8.empty());
  return works && allows(inputs.limits, Precision::kInt8) && inputs.precision.int8 &&
         !inputs.model.layers.empty();
}

bool scales_with_input(const std::string& activation) {
  return activation == "Relu" || activation == "LeakyRelu" || activation == "PRelu";
}

// A setting with one value left is no decision.
std::vector<Decision> settings_to_decide(const SpaceInputs& inputs) {
  std::vector<Decision> decisions;
  const auto add = [&](std::string_view family, std::size_t choices) {
    if (choices < 2) return;
    decisions.push_back(
        {.family = family, .name = std::string(family), .choices = static_cast<int>(choices)});
  };
  add(family::kPrecision, 2);
  decisions.back().only_in_original = !allows_floats(inputs.limits);
  add(family::kWeightBits, inputs.precision.weight_bits.size());
  add(family::kRanges, kRanges.size());
  add(family::kPlacement, inputs.precision.placements.size());
  const bool equalizes = std::ranges::any_of(inputs.model.activations, scales_with_input);
  add(family::kEqualization, equalizes ? 2 : 1);
  return decisions;
}

// The number of values where it is not among them.
template <typename Values, typename Value>
int index_of(const Values& values, Value value) {
  return static_cast<int>(std::ranges::find(values, value) - values.begin());
}

class Int8 final : public Lever {
 public:
  Int8(const SpaceInputs& inputs, std::size_t first)
      : Lever(first, settings_to_decide(inputs)),
        weight_bits_(inputs.precision.weight_bits),
        placements_(inputs.precision.placements) {
    PARE_CHECK(!weight_bits_.empty() && !placements_.empty(), "int8 has no settings");
  }

  bool matters(const Genome& genome, std::size_t decision) const override {
    return decision == first() + kSwitch || is_on(genome);
  }

  void write(const Genome& genome, Plan& plan) const override {
    if (!is_on(genome)) return;
    QuantizationPlan& q = plan.quantization.emplace();
    q.rounding = Rounding::kGram;  // costs a second of building and measured no worse anywhere
    q.weight_bits = weight_bits_[chosen(genome, family::kWeightBits)];
    q.ranges = kRanges.at(chosen(genome, family::kRanges));
    q.placement = placements_[chosen(genome, family::kPlacement)];
    q.equalization = chosen(genome, family::kEqualization) == 1;
  }

  void read(const Plan& plan, Genome& genome) const override {
    genome[first() + kSwitch] = plan.quantization ? 1 : 0;
    if (!plan.quantization) return;
    const QuantizationPlan& q = *plan.quantization;
    choose(genome, family::kWeightBits, index_of(weight_bits_, q.weight_bits));
    choose(genome, family::kRanges, index_of(kRanges, q.ranges));
    choose(genome, family::kPlacement, index_of(placements_, q.placement));
    choose(genome, family::kEqualization, q.equalization ? 1 : 0);
  }

  void set_layers(const Genome& genome, std::span<LayerSetting> layers) const override {
    if (!is_on(genome)) return;
    const QdqPlacement placement = placements_[chosen(genome, family::kPlacement)];
    for (LayerSetting& layer : layers) {
      layer.int8 = true;
      layer.placement = placement;
    }
  }

  void prepare(Preparation& preparation) const override { preparation.int8 = true; }

  void draw(Genome& genome, Random& random, double) const override {
    genome[first() + kSwitch] = random.below(2);
    if (is_on(genome)) draw_settings(genome, random);
  }

  double weight(const Genome& genome) const override {
    return kSwitchWeight + settings_weight(genome);
  }

  void change(Genome& genome, Random& random) const override {
    if (random.uniform() * weight(genome) < kSwitchWeight) {
      int& on = genome[first() + kSwitch];
      on = 1 - on;
      if (on == 1) draw_settings(genome, random);
      return;
    }
    const int settings = static_cast<int>(decisions().size()) - 1;
    const std::size_t at = 1 + static_cast<std::size_t>(random.below(settings));
    genome[first() + at] = another(decisions()[at], genome[first() + at], random);
  }

  // In each placement.
  std::vector<Genome> seeds(const Genome& original) const override {
    std::vector<Genome> out;
    for (int placement = 0; std::cmp_less(placement, placements_.size()); ++placement) {
      out.push_back(original);
      out.back()[first() + kSwitch] = 1;
      choose(out.back(), family::kPlacement, placement);
    }
    return out;
  }

 private:
  bool is_on(const Genome& genome) const { return genome[first() + kSwitch] == 1; }

  // Where its decision stands among this lever's; nullopt where there is nothing to decide.
  std::optional<std::size_t> position(std::string_view family) const {
    const auto at = std::ranges::find(decisions(), family, &Decision::family);
    if (at == decisions().end()) return std::nullopt;
    return static_cast<std::size_t>(at - decisions().begin());
  }

  std::size_t chosen(const Genome& genome, std::string_view family) const {
    const auto at = position(family);
    return at ? static_cast<std::size_t>(genome[first() + *at]) : 0;
  }

  void choose(Genome& genome, std::string_view family, int choice) const {
    if (const auto at = position(family)) genome[first() + *at] = choice;
  }

  double settings_weight(const Genome& genome) const {
    return is_on(genome) && decisions().size() > 1 ? kSettingsWeight : 0;
  }

  void draw_settings(Genome& genome, Random& random) const {
    for (std::size_t i = kSwitch + 1; i < decisions().size(); ++i) {
      const Decision& d = decisions()[i];
      const bool first_choice = d.family == family::kRanges && random.chance(kMostAccurate);
      genome[first() + i] = first_choice ? 0 : random.below(d.choices);
    }
  }

  std::vector<int> weight_bits_;
  std::vector<QdqPlacement> placements_;
};

std::string_view name_of(RangeMethod ranges) {
  switch (ranges) {
    case RangeMethod::kMinMax: return "min-max";
    case RangeMethod::kPercentile: return "percentile";
    case RangeMethod::kEntropy: return "entropy";
    case RangeMethod::kMse: return "mse";
    case RangeMethod::kMseAfterActivation: return "mse after activation";
  }
  return "";
}

}  // namespace

LeverPointer int8_lever(const SpaceInputs& inputs, std::size_t first) {
  return is_possible(inputs) ? std::make_shared<Int8>(inputs, first) : nullptr;
}

std::string words_of_int8(const Plan& plan, const ModelSummary&) {
  if (!plan.quantization) return "";
  const QuantizationPlan& q = *plan.quantization;
  std::string text = "int8 (" + std::to_string(q.weight_bits) + " bit, ";
  text += name_of(q.ranges);
  if (q.symmetric) text += ", symmetric";
  if (q.placement == QdqPlacement::kConvolutions) text += ", convolutions only";
  if (q.placement == QdqPlacement::kSiluBlocks) text += ", SiLU blocks";
  if (q.equalization) text += ", equalized";
  if (q.bias_correction) text += ", bias corrected";
  return text + ")";
}

}  // namespace pare::search
