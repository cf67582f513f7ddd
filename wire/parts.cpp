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

namespace {

std::vector<std::string_view> names_of(std::span<const Precision> precisions) {
  std::vector<std::string_view> names;
  for (const Precision precision : precisions) names.push_back(name_of(precision));
  return names;
}

}  // namespace

Precision read_precision(Fields& fields, std::string_view name,
                         std::span<const Precision> offered) {
  return offered[fields.one_of(name, names_of(offered))];
}

std::vector<Precision> read_precisions(Fields& fields, std::string_view name) {
  std::vector<Precision> out;
  for (const std::size_t index : fields.some_of(name, names_of(kAllPrecisions))) {
    out.push_back(kAllPrecisions.at(index));
  }
  return out;
}

nlohmann::json precisions_value(const std::vector<Precision>& precisions) {
  nlohmann::json out = nlohmann::json::array();
  for (const Precision precision : precisions) out.push_back(name_of(precision));
  return out;
}

}  // namespace pare::wire
