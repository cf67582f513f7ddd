// The plans that every search begins with, whatever its strategy.
//
// The original comes first: everything is compared with it.  Then what an engineer would try by
// hand, in the order of what it promises: int8 with the most harmed layers left out, in every
// placement; resolutions; widths as the guidance allocates them, and the same share everywhere; and
// the first combinations of the three.
#pragma once

#include <vector>

#include "search/space.h"

namespace pare::search {

// Canonical, no duplicates.
std::vector<Genome> seeds(const Space& space);

}  // namespace pare::search
