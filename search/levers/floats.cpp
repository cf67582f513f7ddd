// What is not int8 may compute in a shorter floating-point type.
#include <algorithm>

#include "search/levers/levers.h"
#include "search/levers/steps.h"

namespace pare::search {
namespace {

constexpr double kFloatsWeight = 1;

// fp32 first, which the original has.
std::vector<Precision> types_for(const SpaceInputs& inputs) {
  std::vector<Precision> types = {Precision::kFp32};
  for (const Precision type : inputs.precision.floats) {
    if (type != Precision::kFp32 && allows(inputs.limits, type)) types.push_back(type);
  }
  return types;
}

class Floats final : public Lever {
 public:
  Floats(std::size_t first, std::vector<Precision> types, bool fp32_only_in_original)
      : Lever(first, {{.family = family::kFloats,
                       .name = "floats",
                       .choices = static_cast<int>(types.size()),
                       .only_in_original = fp32_only_in_original}}),
        types_(std::move(types)) {}

  void write(const Genome& genome, Plan& plan) const override { plan.floats = type_of(genome); }

  void read(const Plan& plan, Genome& genome) const override {
    genome[first()] = static_cast<int>(std::ranges::find(types_, plan.floats) - types_.begin());
  }

  void set_layers(const Genome& genome, std::span<LayerSetting> layers) const override {
    for (LayerSetting& layer : layers) layer.floats = type_of(genome);
  }

  void draw(Genome& genome, Random& random, double) const override {
    genome[first()] = random.below(decisions().front().choices);
  }

  double weight(const Genome&) const override { return kFloatsWeight; }

  void change(Genome& genome, Random& random) const override {
    genome[first()] = another(decisions().front(), genome[first()], random);
  }

  // Each type, those last named first: bf16 costs least where a processor has it.
  std::vector<Genome> seeds(const Genome& original) const override {
    std::vector<Genome> out;
    for (int choice = decisions().front().choices - 1; choice > 0; --choice) {
      out.push_back(original);
      out.back()[first()] = choice;
    }
    return out;
  }

 private:
  Precision type_of(const Genome& genome) const {
    return types_[static_cast<std::size_t>(genome[first()])];
  }

  std::vector<Precision> types_;
};

}  // namespace

LeverPointer floats_lever(const SpaceInputs& inputs, std::size_t first) {
  std::vector<Precision> types = types_for(inputs);
  if (types.size() < 2) return nullptr;
  const bool fp32 = allows(inputs.limits, Precision::kFp32);
  return std::make_shared<Floats>(first, std::move(types), !fp32);
}

std::string words_of_floats(const Plan& plan, const ModelSummary&) {
  if (plan.quantization && plan.floats == Precision::kFp32) return "";
  return (plan.quantization ? "the rest in " : "") + std::string(name_of(plan.floats));
}

}  // namespace pare::search
