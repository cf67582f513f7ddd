#include "tests/support/json_schema.h"

#include <cstdint>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace pare {

using nlohmann::json;

namespace {

// valijson counts with a sign: what is beyond that is looked at as the largest that is not.
void clamp(json& value) {
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{INT64_MAX}) {
    value = INT64_MAX;
  }
  for (json& inner : value) {
    if (value.is_structured()) clamp(inner);
  }
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
  json clamped = document;
  clamp(clamped);
  const valijson::adapters::NlohmannJsonAdapter target(clamped);
  if (validator.validate(impl_->schema, target, &results)) return {};
  std::string why;
  for (valijson::ValidationResults::Error error; results.popError(error);) {
    for (const std::string& step : error.context) why += step;
    why += ": " + error.description + "\n";
  }
  return why.empty() ? "it does not match" : why;
}

}  // namespace pare
