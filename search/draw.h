// Plans drawn, changed and mixed at random, with a bias towards mild ones.
//
// Widths drawn evenly ruin a detector: a plan of a hundred groups then always loses half of its
// channels.  So a draw has one intensity, most often near 0, and a change is most often to a
// neighbouring choice.  All results are canonical.
#pragma once

#include "core/random.h"
#include "search/space.h"

namespace pare::search {

// `boldness` raises the intensity: 1 is the usual draw, 0 the original's widths.
Genome draw_mild(const Space& space, Random& random, double boldness = 1.0);

// The usual draw, or of a few the first that guidance does not call broken; the last if all are.
Genome draw_sound(const Space& space, Random& random);

// One choice changed or a few.
Genome mutate(const Space& space, Genome genome, Random& random);

// Each choice from one of the two.  How to quantize comes from a parent that is int8.
Genome cross(const Space& space, const Genome& a, const Genome& b, Random& random);

}  // namespace pare::search
