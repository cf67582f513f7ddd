#include "coordinator/store/pg_rows.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

namespace pare::coordinator {
namespace {

template <typename T>
std::vector<T> parse_array(const pqxx::field& field) {
  if (field.is_null()) return {};
  return nlohmann::json::parse(field.c_str()).get<std::vector<T>>();
}

template <typename T>
std::string array_of(const std::vector<T>& numbers) {
  std::string text = "{";
  for (const T number : numbers) {
    if (text.size() > 1) text += ',';
    text += *to_param(number);
  }
  return text + "}";
}

std::string dump(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

Param to_param(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
  return std::string(text.data(), end.ptr);
}

Param json_param(const std::vector<std::string>& texts) {
  return dump(nlohmann::json(texts));
}

Param json_param(const std::vector<int>& numbers) {
  return dump(nlohmann::json(numbers));
}

Param json_param(const std::vector<std::int64_t>& numbers) {
  return dump(nlohmann::json(numbers));
}

Param json_param(const std::map<std::string, double>& numbers) {
  return dump(nlohmann::json(numbers));
}

void append_quoted(std::string& array, const Param& element) {
  if (!element) {
    array += "NULL";
    return;
  }
  array += '"';
  for (const char c : *element) {
    if (c == '"' || c == '\\') array += '\\';
    array += c;
  }
  array += '"';
}

Param array_param(const std::vector<double>& numbers) {
  return array_of(numbers);
}

Param array_param(const std::vector<int>& numbers) {
  return array_of(numbers);
}

pqxx::result execute(pqxx::work& transaction, const NamedQuery& query,
                     const std::vector<Param>& params) {
  std::vector<const char*> texts;
  texts.reserve(params.size());
  for (const Param& param : params) texts.push_back(param ? param->c_str() : nullptr);
  return transaction.exec_prepared(query.name, pqxx::prepare::make_dynamic_params(texts));
}

std::string text_of(const pqxx::field& field) {
  return field.is_null() ? std::string() : field.as<std::string>();
}

std::vector<std::string> texts_of(const pqxx::field& field) {
  return parse_array<std::string>(field);
}

std::vector<double> numbers_of(const pqxx::field& field) {
  return parse_array<double>(field);
}

std::map<std::string, double> numbers_by_name(const pqxx::field& field) {
  if (field.is_null()) return {};
  return nlohmann::json::parse(field.c_str()).get<std::map<std::string, double>>();
}

std::vector<int> integers_of(const pqxx::field& field) {
  return parse_array<int>(field);
}

std::optional<std::int64_t> integer_of(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return field.as<std::int64_t>();
}

TimePoint time_of(const pqxx::field& field) {
  return TimePoint(std::chrono::microseconds(field.as<std::int64_t>()));
}

std::optional<TimePoint> optional_time_of(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return time_of(field);
}

pqxx::conversion_error unknown_name(const pqxx::field& field) {
  return pqxx::conversion_error("its " + std::string(field.name()) + " \"" + field.c_str() +
                                "\" is not known to this version");
}

std::string why_unreadable(const std::string& name) {
  const std::string begin = name + " cannot be read: ";
  try {
    throw;
  } catch (const pqxx::conversion_error& thrown) {
    return begin + thrown.what();
  } catch (const nlohmann::json::exception& thrown) {
    return begin + thrown.what();
  }
}

}  // namespace pare::coordinator
