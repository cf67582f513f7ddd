#include "coordinator/http/job_reader.h"

#include <utility>

#include "wire/job_json.h"
#include "wire/summary_json.h"

namespace pare::coordinator {
namespace {

Result<std::vector<Trial>> all_trials(Store& store, JobId id) {
  constexpr int kPart = 1000;
  std::vector<Trial> all;
  for (Page page{0, kPart};; page.after = all.back().number) {
    auto part = store.trials(id, page);
    if (!part) return part.error();
    const auto& trials = part.value();
    all.insert(all.end(), trials.begin(), trials.end());
    if (static_cast<int>(trials.size()) < kPart) return all;
  }
}

}  // namespace

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
