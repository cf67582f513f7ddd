// The outcome of a task (docs/tasks.md) as it travels from a worker to the coordinator: the
// artifacts are blobs by now, no longer paths.
//
// Decoding is total: an unknown, missing or wrongly typed field is kInvalidArgument with its name.
// `result` stays JSON text: what is in it depends on the kind of task.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "core/result.h"
#include "core/units.h"

namespace pare::wire {

struct Artifact {
  std::string sha256;
  Bytes bytes;
  friend bool operator==(const Artifact&, const Artifact&) = default;
};

struct TaskSuccess {
  std::string result_json;  // an object
  std::map<std::string, Artifact> artifacts;
  friend bool operator==(const TaskSuccess&, const TaskSuccess&) = default;
};

struct TaskFailure {
  ErrorCode code = ErrorCode::kInvalidArgument;
  std::string reason;
  friend bool operator==(const TaskFailure&, const TaskFailure&) = default;
};

struct TaskOutcome {
  std::variant<TaskSuccess, TaskFailure> what;
  double seconds = 0.0;  // of work
  friend bool operator==(const TaskOutcome&, const TaskOutcome&) = default;
};

Result<TaskOutcome> decode_outcome(std::string_view json);
std::string encode(const TaskOutcome& outcome);

// `invalid_argument`, `not_found`, ...: the names that documents use.
std::string_view name_of(ErrorCode code) noexcept;

}  // namespace pare::wire
