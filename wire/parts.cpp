#include "wire/parts.h"

#include <nlohmann/json.hpp>

namespace pare::wire {

std::string dump(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
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
