#include "tests/support/json_schema.h"

#include <cmath>
#include <cstdint>
#include <utility>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace pare {

using nlohmann::json;

namespace {

// The same document as valijson counts: with a sign, and 27.0 is no whole number to it, which it is
// to JSON Schema.
json counted(json value) {
  constexpr double kLargest = 9007199254740992;  // 2^53
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{INT64_MAX}) {
    return INT64_MAX;
  }
  if (value.is_number_float() && std::abs(value.get<double>()) <= kLargest &&
      std::trunc(value.get<double>()) == value.get<double>()) {
    return value.get<std::int64_t>();
  }
  for (json& inner : value) {
    if (value.is_structured()) inner = counted(std::move(inner));
  }
  return value;
}

}  // namespace

struct JsonSchema::Impl {
  valijson::Schema schema;
};

JsonSchema::JsonSchema(const nlohmann::ordered_json& schema,
                       const std::map<std::string, nlohmann::ordered_json>& parts)
    : impl_(std::make_unique<Impl>()) {
  const json root = {{"allOf", {json(schema)}},
                     {"components", {{"schemas", json(nlohmann::ordered_json(parts))}}}};
  valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
  parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(root), impl_->schema);
}

JsonSchema::~JsonSchema() = default;

std::string JsonSchema::why_not(const json& document) const {
  valijson::Validator validator;
  valijson::ValidationResults results;
  const json seen = counted(document);
  const valijson::adapters::NlohmannJsonAdapter target(seen);
  if (validator.validate(impl_->schema, target, &results)) return {};
  std::string why;
  for (valijson::ValidationResults::Error error; results.popError(error);) {
    for (const std::string& step : error.context) why += step;
    why += ": " + error.description + "\n";
  }
  return why.empty() ? "it does not match" : why;
}

}  // namespace pare
