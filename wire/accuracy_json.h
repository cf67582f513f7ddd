// The one JSON of an accuracy: what a worker reports (docs/tasks.md) and what the store keeps.
// Decoding is total.
//
// What the coordinator knows of it besides (core/accuracy.h) is not in it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/accuracy.h"
#include "core/result.h"
#include "wire/fields.h"

namespace pare::wire {

Accuracy read_accuracy(Fields& fields);
nlohmann::json accuracy_value(const Accuracy& accuracy);

std::string accuracy_to_json(const Accuracy& accuracy);
Result<Accuracy> parse_accuracy(std::string_view json);

}  // namespace pare::wire
