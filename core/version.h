// The one place that says which Pare this is.
#pragma once

namespace pare {
inline constexpr const char* kVersion = "0.1.0";
inline constexpr unsigned kWorkerProtocol = 1;  // raised when wire/proto changes meaning
}  // namespace pare
