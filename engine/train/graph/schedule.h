// Which operators of a graph run, in which order, for some wanted tensors: names resolved once.
//
// Tensors have places in one array.  Sigmoid and Mul of the same tensor run as one SiLU,
// QuantizeLinear and DequantizeLinear of the same scale as one rounding that gradients pass
// (fake_quantize.h).
// Cost: linear in the graph.  A plain value.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/train/graph/torch_ops.h"

namespace pare::engine {

struct Schedule {
  static constexpr std::size_t kAbsent = 0;  // place of an optional input that is not there

  struct Step {
    TorchOp run = nullptr;
    std::size_t node = 0;  // of the graph
    std::vector<std::size_t> inputs, outputs;
    std::vector<std::size_t> last_read;  // places that nobody reads any more
  };
  std::vector<std::string> names;      // of the places; kAbsent has none
  std::vector<std::size_t> constants;  // places that constants of the graph fill
  std::vector<std::size_t> inputs;     // of the graph, those that are read
  std::vector<Step> steps;
  std::vector<std::size_t> wanted;
};

// Fails with kInvalidArgument, naming it, if the graph makes no such tensor.
// REQUIRES: every operator has a torch form.
Result<Schedule> make_schedule(const Graph& graph, const std::vector<std::string>& wanted);

}  // namespace pare::engine
