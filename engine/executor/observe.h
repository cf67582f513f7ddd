// Shapes and constants by observation: the model is run once with every tensor exposed.
//
// Shapes are the real ones, whatever the exporter declared.  A tensor is a constant if nothing on
// its way depends on a graph input; the output of Shape (whose input's shape is static) is one too,
// and so is all that follows from it.  Values of constants in the file are taken from the file, not
// from the run (an empty one, such as a Resize's roi, would come back as a scalar).
//
// Cost: one compilation with every tensor as a result (0.4 to 2 s for the detectors we know) and
// one run; all activations are in memory at once (yolov5n at 640: 0.4 GB).
#pragma once

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

// Fails as make_openvino_runner() does.
Result<Observation> observe(const Graph& graph);

}  // namespace pare::engine
