// Which sub-networks are trained in int8, and how `prepare`'s statistics make them.
#pragma once

#include "engine/graph/tensor_file.h"
#include "engine/pipeline/detector.h"
#include "engine/train/run/judge.h"
#include "engine/train/tasks/plans.h"

namespace pare::engine {

// Every placement and number of bits in turn; every second network is the whole one, which is what
// int8 is most often asked for, the others are those of `plans`.  Judged are the whole network in
// every placement and the smaller ones in the first.
Plans in_int8(Plans plans);

// Ranges from the activations that were kept at the detector's own size.
// REQUIRES: `detector` and `statistics` outlive it.
Int8Networks int8_networks(const Detector& detector, const TensorFile& statistics,
                           const Supernet* from);

// The super-network that was gone on from, or none, with what was trained for int8.
Supernet with_int8(const Supernet* from, Supernet trained);

}  // namespace pare::engine
