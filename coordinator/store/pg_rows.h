// Values to parameters and rows to values.  Seen by the PostgreSQL store alone.
//
// Every parameter travels as text, and the query casts it: one way for all types, and an absent
// value is SQL's null.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator_store/sql_text.h"
#include "core/names.h"
#include "core/result.h"
#include "core/units.h"

namespace pare::coordinator {

using Param = std::optional<std::string>;

// Constrained, so that no value turns into one of another type on the way.
template <typename T>
requires std::convertible_to<const T&, std::string_view> Param to_param(const T& text) {
  return std::string(std::string_view(text));
}
template <std::integral T>
Param to_param(T value) {
  if constexpr (std::same_as<T, bool>) return value ? "true" : "false";
  return std::to_string(value);
}
Param to_param(double value);
inline Param to_param(std::nullopt_t) {
  return std::nullopt;
}
inline Param to_param(const Param& param) {
  return param;
}
template <std::integral T>
Param to_param(const std::optional<T>& value) {
  return value ? to_param(*value) : std::nullopt;
}

// Null where the domain has an empty text.
inline Param or_null(std::string_view text) {
  return text.empty() ? std::nullopt : to_param(text);
}
// JSON arrays, for json_array_elements_text().
Param json_param(const std::vector<std::string>& texts);
Param json_param(const std::vector<int>& numbers);
Param json_param(const std::vector<std::int64_t>& numbers);
Param json_param(const std::map<std::string, double>& numbers);  // a JSON object
// One element of an array literal.
void append_quoted(std::string& array, const Param& element);
// An array literal, '{1,2.5}'.
Param array_param(const std::vector<double>& numbers);
Param array_param(const std::vector<int>& numbers);

// An array literal of anything that has a to_param(); an absent value is SQL's null.
template <typename Range, typename Of>
Param array_of(const Range& range, Of of) {
  std::string text = "{";
  for (const auto& item : range) {
    if (text.size() > 1) text += ',';
    append_quoted(text, to_param(of(item)));
  }
  return text + "}";
}

pqxx::result execute(pqxx::work& transaction, const NamedQuery& query,
                     const std::vector<Param>& params);

template <typename... Args>
pqxx::result execute(pqxx::work& transaction, const NamedQuery& query, const Args&... args) {
  return execute(transaction, query, std::vector<Param>{to_param(args)...});
}

// Null is empty.
std::string text_of(const pqxx::field& field);
std::vector<std::string> texts_of(const pqxx::field& field);  // of a JSON array
std::vector<double> numbers_of(const pqxx::field& field);     // the same
std::map<std::string, double> numbers_by_name(const pqxx::field& field);
std::vector<int> integers_of(const pqxx::field& field);  // the same
std::optional<std::int64_t> integer_of(const pqxx::field& field);
TimePoint time_of(const pqxx::field& field);  // of microseconds since 1970
std::optional<TimePoint> optional_time_of(const pqxx::field& field);

// What a JSON document holds that was written with the codec of `wire` it is read with.
template <typename Record>
Record read_document(const pqxx::field& field, Result<Record> (*parse)(std::string_view)) {
  auto record = parse(field.c_str());
  if (!record) throw pqxx::conversion_error(record.error().message);
  return std::move(record).value();
}

pqxx::conversion_error unknown_name(const pqxx::field& field);

// The enumerator with the name that a field holds; SQL's enum types hold no other names.
template <typename Enum, int kCount>
Enum enum_of(const pqxx::field& field) {
  const std::string_view name = field.c_str();
  for (int i = 0; i < kCount; ++i) {
    if (name_of(static_cast<Enum>(i)) == name) return static_cast<Enum>(i);
  }
  throw unknown_name(field);
}

template <typename Enum, std::size_t kCount>
Enum enum_of(const pqxx::field& field, const std::array<Named<Enum>, kCount>& names) {
  const std::string_view name = field.c_str();
  for (const Named<Enum>& named : names) {
    if (named.name == name) return named.value;
  }
  throw unknown_name(field);
}

// --- rows that cannot be read: another version wrote them, or a hand ---

// "job 7 cannot be read: ..." of what reading the row threw.  Throws again what is no fault of it.
std::string why_unreadable(const std::string& name);

// kInternal, by name, if the row cannot be read.  `name`: of the row, as people call it.
template <typename Record>
Result<Record> read_one(const pqxx::row& row, std::string (*name)(const pqxx::row&),
                        Record (*read)(const pqxx::row&)) {
  try {
    return read(row);
  } catch (const std::exception&) {
    return Error{ErrorCode::kInternal, why_unreadable(name(row))};
  }
}

// All of them: one that cannot be read is what `unreadable` makes of it and the reason.
template <typename Record>
std::vector<Record> read_all(const pqxx::result& rows, std::string (*name)(const pqxx::row&),
                             Record (*read)(const pqxx::row&),
                             Record (*unreadable)(const pqxx::row&, const std::string&)) {
  std::vector<Record> records;
  for (const auto& row : rows) {
    auto record = read_one(row, name, read);
    records.push_back(record ? std::move(record).value() : unreadable(row, record.error().message));
  }
  return records;
}

}  // namespace pare::coordinator
