// Shapes and constants by observation, instead of a shape function and a kernel for each operator.
//
// Shapes are those that OpenVINO gives the tensors, whatever the exporter declared.  A tensor is a
// constant if nothing on its way depends on a graph input; the output of Shape (whose input's shape
// is static) is one too, and so is all that follows from it.  Values of constants in the file are
// taken from the file, not from a run (an empty one, such as a Resize's roi, would come back as a
// scalar).  A shape that OpenVINO cannot tell without running depends on values, as behind NMS: it
// is called varying, and the one that zeros give stands for it.
//
// Cost: reading the model with every tensor as a result (0.1 s for the detectors we know).  Only
// computed constants, and tensors whose shape depends on values, are compiled and run (0.5 s more).
#pragma once

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

// Fails as make_openvino_runner() does.
Result<Observation> observe(const Graph& graph);

}  // namespace pare::engine
