// What training came to, as the service keeps it and as the file says it of itself.
#pragma once

#include <string>
#include <vector>

#include "core/training.h"
#include "engine/train/run/supernet_run.h"
#include "engine/train/tasks/photographs.h"
#include "engine/train/tasks/plans.h"

namespace pare::engine {

// The library that trains, with its version.
std::string training_library();

// Of a run in this process: its threads, library and processor are those of now.  Without seconds
// and parent.
// REQUIRES: knots and judged plans are those of the run.
Training training_of(const TrainedCorrection& trained, const RunOptions& options,
                     const Plans& plans, const Photographs& photographs);

// What the training of the super-network that was gone on from (null: of none) came to, and this
// run beside it, which trained it for int8; seconds and parent are this run's.
Training with_int8(const Supernet* from, const TrainedCorrection& trained, Training of_this_run);

// The super-network with where it comes from.  What a record says of one attempt alone (its time,
// what it went on from, notes) is left out, so that the same training gives the same bytes.
Supernet with_lineage(Supernet supernet, const Training& training, std::string model_sha256,
                      std::string statistics_sha256);

}  // namespace pare::engine
