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

// Splits the time of calls that infer into inference and the rest.
class InferenceClock {
 public:
  InferenceClock(const Runner& runner, Stopwatch& watch) : runner_(runner), watch_(watch) {}

  template <typename Call>
  auto timed(Call call) {
    const auto start = std::chrono::steady_clock::now();
    auto done = call();
    const Millis whole = std::chrono::steady_clock::now() - start;
    unseen_ += runner_.inference_time().value_or(whole);
    const Millis inference = std::min(unseen_, whole);
    unseen_ -= inference;
    watch_.add(Phase::kInfer, inference);
    watch_.add(Phase::kExchange, whole - inference);
    return done;
  }

 private:
  const Runner& runner_;
  Stopwatch& watch_;
  // Inference of which nobody has waited for the end: one that was lined up begins while its
  // predecessor's outputs are still on their way to us.
  Millis unseen_{};
};

}  // namespace

Result<std::monostate> run_overlapped(Runner& runner, std::size_t images,
                                      const PrepareImage& prepare, const UseOutputs& use,
                                      Stopwatch& watch) {
  // A future of std::async waits in its destructor: whatever is returned, no helper outlives this.
  const auto begin = [&](std::size_t i) {
    return std::async(std::launch::async, [&, i] { return hand_over(runner, i, prepare); });
  };
  InferenceClock clock(runner, watch);
  std::future<Result<Placement>> next;
  std::future<Result<std::monostate>> last;
  const auto used = [&] {
    const auto lap = watch.lap(Phase::kDecode);
    return last.valid() ? last.get() : Result<std::monostate>(std::monostate{});
  };
  const auto finish = [&](std::size_t i, const Placement& where) -> Result<std::monostate> {
    auto done = clock.timed([&] { return runner.infer(i % Runner::kSlots); });
    if (!done) return done;
    if (auto before = used(); !before) return before;
    last = std::async(std::launch::async,
                      [&runner, &use, i, where] { return fetch(runner, i, where, use); });
    return std::monostate{};
  };
  Placement running;  // where the image lies that the runtime has
  if (images > 0) next = begin(0);
  for (std::size_t i = 0; i < images; ++i) {
    const auto placement = watch.during(Phase::kPreprocess, [&] { return next.get(); });
    if (!placement) return placement.error();
    runner.line_up(i % Runner::kSlots);
    if (i + 1 < images) next = begin(i + 1);
    if (i > 0) {
      if (auto done = finish(i - 1, running); !done) return done;
    }
    running = placement.value();
  }
  if (images > 0) {
    if (auto done = finish(images - 1, running); !done) return done;
  }
  return used();
}

Result<std::vector<Tensor>> run_timed(Runner& runner, const Tensor& input, Stopwatch& watch) {
  return InferenceClock(runner, watch).timed([&] { return runner.run({input}); });
}

}  // namespace pare::engine
