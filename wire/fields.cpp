#include "wire/fields.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "wire/sha256.h"

namespace pare::wire {
namespace {

using Json = nlohmann::json;

constexpr int kDeepest = 64;
constexpr std::size_t kLongestValue = 120;

const Json& empty_object() {
  static const Json object = Json::object();
  return object;
}

std::string shown(std::string text) {
  if (text.size() > kLongestValue) {
    text.resize(kLongestValue);
    text += "...";
  }
  return text;
}

std::string shown(const Json& value) {
  return shown(value.dump(-1, ' ', true, Json::error_handler_t::replace));
}

std::string quoted_list(std::span<const std::string_view> names) {
  std::string list;
  for (const std::string_view name : names) {
    if (!list.empty()) list += ", ";
    list += '"' + std::string(name) + '"';
  }
  return list;
}

std::string range_text(double low, double high) {
  const auto text = [](double x) { return Json(x).dump(); };
  if (low == std::numeric_limits<double>::lowest()) return "a number of at most " + text(high);
  if (high == std::numeric_limits<double>::max()) return "a number of at least " + text(low);
  return "a number from " + text(low) + " to " + text(high);
}

std::string range_text(std::int64_t low, std::int64_t high) {
  if (high >= std::numeric_limits<int>::max()) {
    return "a whole number of at least " + std::to_string(low);
  }
  return "a whole number from " + std::to_string(low) + " to " + std::to_string(high);
}

// 27.0 is a whole number, as JSON Schema has it, as far as doubles count one by one.
bool is_whole(const Json& value) {
  constexpr double kLargest = 9007199254740992;  // 2^53
  if (!value.is_number_float()) return value.is_number_integer();
  const double number = value.get<double>();
  return std::abs(number) <= kLargest && std::trunc(number) == number;
}

// True, and *out set, if `value` is a whole number in the range.
bool read_integer(const Json& value, std::int64_t low, std::int64_t high, std::int64_t* out) {
  if (!is_whole(value)) return false;
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{INT64_MAX}) {
    return false;
  }
  *out = value.get<std::int64_t>();
  return *out >= low && *out <= high;
}

}  // namespace

Document::Document(std::string_view text, std::string_view what)
    : what_(what), json_(std::make_unique<Json>(Json::object())) {
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  std::string twice;
  bool deep = false;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& value) {
    if (depth > kDeepest) deep = true;
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end && !keys.empty()) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.empty() &&
        !keys.back().insert(value.get<std::string>()).second) {
      twice = value.get<std::string>();
    }
    return !deep;
  };
  Json parsed;
  std::string where;
  try {
    parsed = Json::parse(text, watch);
  } catch (const Json::parse_error& error) {
    where = " from byte " + std::to_string(error.byte) + " on";
  } catch (const Json::exception&) {
    where = ": a number is out of range";
  }
  if (deep) {
    fail("", "nested deeper than 64", "be nested less deeply");
  } else if (!where.empty()) {
    fail("", shown(std::string(text)), "be valid JSON, and is not" + where);
  } else if (!twice.empty()) {
    fail(twice, "there twice", "stand once in its object");
  } else {
    *json_ = std::move(parsed);
  }
}

Document::~Document() = default;

void Document::fail(std::string_view path, std::string_view value, std::string_view must) {
  if (problem_) return;
  std::string message = what_ + ": ";
  message += path.empty() ? "the document" : "\"" + std::string(path) + "\"";
  message += " is " + std::string(value) + "; it must " + std::string(must);
  problem_ =
      Error{ErrorCode::kInvalidArgument, std::move(message), std::string(path), std::string(value)};
}

Fields::Fields(Document& document) : Fields(document, document.root(), "") {}

Fields::Fields(Document& document, const Json& value, std::string path)
    : document_(document), object_(&value), path_(std::move(path)) {
  if (!value.is_object()) {
    document_.fail(path_, shown(value), "be an object");
    object_ = &empty_object();
  }
}

Fields::~Fields() {
  for (const auto& [name, value] : object_->items()) {
    if (read_.contains(name)) continue;
    document_.fail(path_of(name), shown(value), "not be there: the field is unknown");
  }
}

std::string Fields::path_of(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

bool Fields::has(std::string_view name) {
  read_.emplace(name);
  const auto at = object_->find(name);
  return at != object_->end() && !at->is_null();
}

const Json* Fields::find(std::string_view name) {
  read_.emplace(name);
  const auto at = object_->find(name);
  if (at != object_->end()) return &*at;
  document_.fail(path_of(name), "missing", "be there");
  return nullptr;
}

void Fields::mistyped(std::string_view name, const Json& value, std::string_view must) {
  document_.fail(path_of(name), shown(value), "be " + std::string(must));
}

void Fields::refuse(std::string_view name, std::string_view must) {
  const auto at = object_->find(name);
  document_.fail(path_of(name), at == object_->end() ? "missing" : shown(*at), must);
}

std::string Fields::text(std::string_view name) {
  const Json* value = find(name);
  if (value == nullptr) return {};
  if (value->is_string()) return value->get<std::string>();
  mistyped(name, *value, "a text");
  return {};
}

std::string Fields::sha256(std::string_view name) {
  std::string digits = text(name);
  if (!document_.problem() && !is_sha256(digits)) {
    refuse(name, "be 64 lower-case hexadecimal digits, a SHA-256");
  }
  return digits;
}

bool Fields::boolean(std::string_view name) {
  const Json* value = find(name);
  if (value == nullptr) return false;
  if (value->is_boolean()) return value->get<bool>();
  mistyped(name, *value, "true or false");
  return false;
}

std::int64_t Fields::integer(std::string_view name, std::int64_t low, std::int64_t high) {
  const Json* value = find(name);
  std::int64_t out = low;
  if (value != nullptr && !read_integer(*value, low, high, &out)) {
    mistyped(name, *value, range_text(low, high));
    return low;
  }
  return out;
}

int Fields::small(std::string_view name, int low, int high) {
  return static_cast<int>(integer(name, low, high));
}

std::uint64_t Fields::natural(std::string_view name) {
  const Json* value = find(name);
  if (value == nullptr) return 0;
  if (value->is_number_unsigned()) return value->get<std::uint64_t>();
  if (is_whole(*value) && value->get<double>() >= 0) return value->get<std::uint64_t>();
  mistyped(name, *value, range_text(std::int64_t{0}, INT64_MAX));
  return 0;
}

double Fields::number(std::string_view name, double low, double high) {
  const Json* value = find(name);
  if (value == nullptr) return low;
  const double out = value->is_number() ? value->get<double>() : low;
  if (value->is_number() && out >= low && out <= high) return out;
  mistyped(name, *value, range_text(low, high));
  return low;
}

double Fields::number_or_infinite(std::string_view name) {
  const Json* value = find(name);
  if (value != nullptr && value->is_null()) return std::numeric_limits<double>::infinity();
  return number(name, 0.0);
}

bool Fields::is_text(std::string_view name) const {
  const auto at = object_->find(name);
  return at != object_->end() && at->is_string();
}

std::size_t Fields::array_size(std::string_view name) {
  const Json* value = find(name);
  if (value == nullptr) return 0;
  if (value->is_array()) return value->size();
  mistyped(name, *value, "a list");
  return 0;
}

const Json& Fields::array_at(std::string_view name, std::size_t index) const {
  return (*object_->find(name))[index];
}

std::vector<std::string> Fields::texts(std::string_view name) {
  std::vector<std::string> out;
  const std::size_t count = array_size(name);
  for (std::size_t i = 0; i < count; ++i) {
    const Json& value = array_at(name, i);
    if (!value.is_string()) {
      mistyped(std::string(name) + "[" + std::to_string(i) + "]", value, "a text");
      return out;
    }
    out.push_back(value.get<std::string>());
  }
  return out;
}

std::vector<double> Fields::numbers(std::string_view name) {
  std::vector<double> out;
  const std::size_t count = array_size(name);
  for (std::size_t i = 0; i < count; ++i) {
    const Json& value = array_at(name, i);
    if (!value.is_number()) {
      mistyped(std::string(name) + "[" + std::to_string(i) + "]", value, "a number");
      return out;
    }
    out.push_back(value.get<double>());
  }
  return out;
}

std::vector<std::int64_t> Fields::integers(std::string_view name, std::int64_t low,
                                           std::int64_t high) {
  std::vector<std::int64_t> out;
  const std::size_t count = array_size(name);
  for (std::size_t i = 0; i < count; ++i) {
    const Json& value = array_at(name, i);
    std::int64_t number = 0;
    if (!read_integer(value, low, high, &number)) {
      mistyped(std::string(name) + "[" + std::to_string(i) + "]", value, range_text(low, high));
      return out;
    }
    out.push_back(number);
  }
  return out;
}

std::optional<std::pair<std::int64_t, std::int64_t>> Fields::pair_at(std::string_view name,
                                                                     std::size_t index,
                                                                     std::int64_t low,
                                                                     std::int64_t high) {
  const Json& value = array_at(name, index);
  std::pair<std::int64_t, std::int64_t> out;
  if (value.is_array() && value.size() == 2 && read_integer(value[0], low, high, &out.first) &&
      read_integer(value[1], low, high, &out.second)) {
    return out;
  }
  mistyped(std::string(name) + "[" + std::to_string(index) + "]", value,
           "a pair, each " + range_text(low, high));
  return std::nullopt;
}

std::size_t Fields::one_of(std::string_view name, std::span<const std::string_view> names) {
  const std::string seen = text(name);
  const auto at = std::ranges::find(names, seen);
  if (at != names.end()) return static_cast<std::size_t>(at - names.begin());
  refuse(name, "be one of " + quoted_list(names));
  return 0;
}

std::vector<std::size_t> Fields::some_of(std::string_view name,
                                         std::span<const std::string_view> names) {
  std::vector<std::size_t> out;
  for (const std::string& seen : texts(name)) {
    const auto at = std::ranges::find(names, seen);
    if (at == names.end()) {
      refuse(name, "hold only " + quoted_list(names));
      return out;
    }
    const auto index = static_cast<std::size_t>(at - names.begin());
    if (std::ranges::find(out, index) != out.end()) {
      refuse(name, "name nothing twice");
      return out;
    }
    out.push_back(index);
  }
  if (out.empty()) refuse(name, "name at least one of " + quoted_list(names));
  return out;
}

std::string Fields::object_text(std::string_view name) {
  const Json* value = find(name);
  if (value == nullptr) return "{}";
  if (value->is_object()) return value->dump();
  mistyped(name, *value, "an object");
  return "{}";
}

std::vector<std::string> Fields::names() const {
  std::vector<std::string> out;
  for (const auto& [name, value] : object_->items()) out.push_back(name);
  return out;
}

}  // namespace pare::wire
