// The life of a task, as a pure function: no clock, no database, no socket.
//
//   queued --lease--> leased --report--> succeeded | failed
//     |  ^               |
//     |  +--lease lost, or nobody's fault
//     +--late report--> succeeded  (the lease was lost, and nobody took it over)
//     +--cancel--> cancelled <--cancel-- leased
#pragma once

#include <cstdint>
#include <string_view>

#include "core/task_kind.h"

namespace pare {

enum class TaskState : std::uint8_t { kQueued, kLeased, kSucceeded, kFailed, kCancelled };

constexpr bool is_final(TaskState s) noexcept {
  return s == TaskState::kSucceeded || s == TaskState::kFailed || s == TaskState::kCancelled;
}

// True for the arrows above and for nothing else; a final state has no way out.
constexpr bool can_move(TaskState from, TaskState to) noexcept {
  switch (from) {
    case TaskState::kQueued:
      return to == TaskState::kLeased || to == TaskState::kCancelled || to == TaskState::kSucceeded;
    case TaskState::kLeased: return to == TaskState::kQueued || is_final(to);
    case TaskState::kSucceeded:
    case TaskState::kFailed:
    case TaskState::kCancelled: return false;
  }
  return false;
}

constexpr std::string_view name_of(TaskState s) noexcept {
  switch (s) {
    case TaskState::kQueued: return "queued";
    case TaskState::kLeased: return "leased";
    case TaskState::kSucceeded: return "succeeded";
    case TaskState::kFailed: return "failed";
    case TaskState::kCancelled: return "cancelled";
  }
  return "";
}

}  // namespace pare
