// Result<T>: either a value or an Error that says what failed and what can be done about it.
//
// Use it for failures the program must expect: bad input, a missing row, an absent peer,
// a model we cannot handle.  A broken invariant is a bug: it aborts in PARE_CHECK and never
// travels in a Result.
//
// The names follow std::expected so that a move to C++23 is a change of this file only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace pare {

enum class ErrorCode : std::uint8_t {
  kInvalidArgument,    // the caller can fix it
  kNotFound,           // no such task, trial, model
  kConflict,           // lost a race: read again, then decide
  kUnsupported,        // well-formed, but an operator we do not handle
  kUnavailable,        // peer or database away: retry with back-off
  kDeadlineExceeded,   // the time limit passed
  kResourceExhausted,  // this machine's disk, memory or file descriptors: retry when there is room
  kInternal,           // a bug of ours, or stored data that cannot be read: a retry does not help
};

// What a code is called on every wire, which HTTP status says it, and whether repeating the same
// call later may succeed without any change to the input.
struct ErrorCodeFacts {
  ErrorCode code;
  std::string_view name;
  int http_status;
  bool retryable;
};

// In the order of ErrorCode: error_code_facts() counts on it.
inline constexpr std::array<ErrorCodeFacts, 8> kErrorCodes{{
    {ErrorCode::kInvalidArgument, "invalid_argument", 400, false},
    {ErrorCode::kNotFound, "not_found", 404, false},
    {ErrorCode::kConflict, "conflict", 409, false},
    {ErrorCode::kUnsupported, "unsupported", 422, false},
    {ErrorCode::kUnavailable, "unavailable", 503, true},
    {ErrorCode::kDeadlineExceeded, "deadline_exceeded", 504, true},
    {ErrorCode::kResourceExhausted, "resource_exhausted", 507, true},
    {ErrorCode::kInternal, "internal", 500, false},
}};

constexpr const ErrorCodeFacts& error_code_facts(ErrorCode code) noexcept {
  return kErrorCodes[static_cast<std::size_t>(code)];
}

constexpr std::string_view name_of(ErrorCode code) noexcept {
  return error_code_facts(code).name;
}

constexpr bool is_retryable(ErrorCode code) noexcept {
  return error_code_facts(code).retryable;
}

constexpr std::optional<ErrorCode> error_code_named(std::string_view name) noexcept {
  for (const ErrorCodeFacts& facts : kErrorCodes) {
    if (facts.name == name) return facts.code;
  }
  return std::nullopt;
}

struct Error {
  ErrorCode code;
  std::string message;  // names the offending thing and the value seen, not only the rule
  // Where a document was at fault: the field ("budget.trials") and the value seen, as JSON.
  std::string field = {};
  std::string value = {};
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  // REQUIRES: has_value().
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }

  // REQUIRES: !has_value().
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

}  // namespace pare
