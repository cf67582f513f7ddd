// The right of one worker to do one task until a deadline, fenced by (task, attempt).
#pragma once

#include <cstdint>
#include <string>

#include "core/ids.h"
#include "core/units.h"

namespace pare {

struct Lease {
  TaskId task;
  int attempt = 0;       // every claim raises it; whoever carries an older one changes nothing
  std::string document;  // JSON, docs/tasks.md
  Millis time_limit{};   // of the work itself; waiting in the queue never counts
  friend bool operator==(const Lease&, const Lease&) = default;
};

// What became of a report.  Whichever it is, the worker may forget the report.
enum class ReportVerdict : std::uint8_t {
  kRecorded,
  kAlreadyRecorded,  // a resend: harmless
  kStale,            // the lease was lost: the report was dropped
};

}  // namespace pare
