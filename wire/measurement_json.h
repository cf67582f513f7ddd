// The one JSON of a measurement and of its samples: what a worker reports (docs/tasks.md), what the
// store keeps and what the API shows.  Decoding is total.
//
// What somebody thinks of a measurement (Measurement::suspect) is not in it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/measurement.h"
#include "core/result.h"
#include "wire/fields.h"
#include "wire/schema.h"

namespace pare::wire {

Measurement read_measurement(Fields& fields);
nlohmann::json measurement_value(const Measurement& measurement);

std::string measurement_to_json(const Measurement& measurement);
// What was kept by a version before, whose samples stood elsewhere, may have none.
Result<Measurement> parse_measurement(std::string_view json);

// The artifact "samples" of a benchmark, in the order they were taken: {"samples_ms":
// [7.91, 7.88]}.
std::string samples_to_json(std::span<const double> samples_ms);
Result<std::vector<double>> parse_samples(std::string_view json);

// As the API shows it: samples and layers are had elsewhere.
Schema measurement_schema();
Schema samples_schema();

}  // namespace pare::wire
