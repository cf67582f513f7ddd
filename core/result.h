// Result<T>: either a value or an Error that says what failed and what can be done about it.
//
// Use it for failures the program must expect: bad input, a missing row, an absent peer,
// a model we cannot handle.  A broken invariant is a bug: it aborts in PARE_CHECK and never
// travels in a Result.
//
// The names follow std::expected so that a move to C++23 is a change of this file only.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace pare {

enum class ErrorCode : std::uint8_t {
  kInvalidArgument,   // the caller can fix it                          (HTTP 400)
  kNotFound,          // no such task, trial, model                      (HTTP 404)
  kConflict,          // lost a race: read again, then decide           (HTTP 409)
  kUnsupported,       // well-formed, but an operator we do not handle  (HTTP 422)
  kUnavailable,       // peer or database away: retry with back-off     (HTTP 503)
  kDeadlineExceeded,  // the time limit passed                          (HTTP 504)
};

// True if repeating the same call later may succeed without any change to the input.
constexpr bool is_retryable(ErrorCode code) noexcept {
  return code == ErrorCode::kUnavailable || code == ErrorCode::kDeadlineExceeded;
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
