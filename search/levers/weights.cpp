// Whose weights a plan's candidates begin with: no decision.  Where a job has a super-network that
// is better than closed form, everything with narrower groups takes its weights: it was trained for
// these alone, not for blocks or kernels.
#include "search/levers/levers.h"

namespace pare::search {
namespace {

class WeightsLever final : public Lever {
 public:
  explicit WeightsLever(std::size_t first) : Lever(first, {}) {}

  void write(const Genome&, Plan& plan) const override {
    if (!plan.widths.empty()) plan.weights = Weights::kSupernet;
  }
  void read(const Plan&, Genome&) const override {}
  void draw(Genome&, Random&, double) const override {}
  double weight(const Genome&) const override { return 0; }
  void change(Genome&, Random&) const override {}
};

}  // namespace

LeverPointer weights_lever(const SpaceInputs& inputs, std::size_t first) {
  if (inputs.weights == Weights::kOriginal) return nullptr;
  return std::make_shared<WeightsLever>(first);
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
