// The kinds of tasks, and what is true of each: one table, and whoever needs to know asks it.
//
// Most kinds are short and whole: a worker that is not heard of loses them at once, and another
// begins anew.  A kind that lasts is left to its worker for a while (`grace`: a network that was
// cut, a machine that swaps), tells where it could be gone on from (`keeps_checkpoints`), and steps
// aside while something is measured (`preemptible`).
#pragma once

#include <array>
#include <chrono>
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
  kTrain,
};

// Capabilities, as workers say them.
inline constexpr std::string_view kTraining = "train";  // it has a pare-train

struct TaskPolicy {
  TaskKind kind;
  std::string_view name;            // in documents, in the database, in the API
  std::chrono::minutes time_limit;  // of the work itself: no queue, no pause counts
  // How long a worker keeps it that is not heard of; 0: as long as it takes to miss a worker.
  std::chrono::seconds grace{0};
  // Nothing else may run on the device meanwhile, or the time measured is not the candidate's.
  bool exclusive = false;
  // Stopped where it stands while an exclusive one has the device, and goes on afterwards.
  bool preemptible = false;
  // Another attempt goes on from the newest checkpoint that this one told.
  bool keeps_checkpoints = false;
  int attempts = 3;  // that its candidate may burn (core/blame.h)
  // What a worker must be able to do beside what every worker can; empty: nothing.
  std::string_view capability = {};
};

// In the order of TaskKind.
inline constexpr std::array kTaskPolicies = {
    TaskPolicy{TaskKind::kInspectModel, "inspect_model", std::chrono::minutes(10)},
    TaskPolicy{TaskKind::kInspectDataset, "inspect_dataset", std::chrono::minutes(10)},
    TaskPolicy{.kind = TaskKind::kPrepare,
               .name = "prepare",
               .time_limit = std::chrono::minutes(60),
               .grace = std::chrono::minutes(1),
               .preemptible = true,
               .keeps_checkpoints = true},
    TaskPolicy{TaskKind::kBuild, "build", std::chrono::minutes(10)},
    TaskPolicy{TaskKind::kEvaluate, "evaluate", std::chrono::minutes(30)},
    TaskPolicy{.kind = TaskKind::kBenchmark,
               .name = "benchmark",
               .time_limit = std::chrono::minutes(5),
               .exclusive = true},
    TaskPolicy{.kind = TaskKind::kCompare,
               .name = "compare",
               .time_limit = std::chrono::minutes(30),
               .exclusive = true},
    TaskPolicy{.kind = TaskKind::kCheck,
               .name = "check",
               .time_limit = std::chrono::minutes(5),
               .exclusive = true},
    // Twice the longest that a job may ask for: a machine that is shared trains slower than it
    // did when its first steps were timed.
    TaskPolicy{.kind = TaskKind::kTrain,
               .name = "train",
               .time_limit = std::chrono::hours(48),
               .grace = std::chrono::minutes(1),
               .preemptible = true,
               .keeps_checkpoints = true,
               .capability = kTraining},
};

constexpr const TaskPolicy& policy_of(TaskKind kind) noexcept {
  return kTaskPolicies[static_cast<std::size_t>(kind)];
}

static_assert(
    [] {
      for (std::size_t i = 0; i < kTaskPolicies.size(); ++i) {
        const TaskPolicy& policy = kTaskPolicies[i];
        if (static_cast<std::size_t>(policy.kind) != i) return false;
        // What has a device to itself cannot step aside for another that has.
        if (policy.exclusive && policy.preemptible) return false;
      }
      return true;
    }(),
    "the table is in the order of TaskKind, and nothing exclusive is preemptible");

inline constexpr auto kAllTaskKinds = [] {
  std::array<TaskKind, kTaskPolicies.size()> kinds{};
  for (std::size_t i = 0; i < kinds.size(); ++i) kinds[i] = kTaskPolicies[i].kind;
  return kinds;
}();

constexpr std::string_view name_of(TaskKind kind) noexcept {
  return policy_of(kind).name;
}

// nullopt: no such kind.
constexpr std::optional<TaskKind> task_kind_of(std::string_view name) noexcept {
  for (const TaskPolicy& policy : kTaskPolicies) {
    if (policy.name == name) return policy.kind;
  }
  return std::nullopt;
}

}  // namespace pare
