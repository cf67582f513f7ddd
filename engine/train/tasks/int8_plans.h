// Which sub-networks are trained in int8, and how `prepare`'s statistics make them.
#pragma once

#include "engine/graph/tensor_file.h"
#include "engine/pipeline/detector.h"
#include "engine/train/elastic/networks.h"
#include "engine/train/tasks/plans.h"

namespace pare::engine {

// Two networks in every placement and number of bits: the whole one, which is what int8 is most
// often asked for, and a smaller one of `plans`, over all their shares; a pair of a step has one of
// each.  Judged are the whole network in every placement and the smaller ones in the first.
// REQUIRES: the pool is not empty.
Plans in_int8(Plans plans);

// Ranges from the activations that were kept at the detector's own size.
// REQUIRES: `detector` and `statistics` outlive it.
Int8Networks int8_networks(const Detector& detector, const TensorFile& statistics,
                           const Supernet* from);

// The super-network that was gone on from, or none, with what was trained for int8.
Supernet with_int8(const Supernet* from, Supernet trained);

}  // namespace pare::engine
