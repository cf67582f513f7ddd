#include "coordinator/http/job_document.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "coordinator/http/replies.h"
#include "coordinator/http/views.h"
#include "coordinator/jobs/tuning.h"
#include "wire/job_json.h"
#include "wire/tuning_json.h"

namespace pare::coordinator {

using nlohmann::ordered_json;

ordered_json job_outline(const Job& job, const NewJob* document) {
  ordered_json view = {
      {"id", job.id.value}, {"state", name_of(job.state)}, {"revision", job.revision}};
  if (!job.reason.empty()) view["reason"] = job.reason;
  if (!job.owner.empty()) view["owner"] = job.owner;
  view["priority"] = job.priority;
  if (!job.warnings.empty()) view["warnings"] = job.warnings;
  // Whatever a version before did not know stands there with its default.
  const ordered_json posted =
      document ? ordered_json(wire::job_value(*document)) : stored_json(job.document_json);
  for (const auto& [name, value] : posted.items()) view[name] = value;
  view["model_sha256"] = job.model_sha256;
  view["card_version"] = job.card_version;
  view["dataset_sha256"] = job.dataset_sha256;
  if (!job.supernet_sha256.empty()) view["supernet_sha256"] = job.supernet_sha256;
  if (!job.preprocessing_json.empty()) view["preprocessing"] = stored_json(job.preprocessing_json);
  if (const auto tuning = tuning_of(job)) {
    view["tuning"] = wire::tuning_value(*tuning);
    view["tuning"]["ended"] = pare::ended(*tuning);
  }
  view["created_at"] = rfc3339(job.created_at);
  if (job.started_at) view["started_at"] = rfc3339(*job.started_at);
  if (job.finished_at) view["finished_at"] = rfc3339(*job.finished_at);
  view["trials"] = {{"asked", job.trials.asked},
                    {"finished", job.trials.finished},
                    {"failed", job.trials.failed}};
  const Progress progress = progress_of(job, document ? document->budget : Budget{});
  view["progress"] = progress.share;
  if (progress.seconds_left) view["seconds_left"] = *progress.seconds_left;
  return view;
}

ordered_json job_document(const JobView& job) {
  ordered_json view = job_outline(job.job, &job.document);
  if (job.labels) view["labels"] = name_of(*job.labels);
  view["best"] = ordered_json::array();
  for (const TargetFront& front : job.found->fronts) {
    ordered_json best = {{"target", front.target}, {"hypervolume", front.hypervolume}};
    if (front.original) best["original"] = view_of(*front.original);
    best["front"] = std::ranges::count(front.members, true, &FrontMember::useful);
    if (front.fastest) best["fastest"] = view_of(*front.fastest);
    if (!front.note.empty()) best["note"] = front.note;
    view["best"].push_back(std::move(best));
  }
  return view;
}

}  // namespace pare::coordinator
