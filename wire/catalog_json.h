// What is posted to register a model or a dataset, and to ask for a comparison (docs/api.md).
// Decoding is total, as in plan_json.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "core/model_summary.h"
#include "core/result.h"
#include "wire/schema.h"

namespace pare::wire {

struct NewModel {
  std::string name;
  std::string sha256;
  std::optional<PartialCard> card;
  friend bool operator==(const NewModel&, const NewModel&) = default;
};

struct NewSupernet {
  std::string sha256;
  friend bool operator==(const NewSupernet&, const NewSupernet&) = default;
};

struct NewDataset {
  std::string name;
  std::string sha256;
  friend bool operator==(const NewDataset&, const NewDataset&) = default;
};

// An A/B experiment between two plans of a job on one target; DESIGN section 9 has the defaults.
struct NewComparison {
  JobId job;
  std::string target;
  std::string a;  // SHA-256 of a plan, or a prefix of it
  std::string b;
  double alpha = 0.05;
  double latency_margin = 0.03;  // share of A's latency
  double map_margin = 0.005;     // in [0, 1], as mAP is: half a point
  int max_blocks = 60;
  friend bool operator==(const NewComparison&, const NewComparison&) = default;
};

Result<NewModel> parse_new_model(std::string_view json);
Result<NewSupernet> parse_new_supernet(std::string_view json);
Result<NewDataset> parse_new_dataset(std::string_view json);
Result<NewComparison> parse_new_comparison(std::string_view json);
std::string comparison_to_json(const NewComparison& comparison);

Schema new_model_schema();
Schema new_dataset_schema();
Schema new_supernet_schema();
std::vector<schema::Field> comparison_fields(Side side);
Schema new_comparison_schema();

}  // namespace pare::wire
