// The head of an HTTP/1.1 request: what comes before its body.
//
// Parsing is strict: what RFC 9112 does not allow is refused, so that nobody in front of the
// service can have read a request in another way.  Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace pare::coordinator {

inline constexpr std::size_t kLongestHead = 16 << 10;  // bytes, with the empty line
inline constexpr std::size_t kMostHeaders = 100;

struct RequestHead {
  std::string method;
  std::string path;                                          // decoded
  std::vector<std::pair<std::string, std::string>> query;    // decoded, in their order
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  bool keep_alive = true;

  // REQUIRES: names in lower case.  "" where there is no such header; the first of several.
  const std::string& header(std::string_view name) const;
  std::size_t count(std::string_view name) const;

  // nullopt: not one whole number, or none at all.
  std::optional<std::int64_t> content_length() const;
  bool has_body() const;
};

// Without spaces and tabs around it, as a header's value is read.
std::string_view trimmed(std::string_view text);

// How long the head at the beginning of `bytes` is; nullopt: it has not ended yet.
std::optional<std::size_t> head_length(std::string_view bytes);

// REQUIRES: `head` ends with an empty line.  kInvalidArgument says what is wrong with it.
Result<RequestHead> parse_head(std::string_view head);

}  // namespace pare::coordinator
