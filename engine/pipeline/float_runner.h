// A Runner that takes and gives float32, whatever element types its model has at its edges, and
// takes 1x3xHxW, also where its model takes 1xHxWx3: so images are prepared and boxes are read.
// Integers that come out stay what they are.
//
// Threads and failures: those of the runner inside.
#pragma once

#include <memory>
#include <vector>

#include "engine/graph/graph.h"
#include "engine/graph/runner.h"

namespace pare::engine {

// `inputs` are those of the model that the runner runs.  The runner itself where they are float32
// and so are the outputs that the model declares as floats.
std::unique_ptr<Runner> in_float32(std::unique_ptr<Runner> runner, const Graph& model);

// An image as the model takes it.  REQUIRES: the model has one input.
Tensor as_input_of(const Graph& model, const Tensor& image);

}  // namespace pare::engine
