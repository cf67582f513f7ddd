// The one place where a failure becomes an HTTP status.
#pragma once

#include "core/result.h"

namespace pare::coordinator {

constexpr int http_status(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kInvalidArgument: return 400;
    case ErrorCode::kNotFound: return 404;
    case ErrorCode::kConflict: return 409;
    case ErrorCode::kUnsupported: return 422;
    case ErrorCode::kUnavailable: return 503;
    case ErrorCode::kDeadlineExceeded: return 504;
  }
  return 500;  // unreachable: no default above, so a new code is a compiler warning here
}

}  // namespace pare::coordinator
