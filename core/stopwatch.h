// Where the seconds of a task go: one sum a phase, in the outcome as `phases` (docs/tasks.md).
//
// A lap measures the time that one thread spends in a scope; laps do not nest, so that the phases
// never add up to more than the whole.  What no lap covers is nobody's.  One thread at a time.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/check.h"

namespace pare {

enum class Phase : std::uint8_t {
  kOpen,        // reading models, statistics and the dataset's listing
  kBuild,       // from a plan to a file
  kLoad,        // starting a runtime and loading the candidate into it
  kPreprocess,  // images to inputs, as far as the candidate had to wait for it
  kInfer,       // the candidate at work
  kExchange,    // tensors on their way to a runtime's process and back
  kParity,      // making the executor ready, and comparing outputs with its own
  kCanary,      // the machine's own speed, before and after
  kTime,        // the candidate timed, with its warm-up
  kProfile,     // its layers timed, one by one
  kDecode,      // outputs to boxes
  kScore,       // boxes to figures and to the file that is kept
  kTeacher,     // the original at work, where it is what is scored against
};

constexpr std::string_view name_of(Phase phase) noexcept {
  constexpr std::array<std::string_view, 13> kNames = {
      "open",   "build", "load",    "preprocess", "infer", "exchange", "parity",
      "canary", "time",  "profile", "decode",     "score", "teacher"};
  return kNames[static_cast<std::size_t>(phase)];
}

class Stopwatch {
 public:
  // Runs from its making to its end.
  class Lap {
   public:
    Lap(Stopwatch& watch, Phase phase) : watch_(watch), phase_(phase) {
      PARE_CHECK(!watch_.running_, "laps do not nest");
      watch_.running_ = true;
    }
    ~Lap() {
      watch_.running_ = false;
      watch_.add(phase_, std::chrono::steady_clock::now() - start_);
    }
    Lap(const Lap&) = delete;
    Lap& operator=(const Lap&) = delete;

   private:
    Stopwatch& watch_;
    Phase phase_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  };

  [[nodiscard]] Lap lap(Phase phase) { return Lap(*this, phase); }

  // What `work` returns, its time in `phase`.
  template <typename Work>
  auto during(Phase phase, Work&& work) {
    const Lap running(*this, phase);
    return work();
  }

  // Time that somebody else measured.
  void add(Phase phase, std::chrono::duration<double> time) { seconds_[phase] += time; }

  // By the phase's name; only those that took place.
  std::map<std::string, double> seconds() const {
    std::map<std::string, double> named;
    for (const auto& [phase, time] : seconds_) named[std::string(name_of(phase))] = time.count();
    return named;
  }

 private:
  std::map<Phase, std::chrono::duration<double>> seconds_;
  bool running_ = false;
};

}  // namespace pare
