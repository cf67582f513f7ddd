// Jobs: submitted, read, paused, cancelled.
#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "coordinator/http/groups.h"
#include "coordinator/http/problem.h"
#include "coordinator/http/replies.h"
#include "coordinator/http/views.h"
#include "coordinator/jobs/submission.h"
#include "coordinator/jobs/supernets.h"
#include "coordinator/jobs/transfer.h"
#include "coordinator/jobs/tuning.h"
#include "wire/job_json.h"
#include "wire/tuning_json.h"

namespace pare::coordinator {
namespace {

using nlohmann::ordered_json;

// What a reader of the job sees before its trials are looked at.
ordered_json outline_of(const Job& job, const Budget& budget) {
  ordered_json view = {
      {"id", job.id.value}, {"state", name_of(job.state)}, {"revision", job.revision}};
  if (!job.reason.empty()) view["reason"] = job.reason;
  if (!job.owner.empty()) view["owner"] = job.owner;
  view["priority"] = job.priority;
  if (!job.warnings.empty()) view["warnings"] = job.warnings;
  const ordered_json posted = stored_json(job.document_json);
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
  const Progress progress = progress_of(job, budget);
  view["progress"] = progress.share;
  if (progress.seconds_left) view["seconds_left"] = *progress.seconds_left;
  return view;
}

ordered_json view_of(const JobView& job) {
  ordered_json view = outline_of(job.job, job.document.budget);
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

// More are not shown: a fleet without disks has thousands.
constexpr int kMostWaits = 100;

// The job's tasks that wait through nobody's fault, and what for.
ordered_json view_of(const std::vector<TaskWait>& waits) {
  ordered_json view = ordered_json::array();
  for (const TaskWait& wait : waits) {
    ordered_json one = {{"task", wait.task.value}, {"kind", name_of(wait.kind)}};
    if (wait.subject.trial) one["trial"] = *wait.subject.trial;
    one["reason"] = wait.reason;
    one["times"] = wait.waits;
    one["until"] = rfc3339(wait.until);
    view.push_back(std::move(one));
  }
  return view;
}

// What is done for a job before it searches, and of its tuning when it has, and how far that is.
Result<ordered_json> under_way(Store& store, const Job& job) {
  ordered_json view = ordered_json::array();
  const bool tunes = job.state == JobState::kFinishing && !job.tuning_json.empty();
  if (job.state != JobState::kPreparing && !tunes) return view;
  const auto tasks =
      store.tasks({.job = job.id, .trial = {}, .state = TaskState::kLeased}, {0, kMostWaits});
  if (!tasks) return tasks.error();
  for (const Task& task : tasks.value()) {
    if (!task.unreadable.empty() || (tunes && task.task.kind != TaskKind::kTrain)) continue;
    view.push_back({{"task", task.id.value},
                    {"kind", name_of(task.task.kind)},
                    {"progress", task.progress},
                    {"message", task.suspended ? "stands still for a measurement" : task.message}});
    if (task.task.subject.trial) view.back()["trial"] = *task.task.subject.trial;
  }
  return view;
}

std::string_view name_of(TransferVerdict verdict) {
  switch (verdict) {
    case TransferVerdict::kUnknown: return "unknown";
    case TransferVerdict::kGood: return "good";
    case TransferVerdict::kPoor: return "poor";
  }
  return "";
}

ordered_json transfer_view(const TransferJudged& judged) {
  if (!judged.reason.empty()) return {{"reason", judged.reason}};
  ordered_json view = {{"known_plans", judged.known_plans}, {"targets", ordered_json::object()}};
  for (const TargetTransfer& one : judged.targets) {
    view["targets"][one.target] = {{"plans", one.quality.plans},
                                   {"within_10_percent", one.quality.within},
                                   {"in_90_percent_interval", one.quality.covered},
                                   {"verdict", name_of(one.verdict)}};
  }
  return view;
}

Response reply_job(const Services& services, int status, JobId id) {
  const auto job = services.views.read(id);
  if (!job) return failure(job.error());
  ordered_json view = view_of(job.value());
  if (job.value().transfer) view["transfer"].update(transfer_view(*job.value().transfer));
  const auto waits = services.store.waits(id, kMostWaits);
  if (!waits) return failure(waits.error());
  view["waiting"] = view_of(waits.value());
  auto doing = under_way(services.store, job.value().job);
  if (!doing) return failure(doing.error());
  if (!doing.value().empty()) view["under_way"] = std::move(doing).value();
  const auto nobody = why_training_waits(services.store, job.value().job);
  if (!nobody) return failure(nobody.error());
  if (!nobody.value().empty()) {
    view["waiting"].push_back({{"kind", name_of(TaskKind::kTrain)}, {"reason", nobody.value()}});
  }
  return reply(status, view);
}

// POST /v1/jobs
Response post_job(const Services& services, const Request& request) {
  const auto job = wire::parse_new_job(request.body);
  if (!job) return failure(job.error());
  const auto key = idempotency_of(request);
  if (!key) return failure(key.error());

  if (key.value()) {  // first: what was good when it was posted may be good no more
    const auto made = services.store.job_made_by(*key.value());
    if (!made) return failure(made.error());
    if (made.value()) return reply_job(services, 200, made.value()->id);
  }
  auto drafted = draft_of(services.store, services.views, job.value());
  if (!drafted) return failure(drafted.error());
  JobDraft draft = std::move(drafted).value();
  draft.owner = request.principal.owner;
  const auto added = services.store.add_job(draft, key.value());
  if (!added) return failure(added.error());

  services.work_added();
  return reply_job(services, added.value().created ? 201 : 200, added.value().value.id);
}

// GET /v1/jobs: without `best`, which takes all the trials of each
Response list_jobs(const Services& services, const Request& request) {
  const auto page = page_of(request);
  if (!page) return failure(page.error());
  const auto jobs = services.store.jobs(one_more(page.value()));
  if (!jobs) return failure(jobs.error());
  const auto waits = services.store.waits(std::nullopt, kMostWaits);
  if (!waits) return failure(waits.error());
  ListReply list(page.value());
  for (const Job& job : jobs.value()) {
    const auto document = wire::parse_new_job(job.document_json);
    // One that cannot be read hides no other.
    ordered_json view = outline_of(job, document ? document.value().budget : Budget{});
    std::vector<TaskWait> here;
    std::ranges::copy_if(waits.value(), std::back_inserter(here),
                         [&](const TaskWait& wait) { return wait.subject.job == job.id; });
    view["waiting"] = view_of(here);
    list.add(job.id.value, view);
  }
  return list.reply();
}

// GET /v1/jobs/{job}
Response get_job(const Services& services, const Request& request) {
  const auto id = id_of(request, "job");
  if (!id) return failure(id.error());
  return reply_job(services, 200, JobId{id.value()});
}

using ChangeJob = std::function<Result<Job>(JobId id)>;

// What only the job's owner and administrators may do.
Response change_job(const Services& services, const Request& request, const ChangeJob& change) {
  const auto id = id_of(request, "job");
  if (!id) return failure(id.error());
  const auto before = services.store.job(JobId{id.value()});
  if (!before) return failure(before.error());
  if (!may_change(request.principal, before.value().owner)) {
    return refuse_owned("job " + std::to_string(id.value()), before.value().owner);
  }
  const auto job = change(JobId{id.value()});
  if (!job) return failure(job.error());
  services.work_added();
  return reply_job(services, 200, job.value().id);
}

// POST /v1/jobs/{job}/priority
Response set_priority(const Services& services, const Request& request) {
  const auto priority = wire::parse_priority(request.body);
  if (!priority) return failure(priority.error());
  return change_job(services, request,
                    [&](JobId id) { return services.store.set_priority(id, priority.value()); });
}

// GET /v1/jobs/{job}/checks: as many as are there already
Response list_checks(const Services& services, const Request& request) {
  const auto id = id_of(request, "job");
  if (!id) return failure(id.error());
  const auto job = services.store.job(JobId{id.value()});
  if (!job) return failure(job.error());
  const auto checks = services.store.checks(job.value().id);
  if (!checks) return failure(checks.error());
  ordered_json items = ordered_json::array();
  for (const TargetCheck& check : checks.value()) items.push_back(view_of(check));
  return reply(200, {{"items", std::move(items)}});
}

}  // namespace

void add_job_routes(RouteTable& table, const Services& services) {
  table.add({"POST", "/v1/jobs", Body::kJson, Needs::kSubmit, "Submits a search",
             [&services](const Request& r) { return post_job(services, r); }});
  table.add({"GET", "/v1/jobs", Body::kNone, Needs::kRead, "The jobs",
             [&services](const Request& r) { return list_jobs(services, r); }});
  table.add({"GET", "/v1/jobs/{job}", Body::kNone, Needs::kRead,
             "A job: progress, best so far, time left",
             [&services](const Request& r) { return get_job(services, r); }});
  table.add({"GET", "/v1/jobs/{job}/checks", Body::kNone, Needs::kRead,
             "What the reality check of each target found",
             [&services](const Request& r) { return list_checks(services, r); }});
  table.add({"POST", "/v1/jobs/{job}/cancel", Body::kNone, Needs::kSubmit,
             "Ends a job and what runs for it", [&services](const Request& r) {
               return change_job(services, r,
                                 [&](JobId id) { return services.store.cancel_job(id); });
             }});
  table.add(
      {"POST", "/v1/jobs/{job}/pause", Body::kNone, Needs::kSubmit,
       "Lets a search stand still: what runs ends, nothing begins", [&services](const Request& r) {
         return change_job(services, r, [&](JobId id) { return services.store.pause_job(id); });
       }});
  table.add({"POST", "/v1/jobs/{job}/resume", Body::kNone, Needs::kSubmit, "Lets it go on",
             [&services](const Request& r) {
               return change_job(services, r,
                                 [&](JobId id) { return services.store.resume_job(id); });
             }});
  table.add({"POST", "/v1/jobs/{job}/priority", Body::kJson, Needs::kSubmit,
             "How urgent a job is among its owner's",
             [&services](const Request& r) { return set_priority(services, r); }});
}

}  // namespace pare::coordinator
