// Plans and candidates: who tried them, what was cut, and what trials say of those not tried yet.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <semaphore>

#include "coordinator/http/groups.h"
#include "coordinator/http/problem.h"
#include "coordinator/http/replies.h"
#include "coordinator/http/report_view.h"
#include "coordinator/http/views.h"
#include "coordinator/jobs/job_context.h"
#include "coordinator/jobs/prediction.h"
#include "wire/field_errors.h"
#include "wire/plan_json.h"
#include "wire/task_results.h"

namespace pare::coordinator {
namespace {

using nlohmann::ordered_json;

constexpr int kOriginalTrial = 1;  // every job begins with it

ordered_json view_of(const std::vector<PredictedOutcome>& outcomes) {
  ordered_json view = ordered_json::object();
  for (const PredictedOutcome& outcome : outcomes) {
    ordered_json on = {{"works", outcome.works}};
    if (!outcome.never.empty()) on = {{"works", 0}, {"reason", outcome.never}};
    for (const auto& [metric, value] : outcome.metrics) {
      on[name_of(metric)] = {{"mean", value.mean}, {"low", value.low}, {"high", value.high}};
    }
    view[outcome.target] = std::move(on);
  }
  return view;
}

constexpr int kMostToldTrials = 2000;  // a prediction goes by the newest of those asked for
constexpr int kMostPredictions = 2;    // at once: each takes a processor for seconds

// Of those asked for, the newest that a prediction goes by.
Result<std::vector<Trial>> told_trials(Store& store, const Job& job, std::optional<int> first) {
  const int last = std::min(first.value_or(job.trials.asked), job.trials.asked);
  std::vector<Trial> told;
  for (int after = std::max(0, last - kMostToldTrials); after < last;) {
    auto page = store.trials(job.id, {after, std::min(500, last - after)});
    if (!page) return page.error();
    if (page.value().empty()) break;
    after = page.value().back().number;
    std::ranges::move(std::move(page).value(), std::back_inserter(told));
  }
  return told;
}

// POST /v1/jobs/{job}/predict
Response predict_plans(const Services& services, std::counting_semaphore<>& turns,
                       const Request& request) {
  const auto id = id_of(request, "job");
  if (!id) return failure(id.error());
  const auto asked = wire::parse_plans_asked(request.body);
  if (!asked) return failure(asked.error());
  const std::vector<Plan>& plans = asked.value().plans;
  const auto job = services.store.job(JobId{id.value()});
  if (!job) return failure(job.error());
  if (!turns.try_acquire()) {
    return failure({ErrorCode::kUnavailable, std::to_string(kMostPredictions) +
                                                 " predictions are being worked out: ask again"});
  }
  const std::unique_ptr<std::counting_semaphore<>, void (*)(std::counting_semaphore<>*)> turn(
      &turns, [](std::counting_semaphore<>* taken) { taken->release(); });
  const auto context = load_context(services.store, job.value());
  if (!context) return failure(context.error());
  const auto told = told_trials(services.store, job.value(), asked.value().trials);
  if (!told) return failure(told.error());
  const auto predicted = predict(context.value(), told.value(), plans);
  if (!predicted) return failure(predicted.error());
  ordered_json items = ordered_json::array();
  for (std::size_t i = 0; i < plans.size(); ++i) {
    items.push_back({{"plan_sha256", wire::plan_sha256(plans[i])},
                     {"predicted", view_of(predicted.value()[i])}});
    const Weights weights = predicted_weights(context.value(), plans[i]);
    if (weights != plans[i].weights) items.back()["weights"] = name_of(weights);
  }
  return reply(200, {{"job", id.value()}, {"items", std::move(items)}});
}

Result<ordered_json> with_job(const Services& services, const std::vector<Trial>& trials) {
  ordered_json views = ordered_json::array();
  for (const Trial& trial : trials) {
    const auto labels = labels_of(services.store, trial.job);
    if (!labels) return labels.error();
    ordered_json view = {{"job", trial.job.value}};
    view.update(view_of(trial, labels.value(), Detail::kFull));
    view.erase("plan");
    views.push_back(std::move(view));
  }
  return views;
}

// GET /v1/plans/{plan}
Response get_plan(const Services& services, const Request& request) {
  const auto trials = services.store.trials_with_plan(request.captured("plan"));
  if (!trials) return failure(trials.error());
  const auto views = with_job(services, trials.value());
  if (!views) return failure(views.error());
  const Trial& first = trials.value().front();
  return reply(200, {{"sha256", first.plan_sha256},
                     {"plan", stored_json(first.plan_json)},
                     {"trials", views.value()}});
}

// GET /v1/candidates/{candidate}
Response get_candidate(const Services& services, const Request& request) {
  const auto trials = services.store.trials_with_candidate(request.captured("candidate"));
  if (!trials) return failure(trials.error());
  const auto views = with_job(services, trials.value());
  if (!views) return failure(views.error());
  const Trial& first = trials.value().front();
  return reply(200, {{"sha256", first.candidate_sha256},
                     {"plan_sha256", first.plan_sha256},
                     {"bytes", first.bytes.value_or(0)},
                     {"macs", first.macs.value_or(0)},
                     {"build", stored_json(first.build_json)},
                     {"trials", views.value()}});
}

// Where a candidate is reported of: in the job that is asked for, or the newest that has it.
Result<Trial> reported_trial(const Services& services, const Request& request) {
  const auto trials = services.store.trials_with_candidate(request.captured("candidate"));
  if (!trials) return trials.error();
  if (!request.query.contains("job")) {
    return *std::ranges::max_element(trials.value(), {}, &Trial::job);
  }
  const auto job = whole_of(request, "job");
  if (!job) return job.error();
  const auto in_job = std::ranges::find_if(
      trials.value(), [&](const Trial& trial) { return trial.job.value == *job.value(); });
  if (in_job != trials.value().end()) return *in_job;
  return wire::with_field(
      {ErrorCode::kNotFound, "no trial of job " + request.query.at("job") + " made the candidate"},
      "job", request.query.at("job"));
}

// What the builds of two trials came to; the original's where there is one.
ordered_json totals_view(const Trial& trial, const Trial* original) {
  const auto built = [](const Trial& one) {
    const ordered_json build = stored_json(one.build_json);
    ordered_json view = ordered_json::object();
    for (const char* name : {"macs", "parameters", "bytes"}) {
      if (build.is_object() && build.contains(name)) view[name] = build[name];
    }
    return view;
  };
  ordered_json view = built(trial);
  if (original != nullptr) view["original"] = built(*original);
  return view;
}

// GET /v1/candidates/{candidate}/report
Response get_report(const Services& services, const Request& request) {
  const auto trial = reported_trial(services, request);
  if (!trial) return failure(trial.error());
  const auto job = services.store.job(trial.value().job);
  if (!job) return failure(job.error());
  const auto context = load_context(services.store, job.value());
  if (!context) return failure(context.error());
  const auto guidance = guidance_of(job.value(), context.value().training);
  if (!guidance) return failure(guidance.error());
  const auto first = services.store.trial(job.value().id, kOriginalTrial);
  const Trial* original = first && first.value().macs ? &first.value() : nullptr;
  const auto report = report_of(context.value(), guidance.value(), trial.value(), original);
  if (!report) return failure(report.error());
  ordered_json view = {{"sha256", trial.value().candidate_sha256},
                       {"plan_sha256", trial.value().plan_sha256},
                       {"job", job.value().id.value},
                       {"trial", trial.value().number},
                       {"origin", name_of(trial.value().origin)},
                       {"model_sha256", job.value().model_sha256},
                       {"labels", name_of(context.value().labels)},
                       {"totals", totals_view(trial.value(), original)}};
  view.update(view_of(report.value()));
  return reply(200, view);
}

// GET /v1/candidates/{candidate}/file
Response get_candidate_file(const Services& services, const Request& request) {
  const auto trials = services.store.trials_with_candidate(request.captured("candidate"));
  if (!trials) return failure(trials.error());
  const std::string& sha256 = trials.value().front().candidate_sha256;
  const auto blob = services.blobs.find(sha256);
  if (!blob) return failure(blob.error());
  return reply_file(request, blob.value(), sha256, sha256.substr(0, 10) + ".onnx");
}

// Where a plan or a candidate is shown: with its job, and without the plan.
wire::Schema told_trial_schema() {
  std::vector<schema::Field> fields = trial_fields(Detail::kFull);
  fields.push_back(schema::must("job", schema::whole(1)));
  return schema::object(fields).named("ToldTrial");
}

wire::Schema predictions_schema() {
  const wire::Schema interval =
      schema::object({schema::must("mean", schema::number()), schema::must("low", schema::number()),
                      schema::must("high", schema::number())});
  const wire::Schema outcome = schema::object_and(
      {schema::must("works", schema::number(0, 1)), schema::may("reason", schema::text())},
      interval.about("of a metric, 90 %").named("PredictedMetric"));
  const wire::Schema item =
      schema::object({schema::must("plan_sha256", schema::sha256()),
                      schema::must("predicted", schema::by_name(outcome).about("by target")),
                      schema::may("weights", schema::one_of_all<Weights>())});
  return schema::object(
             {schema::must("job", schema::whole(1)), schema::must("items", schema::list(item))})
      .named("Predictions");
}

wire::Schema plan_view_schema() {
  return schema::object({schema::must("sha256", schema::sha256()),
                         schema::must("plan", wire::plan_schema()),
                         schema::must("trials", schema::list(told_trial_schema()))})
      .named("PlanView");
}

wire::Schema candidate_schema() {
  return schema::object({schema::must("sha256", schema::sha256()),
                         schema::must("plan_sha256", schema::sha256()),
                         schema::must("bytes", schema::whole()),
                         schema::must("macs", schema::whole()),
                         schema::must("build", wire::build_schema().or_null()),
                         schema::must("trials", schema::list(told_trial_schema()))})
      .named("Candidate");
}

wire::Schema report_schema() {
  const std::vector<schema::Field> built = {schema::may("macs", schema::whole()),
                                            schema::may("parameters", schema::whole()),
                                            schema::may("bytes", schema::whole())};
  std::vector<schema::Field> totals = built;
  totals.push_back(schema::may("original", schema::object(built)));
  std::vector<schema::Field> fields = {schema::must("sha256", schema::sha256()),
                                       schema::must("plan_sha256", schema::sha256()),
                                       schema::must("job", schema::whole(1)),
                                       schema::must("trial", schema::small(1)),
                                       schema::must("origin", schema::one_of(kTrialOriginNames)),
                                       schema::must("model_sha256", schema::sha256()),
                                       schema::must("labels", schema::one_of(kLabelSourceNames)),
                                       schema::must("totals", schema::object(totals))};
  std::ranges::copy(report_fields(), std::back_inserter(fields));
  return schema::object(fields).named("Report");
}

}  // namespace

void add_plan_routes(RouteTable& table, const Services& services) {
  table.add({"POST", "/v1/jobs/{job}/predict", Body::kJson, Needs::kRead,
             "What the job's trials say of plans that it has not tried",
             [&services, turns = std::make_shared<std::counting_semaphore<>>(kMostPredictions)](
                 const Request& r) { return predict_plans(services, *turns, r); },
             RouteDoc{.id = "predictPlans",
                      .tag = "plans",
                      .takes = wire::plans_asked_schema(),
                      .gives = {{200, predictions_schema()}},
                      .refuses = {409, 422}}});
  table.add({"GET", "/v1/plans/{plan}", Body::kNone, Needs::kRead,
             "A plan, and the trials that used it",
             [&services](const Request& r) { return get_plan(services, r); },
             RouteDoc{.id = "getPlan", .tag = "plans", .gives = {{200, plan_view_schema()}}}});
  table.add(
      {"GET", "/v1/candidates/{candidate}", Body::kNone, Needs::kRead,
       "What is known of a candidate",
       [&services](const Request& r) { return get_candidate(services, r); },
       RouteDoc{.id = "getCandidate", .tag = "candidates", .gives = {{200, candidate_schema()}}}});
  table.add({"GET", "/v1/candidates/{candidate}/report", Body::kNone, Needs::kRead,
             "What was cut or lowered in a candidate, where and why, and what it cost",
             [&services](const Request& r) { return get_report(services, r); },
             RouteDoc{.id = "getReport",
                      .tag = "candidates",
                      .query = {{"job", schema::whole(1, INT64_MAX),
                                 "In that job; else in the newest that made it"}},
                      .gives = {{200, report_schema()}},
                      .refuses = {409}}});
  table.add({"GET", "/v1/candidates/{candidate}/file", Body::kNone, Needs::kRead,
             "The candidate's ONNX",
             [&services](const Request& r) { return get_candidate_file(services, r); },
             RouteDoc{.id = "getCandidateFile", .tag = "candidates", .file = true}});
}

}  // namespace pare::coordinator
