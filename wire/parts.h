// Decoders of parts that stand in several documents; private to this folder.
#pragma once

#include <array>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/head_description.h"
#include "core/job.h"
#include "core/model_summary.h"
#include "core/plan.h"
#include "core/preprocessing.h"
#include "wire/fields.h"
#include "wire/schema.h"

namespace pare::wire {

Plan read_plan(Fields& fields);
ModelCard read_card(Fields& fields);
PartialCard read_partial_card(Fields& fields);
ModelSummary read_summary(Fields& fields);
Preprocessing read_preprocessing(Fields& fields);
PreprocessingTrial read_preprocessing_trial(Fields& fields);
HeadDescription read_head_description(Fields& fields);
Schema head_description_schema();
std::vector<TriedSize> read_tried_sizes(Fields& fields, std::string_view name);

nlohmann::json plan_value(const Plan& plan);
nlohmann::json card_value(const ModelCard& card);
nlohmann::json card_value(const PartialCard& card);
nlohmann::json preprocessing_value(const Preprocessing& preprocessing);
nlohmann::json preprocessing_trial_value(const PreprocessingTrial& trial);
nlohmann::json head_description_value(const HeadDescription& head);
nlohmann::json summary_value(const ModelSummary& summary);
nlohmann::json tried_sizes_value(const std::vector<TriedSize>& sizes);

inline constexpr int kLargestSide = 8192;  // of an input

// A name that somebody chose, fit for a path, a table and a shell: 1 to 100 letters, digits and
// . _ + -, the first no . and no -.
std::string read_plain_name(Fields& fields, std::string_view name);

// In the order of QdqPlacement.
inline constexpr std::array<std::string_view, 3> kPlacementNames = {"operators", "convolutions",
                                                                    "silu_blocks"};

// A precision's name; `offered` are the ones that may stand there.
Precision read_precision(Fields& fields, std::string_view name, std::span<const Precision> offered);
std::vector<Precision> read_precisions(Fields& fields, std::string_view name);
nlohmann::json precisions_value(const std::vector<Precision>& precisions);

// Bytes that are not UTF-8 (a layer's name in a file that somebody else made) come out replaced.
std::string dump(const nlohmann::json& value);

// Decodes a whole text: read(Fields&) gives the value.
template <typename Read>
auto decode(std::string_view json, std::string_view what, Read read)
    -> Result<decltype(read(std::declval<Fields&>()))> {
  Document document(json, what);
  auto value = [&] {
    Fields fields(document);
    return read(fields);
  }();
  if (document.problem()) return *document.problem();
  return value;
}

}  // namespace pare::wire
