#include "search/levers/steps.h"

#include <algorithm>

namespace pare::search {

int step(const Decision& d, int choice, Random& random) {
  const double u = random.uniform();
  const int far = std::max(1, static_cast<int>(d.choices * 0.4 * u * u));
  const bool down = choice == d.choices - 1 || (choice > 0 && random.chance(0.6));
  return std::clamp(choice + (down ? -far : far), 0, d.choices - 1);
}

int another(const Decision& d, int choice, Random& random) {
  if (d.choices == 2) return 1 - choice;
  if (!d.ordered) return (choice + 1 + random.below(d.choices - 1)) % d.choices;
  const int up = choice == 0 || random.chance(0.5) ? 1 : -1;
  return std::clamp(choice + up, 0, d.choices - 1);
}

}  // namespace pare::search
