// The plans that every search begins with, whatever its strategy.
//
// The original comes first: everything is compared with it.  Then what an engineer would try by
// hand, each lever alone before the first pairs of them: int8 in every placement with the layers
// left out that it harms most, each resolution, widths as the guidance allocates them and the same
// share everywhere; nothing that guidance calls broken, alone or in a pair.  Some twenty plans:
// what they show is enough to learn from, and a search learns faster than a longer list.
#pragma once

#include <vector>

#include "search/space.h"

namespace pare::search {

// Canonical, no duplicates.
std::vector<Genome> seeds(const Space& space);

}  // namespace pare::search
