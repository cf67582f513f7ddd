// What the two stores must agree on to the letter: what a reference is, what text may be stored,
// and the failures they answer with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace pare::coordinator {

inline constexpr std::size_t kShortestShaPrefix = 8;

// 8 to 64 digits of 0-9a-f: a SHA-256 or the beginning of one.
bool is_sha_prefix(std::string_view reference) noexcept;

// PostgreSQL's text has no NUL, and UTF-8 only; whatever else a child wrote becomes "?".
std::string clean_text(std::string_view text);
// The same of a JSON document, which SQL looks into: a character that is no text is escaped there.
std::string clean_json(std::string json);
std::vector<std::string> clean_texts(const std::vector<std::string>& texts);

inline Error conflict(std::string message) {
  return Error{ErrorCode::kConflict, std::move(message)};
}
inline Error not_found(std::string_view what, std::string_view reference) {
  return Error{ErrorCode::kNotFound,
               "there is no " + std::string(what) + " \"" + std::string(reference) + "\""};
}
inline Error not_found(std::string_view what, std::int64_t id) {
  return Error{ErrorCode::kNotFound, "there is no " + std::string(what) + " " + std::to_string(id)};
}
inline Error ambiguous(std::string_view what, std::string_view reference) {
  return conflict("several " + std::string(what) + "s begin with \"" + std::string(reference) +
                  "\": give more digits");
}

inline Error still_inspected(std::string_view model, std::int64_t job) {
  return conflict("model \"" + std::string(model) +
                  "\" is being inspected with another card and job " + std::to_string(job) +
                  " waits for it: give the new one when it is ready");
}
inline Error no_such_card(std::string_view sha256, int version) {
  return Error{ErrorCode::kNotFound, "model " + std::string(sha256) + " has no card of version " +
                                         std::to_string(version)};
}

}  // namespace pare::coordinator
