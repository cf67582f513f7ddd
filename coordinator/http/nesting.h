// How deeply a JSON text is nested, and how much is in it, before anybody makes a document of it.
//
// Documents are dumped by recursion: whatever a stranger may have nested is looked at first.  Pure,
// O(bytes).  Brackets within strings count, too: for a bound that does no harm.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace pare::coordinator {

inline constexpr std::size_t kDeepestShown = 100;    // the decoders refuse what is deeper than 64
inline constexpr std::size_t kMostValues = 200'000;  // in the body of a request

constexpr std::size_t nesting_of(std::string_view json) noexcept {
  std::size_t depth = 0;
  std::size_t deepest = 0;
  for (const char c : json) {
    if (c == '[' || c == '{') deepest = std::max(deepest, ++depth);
    if ((c == ']' || c == '}') && depth > 0) --depth;
  }
  return deepest;
}

// At least as many as there are values.
constexpr std::size_t values_in(std::string_view json) noexcept {
  return 1 + static_cast<std::size_t>(std::ranges::count_if(
                 json, [](char c) { return c == ',' || c == '[' || c == '{' || c == ':'; }));
}

}  // namespace pare::coordinator
