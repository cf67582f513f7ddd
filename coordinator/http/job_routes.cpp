// Jobs: submitted, read, paused, cancelled.
#include <algorithm>
#include <array>
#include <functional>
#include <nlohmann/json.hpp>

#include "coordinator/http/groups.h"
#include "coordinator/http/job_document.h"
#include "coordinator/http/problem.h"
#include "coordinator/http/replies.h"
#include "coordinator/http/views.h"
#include "coordinator/jobs/submission.h"
#include "coordinator/jobs/supernets.h"
#include "coordinator/jobs/transfer.h"
#include "core/names.h"
#include "wire/job_json.h"
#include "wire/preprocessing_json.h"
#include "wire/tuning_json.h"

namespace pare::coordinator {
namespace {

using nlohmann::ordered_json;

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

constexpr std::array kTransferVerdictNames = {
    Named<TransferVerdict>{TransferVerdict::kUnknown, "unknown"},
    Named<TransferVerdict>{TransferVerdict::kGood, "good"},
    Named<TransferVerdict>{TransferVerdict::kPoor, "poor"},
};

ordered_json transfer_view(const TransferJudged& judged) {
  if (!judged.reason.empty()) return {{"reason", judged.reason}};
  ordered_json view = {{"known_plans", judged.known_plans}, {"targets", ordered_json::object()}};
  for (const TargetTransfer& one : judged.targets) {
    view["targets"][one.target] = {{"plans", one.quality.plans},
                                   {"within_10_percent", one.quality.within},
                                   {"in_90_percent_interval", one.quality.covered},
                                   {"verdict", name_in(kTransferVerdictNames, one.verdict)}};
  }
  return view;
}

Response reply_job(const Services& services, int status, JobId id) {
  const auto job = services.views.read(id);
  if (!job) return failure(job.error());
  ordered_json view = job_document(job.value());
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
    ordered_json view = job_outline(job, document ? &document.value() : nullptr);
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

std::vector<schema::Field> transfer_told() {
  const wire::Schema target =
      schema::object({schema::must("plans", schema::small()),
                      schema::must("within_10_percent", schema::number(0, 1)),
                      schema::must("in_90_percent_interval", schema::number(0, 1)),
                      schema::must("verdict", schema::one_of(kTransferVerdictNames))});
  return {schema::may("reason", schema::text()), schema::may("known_plans", schema::whole()),
          schema::may("targets", schema::by_name(target))};
}

wire::Schema waiting_schema() {
  return schema::object(
             {schema::may("task", schema::whole(1)),
              schema::must("kind", schema::one_of_all(kAllTaskKinds)),
              schema::may("trial", schema::small(1)), schema::must("reason", schema::text()),
              schema::may("times", schema::small()), schema::may("until", schema::time())})
      .named("Waiting");
}

wire::Schema under_way_schema() {
  return schema::object({schema::must("task", schema::whole(1)),
                         schema::must("kind", schema::one_of_all(kAllTaskKinds)),
                         schema::must("progress", schema::number(0, 1)),
                         schema::must("message", schema::text()),
                         schema::may("trial", schema::small(1))})
      .named("UnderWay");
}

wire::Schema best_schema() {
  return schema::object({schema::must("target", schema::text()),
                         schema::must("hypervolume", schema::number(0)),
                         schema::may("original", member_schema()),
                         schema::must("front", schema::whole().about("how many are of use")),
                         schema::may("fastest", member_schema().about("at most 1.0 point lost")),
                         schema::may("note", schema::text())})
      .named("Best");
}

std::vector<schema::Field> outline_fields() {
  std::vector<schema::Field> tuning = wire::tuning_fields();
  tuning.push_back(schema::must("ended", schema::small()));
  const wire::Schema trials = schema::object({schema::must("asked", schema::small()),
                                              schema::must("finished", schema::small()),
                                              schema::must("failed", schema::small())});
  std::vector<schema::Field> fields = {
      schema::must("id", schema::whole(1)),
      schema::must("state", schema::one_of_all<JobState>()),
      schema::must("revision", schema::whole().about("rises with every outcome")),
      schema::may("reason", schema::text()),
      schema::may("owner", schema::text()),
      schema::must("priority", schema::whole(-wire::kMostUrgent, wire::kMostUrgent)),
      schema::may("warnings", schema::list(schema::text()))};
  std::ranges::copy(wire::job_fields(wire::Side::kAnswered, transfer_told()),
                    std::back_inserter(fields));
  for (schema::Field field :
       {schema::must("model_sha256", schema::sha256()),
        schema::must("card_version", schema::small()),
        schema::must("dataset_sha256", schema::sha256()),
        schema::may("supernet_sha256", schema::sha256()),
        schema::may("preprocessing", wire::preprocessing_trial_schema()),
        schema::may("tuning", schema::object(tuning)), schema::must("created_at", schema::time()),
        schema::may("started_at", schema::time()), schema::may("finished_at", schema::time()),
        schema::must("trials", trials), schema::must("progress", schema::number(0, 1)),
        schema::may("seconds_left", schema::number(0)),
        schema::must("waiting", schema::list(waiting_schema()))}) {
    fields.push_back(std::move(field));
  }
  return fields;
}

wire::Schema listed_job_schema() {
  return schema::object(outline_fields()).named("ListedJob");
}

wire::Schema job_schema() {
  std::vector<schema::Field> fields = outline_fields();
  fields.push_back(schema::may("labels", schema::one_of(kLabelSourceNames)));
  fields.push_back(schema::must("best", schema::list(best_schema())));
  fields.push_back(schema::may("under_way", schema::list(under_way_schema())));
  return schema::object(fields).named("Job");
}

}  // namespace

void add_job_routes(RouteTable& table, const Services& services) {
  table.add({"POST", "/v1/jobs", Body::kJson, Needs::kSubmit, "Submits a search",
             [&services](const Request& r) { return post_job(services, r); },
             RouteDoc{.id = "postJob",
                      .tag = "jobs",
                      .takes = wire::new_job_schema(),
                      .gives = {{200, job_schema()}, {201, job_schema()}},
                      .keyed = true,
                      .refuses = {422}}});
  table.add({"GET", "/v1/jobs", Body::kNone, Needs::kRead, "The jobs",
             [&services](const Request& r) { return list_jobs(services, r); },
             RouteDoc{.id = "listJobs",
                      .tag = "jobs",
                      .query = page_query(),
                      .gives = {{200, page_of_schema("Jobs", listed_job_schema())}}}});
  table.add({"GET", "/v1/jobs/{job}", Body::kNone, Needs::kRead,
             "A job: progress, best so far, time left",
             [&services](const Request& r) { return get_job(services, r); },
             RouteDoc{.id = "getJob", .tag = "jobs", .gives = {{200, job_schema()}}}});
  table.add({"GET", "/v1/jobs/{job}/checks", Body::kNone, Needs::kRead,
             "What the reality check of each target found",
             [&services](const Request& r) { return list_checks(services, r); },
             RouteDoc{.id = "listChecks",
                      .tag = "jobs",
                      .gives = {{200, items_schema("TargetChecks", check_schema())}}}});
  table.add(
      {"POST", "/v1/jobs/{job}/cancel", Body::kNone, Needs::kSubmit,
       "Ends a job and what runs for it",
       [&services](const Request& r) {
         return change_job(services, r, [&](JobId id) { return services.store.cancel_job(id); });
       },
       RouteDoc{
           .id = "cancelJob", .tag = "jobs", .gives = {{200, job_schema()}}, .refuses = {409}}});
  table.add(
      {"POST", "/v1/jobs/{job}/pause", Body::kNone, Needs::kSubmit,
       "Lets a search stand still: what runs ends, nothing begins",
       [&services](const Request& r) {
         return change_job(services, r, [&](JobId id) { return services.store.pause_job(id); });
       },
       RouteDoc{
           .id = "pauseJob", .tag = "jobs", .gives = {{200, job_schema()}}, .refuses = {409}}});
  table.add(
      {"POST", "/v1/jobs/{job}/resume", Body::kNone, Needs::kSubmit, "Lets it go on",
       [&services](const Request& r) {
         return change_job(services, r, [&](JobId id) { return services.store.resume_job(id); });
       },
       RouteDoc{
           .id = "resumeJob", .tag = "jobs", .gives = {{200, job_schema()}}, .refuses = {409}}});
  table.add({"POST", "/v1/jobs/{job}/priority", Body::kJson, Needs::kSubmit,
             "How urgent a job is among its owner's",
             [&services](const Request& r) { return set_priority(services, r); },
             RouteDoc{.id = "setPriority",
                      .tag = "jobs",
                      .takes = wire::priority_schema(),
                      .gives = {{200, job_schema()}},
                      .refuses = {409}}});
}

}  // namespace pare::coordinator
