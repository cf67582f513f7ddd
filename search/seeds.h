// The plans that every search begins with, whatever its strategy.
//
// The original comes first: everything is compared with it.  Then what an engineer would try by
// hand: every resolution, int8 throughout in its variants, and the same share removed everywhere.
#pragma once

#include <vector>

#include "search/space.h"

namespace pare::search {

// Canonical, no duplicates.
std::vector<Genome> seeds(const Space& space);

}  // namespace pare::search
