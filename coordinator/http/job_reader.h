// Reads what the front functions need of a job: its document, its model and its trials.
//
// Costs one pass over the job's trials; called from the HTTP threads.
#pragma once

#include <optional>
#include <vector>

#include "coordinator/jobs/front.h"
#include "coordinator/store/store.h"
#include "core/label_source.h"
#include "core/result.h"

namespace pare::coordinator {

struct JobContents {
  Job job;
  NewJob document;
  std::optional<ModelSummary> model;  // once it was inspected
  std::vector<Trial> trials;
  std::optional<LabelSource> labels;  // as labels_of()

  // Of the job's targets, in their order; none before the model was inspected.
  std::vector<TargetFront> fronts() const;
};

Result<JobContents> read_job(Store& store, JobId id);

// What a job's accuracies are scored against; nullopt while its model or its dataset is not
// inspected.
Result<std::optional<LabelSource>> labels_of(Store& store, const Job& job);

}  // namespace pare::coordinator
