// Whatever can run a graph: OpenVINO in this process, or a runtime in another one.
//
// Made for one graph and one set of wanted tensors; run() may be called any number of times, from
// one thread at a time, the one that made it.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <variant>
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

  // Of what computes: a runtime's version, or the executor's.
  virtual std::string version() const { return {}; }

  // `inputs` in the order of the graph's inputs.  Fails with kUnavailable if the runtime died,
  // kDeadlineExceeded if it hangs, kInvalidArgument if a shape or type is not the graph's.
  virtual Result<std::vector<Tensor>> run(const std::vector<Tensor>& inputs) = 0;

  // run() in three steps, for whoever overlaps them: while one thread is in infer(), others may
  // put() and take() in other slots, one thread a slot.  What fails in put() may show in infer().
  static constexpr std::size_t kSlots = 4;
  virtual Result<std::monostate> put(std::size_t slot, std::vector<Tensor> inputs) {
    slots_.at(slot) = std::move(inputs);
    return std::monostate{};
  }
  // Says that infer() of a slot will come, before the one lined up last was waited for: a runtime
  // in another process need not stand idle then.  Those lined up come in their order, or never.
  virtual void line_up(std::size_t slot) { (void)slot; }
  virtual Result<std::monostate> infer(std::size_t slot) {
    auto outputs = run(slots_.at(slot));
    if (!outputs) return outputs.error();
    slots_.at(slot) = std::move(outputs).value();
    return std::monostate{};
  }
  virtual Result<std::vector<Tensor>> take(std::size_t slot) {
    return std::exchange(slots_.at(slot), {});
  }

  // What of the last run() or infer() was inference, where carrying tensors to and fro takes time
  // as well.
  virtual std::optional<Millis> inference_time() const { return std::nullopt; }

 private:
  std::array<std::vector<Tensor>, kSlots> slots_;  // inputs, then outputs
};

}  // namespace pare::engine
