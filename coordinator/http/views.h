// What the API shows of what is stored (docs/api.md).  Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "coordinator/jobs/front.h"
#include "coordinator/store/records.h"
#include "core/label_source.h"
#include "core/target.h"
#include "wire/schema.h"

namespace pare::coordinator {

enum class Detail { kBrief, kFull };  // in a list, alone

nlohmann::ordered_json view_of(const Model& model, Detail detail);
nlohmann::ordered_json view_of(const Dataset& dataset);
nlohmann::ordered_json view_of(const Target& target, const std::vector<Worker>& workers);
nlohmann::ordered_json view_of(const Worker& worker);
nlohmann::ordered_json view_of(const TargetCheck& check);
nlohmann::ordered_json view_of(const SupernetRecord& supernet);
// `labels`: what the job's accuracies are scored against.
nlohmann::ordered_json view_of(const Trial& trial, std::optional<LabelSource> labels,
                               Detail detail);
nlohmann::ordered_json view_of(const Comparison& comparison);
nlohmann::ordered_json view_of(const FrontMember& member);
nlohmann::ordered_json view_of(const TargetFront& front, std::optional<LabelSource> labels);

// The document that a record holds, or null.
nlohmann::ordered_json stored_json(const std::string& text);

// What they are, by the same names.
wire::Schema model_schema(Detail detail);
wire::Schema dataset_schema();
wire::Schema target_schema();
wire::Schema worker_schema();
wire::Schema check_schema();
wire::Schema supernet_schema();
wire::Schema comparison_schema();
std::vector<wire::schema::Field> trial_fields(Detail detail);
std::vector<wire::schema::Field> member_fields();
wire::Schema member_schema();
std::vector<wire::schema::Field> front_fields();
// Of an outcome in a list of trials; `more`: what is said of it besides.
wire::Schema outcome_schema(const std::string& name, const std::vector<wire::schema::Field>& more);

}  // namespace pare::coordinator
