// What PostgreSQL or its library threw, as an Error that says whose fault it is.  Seen by the
// PostgreSQL store alone.
//
//   kUnavailable        the database is away, stops, is too busy or too slow: try again later
//   kResourceExhausted  its disk or memory, or ours, is full: try again when there is room
//   kConflict, kNotFound, kInvalidArgument    what was to be stored does not fit
//   kInternal           our SQL, our rights, or stored data that cannot be read: a retry is no help
#pragma once

#include <exception>
#include <string_view>

#include "core/result.h"

namespace pare::coordinator {

struct PgFailure {
  Error error;
  bool broken = false;  // the connection is of no more use
  bool again = false;   // nothing was committed, and the next try may succeed
};

PgFailure classify(const std::exception& thrown);

// https://www.postgresql.org/docs/15/errcodes-appendix.html
ErrorCode code_of_sqlstate(std::string_view sqlstate) noexcept;

}  // namespace pare::coordinator
