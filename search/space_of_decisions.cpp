// Spaces without a model: of tables and test problems.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/check.h"
#include "search/space.h"

namespace pare::search {

Space Space::of_decisions(std::vector<Decision> decisions, std::vector<Genome> only) {
  for (const Decision& d : decisions) {
    PARE_CHECK(d.kind == DecisionKind::kOption || d.kind == DecisionKind::kLevel,
               "a decision that needs a model");
    PARE_CHECK(d.choices > 0 && (d.ordered() || d.choices <= kMostOptions), "too many options");
  }
  Space space;
  space.decisions_ = std::move(decisions);
  space.only_ = std::move(only);
  std::ranges::sort(space.only_);
  for (const Genome& genome : space.only_) {
    PARE_CHECK(genome.choices.size() == space.decisions_.size(), "a genome of another space");
  }
  return space;
}

// Another option is a whole step away, a level its share of all levels; of equals, the first.
Genome Space::nearest(const Genome& genome) const {
  if (std::ranges::binary_search(only_, genome)) return genome;
  const auto distance = [&](const Genome& other) {
    double sum = 0;
    for (std::size_t i = 0; i < decisions_.size(); ++i) {
      const int apart = std::abs(genome.choices[i] - other.choices[i]);
      const bool level = decisions_[i].ordered();
      sum += level ? static_cast<double>(apart) / decisions_[i].choices : std::min(apart, 1);
    }
    return sum;
  };
  return std::ranges::min(only_, {}, distance);
}

}  // namespace pare::search
