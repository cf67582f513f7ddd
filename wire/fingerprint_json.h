// An output fingerprint as JSON, by output: {"mean", "deviation", "peak", "finite"}.  Decoding is
// total.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/output_fingerprint.h"
#include "core/result.h"
#include "wire/fields.h"
#include "wire/schema.h"

namespace pare::wire {

OutputFingerprint read_fingerprint(Fields& fields);
nlohmann::json fingerprint_value(const OutputFingerprint& fingerprint);

std::string fingerprint_to_json(const OutputFingerprint& fingerprint);
Result<OutputFingerprint> parse_fingerprint(std::string_view json);

Schema fingerprint_schema();

}  // namespace pare::wire
