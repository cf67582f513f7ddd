#include "coordinator/http/job_reader.h"

#include <utility>

#include "coordinator/jobs/job_runner.h"
#include "wire/job_json.h"
#include "wire/summary_json.h"

namespace pare::coordinator {

std::vector<TargetFront> JobContents::fronts() const {
  std::vector<TargetFront> out;
  if (!model) return out;
  for (const std::string& target : job.targets) {
    out.push_back(front_of(trials, target, document, *model));
  }
  return out;
}

Result<JobContents> read_job(Store& store, JobId id) {
  auto job = store.job(id);
  if (!job) return job.error();
  auto document = wire::parse_new_job(job.value().document_json);
  if (!document) return document.error();
  const auto model = store.model(job.value().model_sha256);
  if (!model) return model.error();
  auto trials = all_trials(store, id);
  if (!trials) return trials.error();

  const auto labels = labels_of(store, job.value());
  if (!labels) return labels.error();
  JobContents contents{std::move(job).value(), std::move(document).value(), std::nullopt,
                       std::move(trials).value(), labels.value()};
  if (!model.value().summary_json.empty()) {
    auto summary = wire::parse_summary(model.value().summary_json);
    if (!summary) return summary.error();
    contents.model = std::move(summary).value();
  }
  return contents;
}

Result<std::optional<LabelSource>> labels_of(Store& store, const Job& job) {
  const auto model = store.model(job.model_sha256);
  if (!model) return model.error();
  const auto dataset = store.dataset(job.dataset_sha256);
  if (!dataset) return dataset.error();
  if (model.value().state != EntryState::kReady || dataset.value().state != EntryState::kReady) {
    return std::optional<LabelSource>();
  }
  const auto summary = wire::parse_summary(model.value().summary_json);
  if (!summary) return summary.error();
  return std::optional(label_source(summary.value().card.head, dataset.value().counts.labelled));
}

}  // namespace pare::coordinator
