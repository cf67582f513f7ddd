// Guidance as JSON, a part of what `prepare` answers (docs/tasks.md).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "core/guidance.h"
#include "core/result.h"
#include "wire/fields.h"

namespace pare::wire {

Guidance read_guidance(Fields& fields);
// A document of its own.  Fails with kInvalidArgument, naming the field.
Result<Guidance> parse_guidance(std::string_view json);
// "blocks" and "kernels" among these fields, where they are there.
PartChoices read_part_choices(Fields& fields);
void add_part_choices(const PartChoices& parts, nlohmann::json& fields);

nlohmann::json guidance_value(const Guidance& guidance);

}  // namespace pare::wire
