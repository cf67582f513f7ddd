// The life of a task, as a pure function: no clock, no database, no socket.
//
//   queued --lease--> leased --report--> succeeded | failed
//     |  ^               |
//     |  +--lease lost, or nobody's fault
//     +--late report--> succeeded  (the lease was lost, and nobody took it over)
//     +--cancel--> cancelled <--cancel-- leased
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pare {

// What a worker can be asked; docs/tasks.md has the document of each.
enum class TaskKind : std::uint8_t {
  kInspectModel,
  kInspectDataset,
  kPrepare,
  kBuild,
  kEvaluate,
  kBenchmark,
  kCompare,
  kCheck,
};

inline constexpr std::array kAllTaskKinds = {
    TaskKind::kInspectModel, TaskKind::kInspectDataset, TaskKind::kPrepare, TaskKind::kBuild,
    TaskKind::kEvaluate,     TaskKind::kBenchmark,      TaskKind::kCompare, TaskKind::kCheck};

// Nothing else may run on the device meanwhile, or the time measured is not the candidate's.
constexpr bool is_exclusive(TaskKind kind) noexcept {
  return kind == TaskKind::kBenchmark || kind == TaskKind::kCompare || kind == TaskKind::kCheck;
}

constexpr std::string_view name_of(TaskKind kind) noexcept {
  switch (kind) {
    case TaskKind::kInspectModel: return "inspect_model";
    case TaskKind::kInspectDataset: return "inspect_dataset";
    case TaskKind::kPrepare: return "prepare";
    case TaskKind::kBuild: return "build";
    case TaskKind::kEvaluate: return "evaluate";
    case TaskKind::kBenchmark: return "benchmark";
    case TaskKind::kCompare: return "compare";
    case TaskKind::kCheck: return "check";
  }
  return "";
}

// nullopt: no such kind.
constexpr std::optional<TaskKind> task_kind_of(std::string_view name) noexcept {
  for (const TaskKind kind : kAllTaskKinds) {
    if (name_of(kind) == name) return kind;
  }
  return std::nullopt;
}

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
