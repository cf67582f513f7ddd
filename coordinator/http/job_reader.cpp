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

  JobContents contents{std::move(job).value(), std::move(document).value(), std::nullopt,
                       std::move(trials).value()};
  if (!model.value().summary_json.empty()) {
    auto summary = wire::parse_summary(model.value().summary_json);
    if (!summary) return summary.error();
    contents.model = std::move(summary).value();
  }
  return contents;
}

}  // namespace pare::coordinator
