// Which of a detector's outputs two runtimes, or two candidates, can be compared by.
//
// A tensor can be compared if it holds floating-point numbers, depends on the image, and has the
// same shape for every image.  Labels (integers) and what NMS leaves (as long as the image has
// objects) cannot: one score that moves by a rounding error makes them another answer.  They are
// compared by the tensors they are made from.
#pragma once

#include <string>
#include <vector>

#include "core/model_summary.h"
#include "engine/graph/graph.h"

namespace pare::engine {

struct Comparable {
  std::vector<ModelOutput> outputs;  // all of the graph's, in their order
  // What stands for them: those that can be compared, then what the others are made from.  Empty
  // where there is nothing.
  std::vector<std::string> tensors;
};

// `observed` is that of `graph`.  O(nodes + edges).
Comparable comparable_outputs(const Graph& graph, const Observation& observed);

// The same where `tensors` have been chosen: why each output is not compared by itself.
std::vector<ModelOutput> outputs_compared_by(const Graph& graph, const Observation& observed,
                                             const std::vector<std::string>& tensors);

// The graph with these tensors as its only outputs, and nothing that they do not need; itself
// where they are none.  Fails with kInvalidArgument, naming it, for a tensor that is not there.
Result<Graph> with_outputs(const Graph& graph, const std::vector<std::string>& tensors);

}  // namespace pare::engine
