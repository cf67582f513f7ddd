#include "wire/fingerprint_json.h"

#include <nlohmann/json.hpp>

#include "wire/parts.h"

namespace pare::wire {

OutputFingerprint read_fingerprint(Fields& fields) {
  OutputFingerprint out;
  for (const std::string& output : fields.names()) {
    fields.object(output, [&](Fields& moments) {
      out[output] = {moments.number("mean"), moments.number("deviation", 0.0),
                     moments.number("peak"), moments.number("finite", 0.0, 1.0)};
    });
  }
  return out;
}

nlohmann::json fingerprint_value(const OutputFingerprint& fingerprint) {
  nlohmann::json value = nlohmann::json::object();
  for (const auto& [output, moments] : fingerprint) {
    value[output] = {{"mean", moments.mean},
                     {"deviation", moments.deviation},
                     {"peak", moments.peak},
                     {"finite", moments.finite}};
  }
  return value;
}

std::string fingerprint_to_json(const OutputFingerprint& fingerprint) {
  return dump(fingerprint_value(fingerprint));
}

Result<OutputFingerprint> parse_fingerprint(std::string_view json) {
  return decode(json, "output fingerprint", read_fingerprint);
}

Schema fingerprint_schema() {
  return schema::by_name(schema::object(
      {schema::must("mean", schema::number()), schema::must("deviation", schema::number(0)),
       schema::must("peak", schema::number()), schema::must("finite", schema::number(0, 1))}));
}

}  // namespace pare::wire
