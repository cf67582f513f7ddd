// What a job found: trials and fronts.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "coordinator/http/groups.h"
#include "coordinator/http/problem.h"
#include "coordinator/http/replies.h"
#include "coordinator/http/trial_summaries.h"
#include "coordinator/http/views.h"
#include "wire/field_errors.h"
#include "wire/measurement_json.h"
#include "wire/plan_json.h"

namespace pare::coordinator {
namespace {

using nlohmann::ordered_json;

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
  const auto since = whole_of(request, "since");
  if (!since) return failure(since.error());
  const auto job = services.views.read(JobId{id.value()});
  if (!job) return failure(job.error());
  if (since.value()) {
    return list_changed(services, job.value(), *since.value(), page.value().limit);
  }
  auto text = summaries.page(services.store, job.value(), page.value());
  if (!text) return failure(text.error());
  Response response;
  response.body = std::move(text).value();
  return response;
}

// A cursor of trials is the number of one: behind the largest there is nothing.
Page of_trials(Page page) {
  page.after = std::min<std::int64_t>(page.after, std::numeric_limits<int>::max());
  return page;
}

// GET /v1/jobs/{job}/trials
Response list_trials(const Services& services, const Request& request) {
  const auto id = id_of(request, "job");
  if (!id) return failure(id.error());
  const auto page = page_of(request);
  if (!page) return failure(page.error());
  const Page asked = of_trials(page.value());
  const auto labels = labels_of(services.store, JobId{id.value()});
  if (!labels) return failure(labels.error());
  const auto trials = services.store.trials(JobId{id.value()}, one_more(asked));
  if (!trials) return failure(trials.error());
  ListReply list(asked);
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
  const auto all = flag_of(request, "all");
  if (!all) return all.error();
  FrontFilter filter{latency.value(), map.value(), std::nullopt, all.value()};
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

wire::Schema trial_schema() {
  std::vector<schema::Field> fields = trial_fields(Detail::kBrief);
  fields.push_back(schema::must("plan", wire::plan_schema()));
  return schema::object(fields).named("Trial");
}

wire::Schema summaries_schema() {
  return schema::object({schema::must("items", schema::list(trial_summary_schema())),
                         schema::may("next", schema::text(1)),
                         schema::may("revision", schema::whole().about("ask again with it"))})
      .named("TrialSummaries");
}

std::vector<QueryParameter> summaries_query() {
  std::vector<QueryParameter> query = page_query();
  query.push_back(
      {"since", schema::whole(0, INT64_MAX), "Those whose outcomes changed after that revision"});
  return query;
}

std::vector<QueryParameter> front_query() {
  return {{"max_latency_ms", schema::number(0), "No slower than this"},
          {"min_map", schema::number(kAccuracyRange.low, kAccuracyRange.high),
           "No less accurate: a share, 0.36 for 36 points"},
          {"max_bytes", schema::number(0), "No larger"},
          {"all", schema::truth(), "Those that are of no use as well"}};
}

wire::Schema front_schema() {
  std::vector<schema::Field> fields = front_fields();
  fields.push_back(schema::must("target", schema::text()));
  return schema::object(fields).named("Front");
}

}  // namespace

void add_trial_routes(RouteTable& table, const Services& services) {
  table.add({"GET", "/v1/jobs/{job}/trials", Body::kNone, Needs::kRead, "Every trial of a job",
             [&services](const Request& r) { return list_trials(services, r); },
             RouteDoc{.id = "listTrials",
                      .tag = "trials",
                      .query = page_query(),
                      .gives = {{200, page_of_schema("Trials", trial_schema())}}}});
  table.add({"GET", "/v1/jobs/{job}/trials/summaries", Body::kNone, Needs::kRead,
             "The trials of a job without their plans, all or those that changed",
             [&services, summaries = std::make_shared<TrialSummaries>()](const Request& r) {
               return list_summaries(services, *summaries, r);
             },
             RouteDoc{.id = "listTrialSummaries",
                      .tag = "trials",
                      .query = summaries_query(),
                      .gives = {{200, summaries_schema()}}}});
  table.add(
      {"GET", "/v1/jobs/{job}/trials/{trial}/samples/{target}", Body::kNone, Needs::kRead,
       "Every sample of a trial's latency on a target",
       [&services](const Request& r) { return get_samples(services, r); },
       RouteDoc{.id = "getSamples", .tag = "trials", .gives = {{200, wire::samples_schema()}}}});
  table.add({"GET", "/v1/jobs/{job}/fronts/{target}", Body::kNone, Needs::kRead,
             "The trials that no other beats on a target, filtered",
             [&services](const Request& r) { return get_front(services, r); },
             RouteDoc{.id = "getFront",
                      .tag = "trials",
                      .query = front_query(),
                      .gives = {{200, front_schema()}}}});
  table.add({"GET", "/v1/jobs/{job}/front", Body::kNone, Needs::kRead,
             "The trials that no other beats on the target where each does worst, filtered",
             [&services](const Request& r) { return get_front_across(services, r); },
             RouteDoc{.id = "getFrontAcross",
                      .tag = "trials",
                      .query = front_query(),
                      .gives = {{200, schema::object(front_fields()).named("FrontAcross")}}}});
}

}  // namespace pare::coordinator
