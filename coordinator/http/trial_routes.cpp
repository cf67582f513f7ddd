// What a job found: trials, fronts, plans and candidates.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <semaphore>
#include <set>

#include "coordinator/http/groups.h"
#include "coordinator/http/problem.h"
#include "coordinator/http/replies.h"
#include "coordinator/http/report_view.h"
#include "coordinator/http/trial_summaries.h"
#include "coordinator/http/views.h"
#include "coordinator/jobs/job_context.h"
#include "coordinator/jobs/prediction.h"
#include "wire/field_errors.h"
#include "wire/measurement_json.h"
#include "wire/plan_json.h"

namespace pare::coordinator {
namespace {

using nlohmann::ordered_json;

constexpr int kOriginalTrial = 1;  // every job begins with it

// Those whose outcomes changed after a revision of the job, and up to which one that holds.
Response list_changed(const Services& services, const JobView& job, std::int64_t after, int limit) {
  const auto changed = services.store.changed_trials(job.job.id, after, limit);
  if (!changed) return failure(changed.error());
  const std::set<int>& numbers = changed.value().numbers;
  const auto trials =
      services.store.trials_numbered(job.job.id, std::vector(numbers.begin(), numbers.end()));
  if (!trials) return failure(trials.error());
  const auto original = built_original(services.store, job.job.id);
  ordered_json items = ordered_json::array();
  for (const Trial& trial : trials.value()) {
    items.push_back(summary_of(trial, job, original ? &*original : nullptr));
  }
  return reply(200, {{"items", std::move(items)}, {"revision", changed.value().revision}});
}

// GET /v1/jobs/{job}/trials/summaries
Response list_summaries(const Services& services, TrialSummaries& summaries,
                        const Request& request) {
  const auto id = id_of(request, "job");
  if (!id) return failure(id.error());
  const auto page = page_of(request);
  if (!page) return failure(page.error());
  const auto since = number_of(request, "since");
  if (!since) return failure(since.error());
  const auto job = services.views.read(JobId{id.value()});
  if (!job) return failure(job.error());
  if (since.value()) {
    constexpr double kLargest = 9e15;
    return list_changed(services, job.value(),
                        static_cast<std::int64_t>(std::min(*since.value(), kLargest)),
                        page.value().limit);
  }
  auto text = summaries.page(services.store, job.value(), page.value());
  if (!text) return failure(text.error());
  Response response;
  response.body = std::move(text).value();
  return response;
}

// GET /v1/jobs/{job}/trials
Response list_trials(const Services& services, const Request& request) {
  const auto id = id_of(request, "job");
  if (!id) return failure(id.error());
  const auto page = page_of(request);
  if (!page) return failure(page.error());
  const auto labels = labels_of(services.store, JobId{id.value()});
  if (!labels) return failure(labels.error());
  const auto trials = services.store.trials(JobId{id.value()}, one_more(page.value()));
  if (!trials) return failure(trials.error());
  ListReply list(page.value());
  for (const Trial& trial : trials.value()) {
    list.add(trial.number, view_of(trial, labels.value(), Detail::kBrief));
  }
  return list.reply();
}

std::string text_of(const Blob& blob) {
  std::ifstream file(blob.file, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Of the latency that is reported.
Result<std::vector<double>> samples_of(const Services& services, const Trial& trial,
                                       const std::string& target) {
  const auto at = trial.on_target.find(target);
  if (at == trial.on_target.end() || !at->second.latency) {
    return wire::with_field(
        {ErrorCode::kNotFound, "trial " + std::to_string(trial.number) + " of job " +
                                   std::to_string(trial.job.value) + " was not measured on \"" +
                                   target + "\""},
        "target", target);
  }
  const Measurement& latency = *at->second.reported_latency();
  if (!latency.samples_sha256.empty()) {
    const auto blob = services.blobs.find(latency.samples_sha256);
    if (!blob) return blob.error();
    return wire::parse_samples(text_of(blob.value()));
  }
  if (!latency.samples_ms.empty()) return latency.samples_ms;
  auto row = services.store.samples_in_row(trial.job, trial.number, target);
  if (!row) return row.error();
  return at->second.confirmed ? row.value().confirmed_ms : row.value().latency_ms;
}

// GET /v1/jobs/{job}/trials/{trial}/samples/{target}
Response get_samples(const Services& services, const Request& request) {
  const auto job = id_of(request, "job");
  if (!job) return failure(job.error());
  const auto number = id_of(request, "trial");
  if (!number) return failure(number.error());
  if (number.value() > std::numeric_limits<int>::max()) {
    return failure({ErrorCode::kNotFound, "there is no trial of job " +
                                              std::to_string(job.value()) + " " +
                                              std::to_string(number.value())});
  }
  const auto trial = services.store.trial(JobId{job.value()}, static_cast<int>(number.value()));
  if (!trial) return failure(trial.error());
  const auto samples = samples_of(services, trial.value(), request.captured("target"));
  if (!samples) return failure(samples.error());
  return reply(200, {{"samples_ms", samples.value()}});
}

Result<FrontFilter> filter_of(const Request& request) {
  const auto latency = number_of(request, "max_latency_ms");
  if (!latency) return latency.error();
  const auto map = number_of(request, "min_map");
  if (!map) return map.error();
  if (map.value()) {
    const std::string must = why_out_of_range(MetricKind::kMap5095, *map.value());
    if (!must.empty()) {
      return wire::with_field({ErrorCode::kInvalidArgument, "min_map must " + must}, "min_map",
                              request.query.at("min_map"));
    }
  }
  const auto bytes = number_of(request, "max_bytes");
  if (!bytes) return bytes.error();
  FrontFilter filter{latency.value(), map.value(), std::nullopt};
  const auto all = request.query.find("all");
  if (all != request.query.end()) {
    if (all->second != "true" && all->second != "false") {
      return Error{
          ErrorCode::kInvalidArgument,
          "?all= must be true or false, not '" + all->second.substr(0, 100) + "'", "all",
          ordered_json(all->second).dump(-1, ' ', true, ordered_json::error_handler_t::replace)};
    }
    filter.all = all->second == "true";
  }
  constexpr double kLargest = 9e18;
  if (bytes.value()) {
    filter.max_bytes = static_cast<std::int64_t>(std::min(*bytes.value(), kLargest));
  }
  return filter;
}

// A job, and what is asked of a front of it.
struct FrontQuestion {
  JobView job;
  FrontFilter filter;

  ordered_json answer(TargetFront front) const {
    const auto hidden = std::ranges::count(front.members, false, &FrontMember::useful);
    front.members = filtered(std::move(front.members), filter);
    ordered_json view = view_of(front, job.labels);
    view["hidden"] = filter.all ? 0 : hidden;
    return view;
  }
};

Result<FrontQuestion> front_question(const Services& services, const Request& request) {
  const auto id = id_of(request, "job");
  if (!id) return id.error();
  const auto filter = filter_of(request);
  if (!filter) return filter.error();
  auto job = services.views.read(JobId{id.value()});
  if (!job) return job.error();
  return FrontQuestion{std::move(job).value(), filter.value()};
}

// GET /v1/jobs/{job}/fronts/{target}
Response get_front(const Services& services, const Request& request) {
  const auto asked = front_question(services, request);
  if (!asked) return failure(asked.error());
  const Job& job = asked.value().job.job;
  const std::string& target = request.captured("target");
  if (std::ranges::find(job.targets, target) == job.targets.end()) {
    return failure(wire::with_field({ErrorCode::kNotFound, "job " + std::to_string(job.id.value) +
                                                               " has no target \"" + target + "\""},
                                    "target", target));
  }
  const auto& fronts = asked.value().job.found->fronts;
  const auto at = std::ranges::find(fronts, target, &TargetFront::target);
  TargetFront front;
  front.target = target;
  if (at != fronts.end()) front = *at;
  return reply(200, asked.value().answer(std::move(front)));
}

// GET /v1/jobs/{job}/front
Response get_front_across(const Services& services, const Request& request) {
  const auto asked = front_question(services, request);
  if (!asked) return failure(asked.error());
  ordered_json view = asked.value().answer(asked.value().job.found->across);
  view.erase("target");
  return reply(200, view);
}

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
  const auto job = number_of(request, "job");
  if (!job) return job.error();
  const auto in_job = std::ranges::find_if(trials.value(), [&](const Trial& trial) {
    return static_cast<double>(trial.job.value) == *job.value();
  });
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

}  // namespace

void add_trial_routes(RouteTable& table, const Services& services) {
  table.add({"GET", "/v1/jobs/{job}/trials", Body::kNone, Needs::kRead, "Every trial of a job",
             [&services](const Request& r) { return list_trials(services, r); }});
  table.add({"GET", "/v1/jobs/{job}/trials/summaries", Body::kNone, Needs::kRead,
             "The trials of a job without their plans, all or those that changed",
             [&services, summaries = std::make_shared<TrialSummaries>()](const Request& r) {
               return list_summaries(services, *summaries, r);
             }});
  table.add({"GET", "/v1/jobs/{job}/trials/{trial}/samples/{target}", Body::kNone, Needs::kRead,
             "Every sample of a trial's latency on a target",
             [&services](const Request& r) { return get_samples(services, r); }});
  table.add({"GET", "/v1/jobs/{job}/fronts/{target}", Body::kNone, Needs::kRead,
             "The trials that no other beats on a target, filtered",
             [&services](const Request& r) { return get_front(services, r); }});
  table.add({"GET", "/v1/jobs/{job}/front", Body::kNone, Needs::kRead,
             "The trials that no other beats on the target where each does worst, filtered",
             [&services](const Request& r) { return get_front_across(services, r); }});
  table.add({"POST", "/v1/jobs/{job}/predict", Body::kJson, Needs::kRead,
             "What the job's trials say of plans that it has not tried",
             [&services, turns = std::make_shared<std::counting_semaphore<>>(kMostPredictions)](
                 const Request& r) { return predict_plans(services, *turns, r); }});
  table.add({"GET", "/v1/plans/{plan}", Body::kNone, Needs::kRead,
             "A plan, and the trials that used it",
             [&services](const Request& r) { return get_plan(services, r); }});
  table.add({"GET", "/v1/candidates/{candidate}", Body::kNone, Needs::kRead,
             "What is known of a candidate",
             [&services](const Request& r) { return get_candidate(services, r); }});
  table.add({"GET", "/v1/candidates/{candidate}/report", Body::kNone, Needs::kRead,
             "What was cut or lowered in a candidate, where and why, and what it cost",
             [&services](const Request& r) { return get_report(services, r); }});
  table.add({"GET", "/v1/candidates/{candidate}/file", Body::kNone, Needs::kRead,
             "The candidate's ONNX",
             [&services](const Request& r) { return get_candidate_file(services, r); }});
}

}  // namespace pare::coordinator
