#include "wire/parts.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace pare::wire {

std::string dump(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string read_plain_name(Fields& fields, std::string_view name) {
  constexpr std::size_t kLongest = 100;
  std::string text = fields.text(name);
  const bool plain = std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._+-").find(c) != std::string_view::npos;
  });
  if (!plain || text.empty() || text.size() > kLongest || text[0] == '.' || text[0] == '-') {
    fields.refuse(name, "have 1 to 100 letters, digits and . _ + -, the first no . and no -");
  }
  return text;
}

std::vector<Precision> read_precisions(Fields& fields, std::string_view name) {
  std::vector<Precision> out;
  for (const std::size_t index : fields.some_of(name, kPrecisionNames)) {
    out.push_back(static_cast<Precision>(index));
  }
  return out;
}

nlohmann::json precisions_value(const std::vector<Precision>& precisions) {
  nlohmann::json out = nlohmann::json::array();
  for (const Precision precision : precisions) out.push_back(name_of(precision));
  return out;
}

}  // namespace pare::wire
