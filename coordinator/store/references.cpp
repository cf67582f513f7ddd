#include "coordinator/store/references.h"

#include <algorithm>

#include "core/utf8.h"

namespace pare::coordinator {
bool is_sha_prefix(std::string_view reference) noexcept {
  return reference.size() >= kShortestShaPrefix && reference.size() <= 64 &&
         std::ranges::all_of(
             reference, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string clean_text(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = text[0] == '\0' ? 0 : utf8_sequence(text);
    if (length == 0) {
      clean += '?';
      text.remove_prefix(1);
    } else {
      clean += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return clean;
}

std::string clean_json(std::string json) {
  constexpr std::string_view kNul = "\\u0000";
  for (std::size_t at = 0; at < json.size(); ++at) {
    if (json[at] != '\\') continue;
    if (json.compare(at, kNul.size(), kNul) == 0)
      json.replace(at, kNul.size(), "?");
    else
      ++at;  // what is escaped begins no escape
  }
  return json;
}

std::vector<std::string> clean_texts(const std::vector<std::string>& texts) {
  std::vector<std::string> clean;
  for (const std::string& text : texts) clean.push_back(clean_text(text));
  return clean;
}

}  // namespace pare::coordinator
