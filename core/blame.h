// Whose fault the end of an attempt was, and what follows from it.  Pure.
//
// A candidate is given a few attempts (core/task_kind.h) and loses one only where it may itself
// be to blame: a crash, a limit passed.  Whatever the machines around it did (a disk full, a
// coordinator away, a worker stopped on purpose) burns nothing and ends nothing: the task waits and
// is tried again, for as long as it takes, and says why.  A worker that dies with a task is
// suspicious, but no proof: it takes kMostLosses of them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "core/result.h"

namespace pare {

enum class Burden : std::uint8_t {
  kFinal,  // it would fail the same way again: the task ends
  kBurns,  // the candidate may be to blame: one of its attempts is gone
  kWaits,  // nobody's fault: later again, and no attempt is gone
};

constexpr std::string_view name_of(Burden burden) noexcept {
  constexpr std::string_view kNames[] = {"final", "burns", "waits"};
  return kNames[static_cast<int>(burden)];
}

// Of an attempt that ended with this error.
constexpr Burden burden_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kUnavailable:        // somebody it needs is away
    case ErrorCode::kResourceExhausted:  // a machine has no room
      return Burden::kWaits;
    case ErrorCode::kDeadlineExceeded:  // too slow, or it hangs
    case ErrorCode::kInternal:          // a crash: it, or a bug of ours that it found
      return Burden::kBurns;
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kConflict:
    case ErrorCode::kUnsupported: return Burden::kFinal;
  }
  return Burden::kFinal;
}

// So many workers that went silent with a task, and were never heard of again, end it.
inline constexpr int kMostLosses = 5;

// How long a task waits after its nth wait in a row, n from 1: 2 s, doubled up to a minute.
constexpr std::chrono::milliseconds wait_before(int nth) noexcept {
  const int doublings = std::clamp(nth - 1, 0, 5);
  return std::min(std::chrono::milliseconds(2000) * (1 << doublings),
                  std::chrono::milliseconds(60'000));
}

}  // namespace pare
