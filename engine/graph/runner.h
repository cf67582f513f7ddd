// Whatever can run a graph: OpenVINO in this process, or a runtime in another one.
//
// Made for one graph and one set of wanted tensors; run() may be called any number of times, from
// one thread at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/units.h"
#include "engine/graph/tensor.h"

namespace pare::engine {

class Runner {
 public:
  virtual ~Runner() = default;

  // Names of what run() returns, in its order.
  virtual const std::vector<std::string>& output_names() const = 0;

  // `inputs` in the order of the graph's inputs.  Fails with kUnavailable if the runtime died,
  // kDeadlineExceeded if it hangs, kInvalidArgument if a shape or type is not the graph's.
  virtual Result<std::vector<Tensor>> run(const std::vector<Tensor>& inputs) = 0;

  // What of the last run() was inference, where carrying tensors to and fro takes time as well.
  virtual std::optional<Millis> inference_time() const { return std::nullopt; }
};

}  // namespace pare::engine
