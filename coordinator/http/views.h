// What the API shows of what is stored (docs/api.md).  Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "coordinator/jobs/front.h"
#include "coordinator/store/records.h"
#include "core/label_source.h"
#include "core/target.h"

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

}  // namespace pare::coordinator
