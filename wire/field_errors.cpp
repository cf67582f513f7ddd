#include "wire/field_errors.h"

#include <nlohmann/json.hpp>

namespace pare::wire {

Error with_field(Error error, const std::string& field, const std::string& value) {
  if (is_retryable(error.code)) return error;  // not the request's fault
  error.field = field;
  error.value = nlohmann::json(value).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  return error;
}

Error unknown_reference(const Error& error, const std::string& field, const std::string& value) {
  Error out = with_field(error, field, value);
  if (out.code == ErrorCode::kNotFound) out.code = ErrorCode::kUnsupported;
  return out;
}

}  // namespace pare::wire
