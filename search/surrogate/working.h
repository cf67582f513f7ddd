// Whether a plan works at all: as often as the trials nearest to it did.
//
// The nearest are those whose codes differ in fewest steps, each step a share of its column's
// levels; one trial more counts for the trust in a plan of which nothing is known.  O(trials) a
// plan.
#pragma once

#include <span>
#include <vector>

#include "search/surrogate/kernel.h"

namespace pare::search {

// In (0, 1].  REQUIRES: as many codes as answers.
double chance_of_working(const std::vector<Column>& columns, std::span<const Code> tried,
                         const std::vector<bool>& worked, const Code& plan);

}  // namespace pare::search
