#include "engine/pipeline/image_loop.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <utility>

namespace pare::engine {
namespace {

// Reads an image and hands it to the runtime.
Result<Placement> hand_over(Runner& runner, std::size_t i, const PrepareImage& prepare) {
  auto input = prepare(i);
  if (!input) return input.error();
  const Placement placement = input.value().placement;
  std::vector<Tensor> tensors;
  tensors.push_back(std::move(input).value().tensor);
  if (auto there = runner.put(i % Runner::kSlots, std::move(tensors)); !there) return there.error();
  return placement;
}

Result<std::monostate> fetch(Runner& runner, std::size_t i, const Placement& placement,
                             const UseOutputs& use) {
  const auto outputs = runner.take(i % Runner::kSlots);
  if (!outputs) return outputs.error();
  return use(i, outputs.value(), placement);
}

// Splits the time of a call that infers into inference and the rest.
template <typename Call>
auto timed_call(const Runner& runner, Stopwatch& watch, Call call) {
  const auto start = std::chrono::steady_clock::now();
  auto done = call();
  const Millis whole = std::chrono::steady_clock::now() - start;
  const Millis inference = std::min(runner.inference_time().value_or(whole), whole);
  watch.add(Phase::kInfer, inference);
  watch.add(Phase::kExchange, whole - inference);
  return done;
}

}  // namespace

Result<std::monostate> run_overlapped(Runner& runner, std::size_t images,
                                      const PrepareImage& prepare, const UseOutputs& use,
                                      Stopwatch& watch) {
  // A future of std::async waits in its destructor: whatever is returned, no helper outlives this.
  const auto begin = [&](std::size_t i) {
    return std::async(std::launch::async, [&, i] { return hand_over(runner, i, prepare); });
  };
  std::future<Result<Placement>> next;
  std::future<Result<std::monostate>> last;
  if (images > 0) next = begin(0);
  for (std::size_t i = 0; i < images; ++i) {
    const auto placement = watch.during(Phase::kPreprocess, [&] { return next.get(); });
    if (!placement) return placement.error();
    if (i + 1 < images) next = begin(i + 1);
    auto done = timed_call(runner, watch, [&] { return runner.infer(i % Runner::kSlots); });
    if (!done) return done;
    const auto lap = watch.lap(Phase::kDecode);
    if (last.valid()) {
      if (auto used = last.get(); !used) return used;
    }
    last = std::async(std::launch::async, [&runner, &use, i, where = placement.value()] {
      return fetch(runner, i, where, use);
    });
  }
  const auto lap = watch.lap(Phase::kDecode);
  return last.valid() ? last.get() : Result<std::monostate>(std::monostate{});
}

Result<std::vector<Tensor>> run_timed(Runner& runner, const Tensor& input, Stopwatch& watch) {
  return timed_call(runner, watch, [&] { return runner.run({input}); });
}

}  // namespace pare::engine
