// Whose weights a plan's candidates begin with: no decision.  Where a job has a super-network that
// is better than closed form, everything with narrower groups takes its weights, and everything in
// int8 where it was trained for that: it was not for blocks or kernels alone.
#include "search/levers/levers.h"

namespace pare::search {
namespace {

class WeightsLever final : public Lever {
 public:
  WeightsLever(std::size_t first, Inheritance inheritance)
      : Lever(first, {}), inheritance_(inheritance) {}

  void write(const Genome&, Plan& plan) const override { inherit(plan, inheritance_); }
  void read(const Plan&, Genome&) const override {}
  void draw(Genome&, Random&, double) const override {}
  double weight(const Genome&) const override { return 0; }
  void change(Genome&, Random&) const override {}

 private:
  Inheritance inheritance_;
};

}  // namespace

LeverPointer weights_lever(const SpaceInputs& inputs, std::size_t first) {
  if (inputs.inheritance == Inheritance{}) return nullptr;
  return std::make_shared<WeightsLever>(first, inputs.inheritance);
}

std::string words_of_weights(const Plan& plan, const ModelSummary&) {
  switch (plan.weights) {
    case Weights::kOriginal: return "";
    case Weights::kSupernet: return "trained weights";
    case Weights::kTuned: return "weights trained for it alone";
  }
  return "";
}

}  // namespace pare::search
