// The decisions of a table or a test problem, which make no plan.
#include <algorithm>

#include "core/check.h"
#include "search/levers/levers.h"

namespace pare::search {
namespace {

class Options final : public Lever {
 public:
  explicit Options(std::vector<Decision> decisions) : Lever(0, std::move(decisions)) {
    for (const Decision& d : this->decisions()) {
      PARE_CHECK(d.family == family::kOption || d.family == family::kLevel,
                 "a decision that needs a model");
      PARE_CHECK(d.choices > 0 && (d.ordered || d.choices <= kMostOptions), "too many options");
    }
  }

  void write(const Genome&, Plan&) const override {}
  void read(const Plan&, Genome&) const override {}

  void draw(Genome& genome, Random& random, double) const override {
    for (std::size_t i = 0; i < decisions().size(); ++i) {
      genome[i] = random.below(decisions()[i].choices);
    }
  }

  double weight(const Genome&) const override { return decisions().empty() ? 0 : 1; }

  // Another option; a level mostly near, sometimes any.
  void change(Genome& genome, Random& random) const override {
    const auto at = static_cast<std::size_t>(random.below(static_cast<int>(decisions().size())));
    const Decision& d = decisions()[at];
    int& choice = genome[at];
    if (d.choices < 2) return;
    if (d.ordered && d.choices > 2 && random.chance(0.7)) {
      const double u = random.uniform();
      const int far = 1 + static_cast<int>(0.3 * d.choices * u * u);
      choice = std::clamp(choice + (random.chance(0.5) ? far : -far), 0, d.choices - 1);
    } else {
      choice = (choice + 1 + random.below(d.choices - 1)) % d.choices;
    }
  }
};

}  // namespace

LeverPointer options_lever(std::vector<Decision> decisions) {
  return std::make_shared<Options>(std::move(decisions));
}

}  // namespace pare::search
