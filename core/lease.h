// The right of one worker to do one task until a deadline, fenced by (task, attempt).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/ids.h"
#include "core/units.h"

namespace pare {

// What an attempt kept of its work, as an artifact that another one goes on from.
struct Checkpoint {
  std::string sha256;
  std::int64_t bytes = 0;
  std::int64_t step = 0;  // how far it is, in steps of the task's own; rises within an attempt
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

struct Lease {
  TaskId task;
  int attempt = 0;       // every claim raises it; whoever carries an older one changes nothing
  std::string document;  // JSON, docs/tasks.md
  Millis time_limit{};   // of the work itself; neither queue nor pause counts
  std::optional<Checkpoint> resume_from = {};  // of an earlier attempt; none: from the beginning
  friend bool operator==(const Lease&, const Lease&) = default;
};

// What became of a report.  Whichever it is, the worker may forget the report.
enum class ReportVerdict : std::uint8_t {
  kRecorded,
  kAlreadyRecorded,  // a resend: harmless
  kStale,            // the lease was lost: the report was dropped
};

}  // namespace pare
