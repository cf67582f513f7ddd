// Ways of changing one choice at random.
#pragma once

#include "core/random.h"
#include "search/levers/decision.h"

namespace pare::search {

// To a neighbour, or further where there are many choices; down more often than up.
// REQUIRES: an ordered decision with at least two choices.
int step(const Decision& decision, int choice, Random& random);

// Another one: a neighbour, where they are ordered.
// REQUIRES: at least two choices.
int another(const Decision& decision, int choice, Random& random);

}  // namespace pare::search
