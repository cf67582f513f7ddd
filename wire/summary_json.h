// Model cards and summaries as JSON (docs/tasks.md).  Decoding is total, as in plan_json.h.
#pragma once

#include <string>
#include <string_view>

#include "core/model_summary.h"
#include "core/result.h"
#include "wire/schema.h"

namespace pare::wire {

std::string card_to_json(const ModelCard& card);
std::string card_to_json(const PartialCard& card);

// A complete card: head, preprocessing and input are there; classes may be empty.
Result<ModelCard> parse_card(std::string_view json);

// What a user may post: everything may be missing.
Result<PartialCard> parse_partial_card(std::string_view json);

std::string summary_to_json(const ModelSummary& summary);
Result<ModelSummary> parse_summary(std::string_view json);

// Asked: whatever a card leaves out is found by looking.  Answered: a complete one.
Schema card_schema(Side side);
Schema summary_schema();

}  // namespace pare::wire
