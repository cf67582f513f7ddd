// Task documents and outcomes (docs/tasks.md): what a worker is asked, and what it answers.
//
// Parameters and results are one struct a kind, so a document cannot carry those of another kind.
// Decoding is total, as in plan_json.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.h"
#include "core/task.h"
#include "wire/task_params.h"
#include "wire/task_results.h"

namespace pare::wire {

// Where a kind that keeps checkpoints has them.
struct CheckpointPlace {
  std::string folder;
  double every_seconds = 0;  // no oftener than that
  std::string from = {};     // a file to go on from; empty: from the beginning
  friend bool operator==(const CheckpointPlace&, const CheckpointPlace&) = default;
};

struct TaskDocument {
  TaskParams params;
  std::map<std::string, std::string> blobs;  // role ("model") to SHA-256; the kind says which roles

  // Added by the worker before it starts the child; empty in what the coordinator stores.
  std::map<std::string, std::string> files;                  // role to path
  std::map<std::string, std::vector<std::string>> runtimes;  // name to command
  std::vector<int> cores;
  std::string kept{};  // a folder for what runtimes keep of candidates; empty: none
  std::optional<CheckpointPlace> checkpoints{};  // none: nobody wants any

  TaskKind kind() const noexcept { return static_cast<TaskKind>(params.index()); }
  friend bool operator==(const TaskDocument&, const TaskDocument&) = default;
};

struct LocalFile {
  std::string path;  // relative to the scratch folder
  friend bool operator==(const LocalFile&, const LocalFile&) = default;
};
struct BlobRef {
  std::string sha256;
  std::int64_t bytes = 0;
  friend bool operator==(const BlobRef&, const BlobRef&) = default;
};
using Artifact = std::variant<LocalFile, BlobRef>;  // a file until the worker has uploaded it

struct TaskSuccess {
  TaskResult result;
  std::map<std::string, Artifact> artifacts;
  friend bool operator==(const TaskSuccess&, const TaskSuccess&) = default;
};

struct TaskFailure {
  ErrorCode code = ErrorCode::kInvalidArgument;
  std::string reason;
  friend bool operator==(const TaskFailure&, const TaskFailure&) = default;
};

struct TaskOutcome {
  std::variant<TaskSuccess, TaskFailure> end;
  double seconds = 0;
  std::map<std::string, double> phases = {};  // seconds by the phase's name; may be empty
  friend bool operator==(const TaskOutcome&, const TaskOutcome&) = default;
};

std::string task_to_json(const TaskDocument& task);
Result<TaskDocument> parse_task(std::string_view json);

std::string outcome_to_json(const TaskOutcome& outcome);
Result<TaskOutcome> parse_outcome(std::string_view json, TaskKind kind);

// One result alone, as the store keeps it.
std::string result_to_json(const TaskResult& result);
Result<TaskResult> parse_result(std::string_view json, TaskKind kind);

}  // namespace pare::wire
