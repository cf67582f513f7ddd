// Reports of jobs and comparisons, for people: HTML and Markdown.
#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "coordinator/http/groups.h"
#include "coordinator/http/job_document.h"
#include "coordinator/http/problem.h"
#include "coordinator/http/replies.h"
#include "coordinator/http/views.h"
#include "coordinator/report/job_report.h"

namespace pare::coordinator {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// What a report is written out as, by the ending of its address.
struct Form {
  const char* ending;
  const char* media_type;
  std::string (*write)(const ReportDocument& report);
  const char* word;  // in the names of operations
};
constexpr std::array<Form, 2> kForms = {
    {{"html", "text/html", to_html, "Page"}, {"md", "text/markdown", to_markdown, "Markdown"}}};

constexpr int kMostTrials = 2000;  // looked through for reasons
constexpr int kPage = 500;

// Documents as the API gives them, for a report to read.
json plain(const ordered_json& view) {
  return json::parse(view.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
}

Response reply_report(const ReportDocument& report, const Form& form) {
  Response response;
  response.content_type = std::string(form.media_type) + "; charset=utf-8";
  response.body = form.write(report);
  // The same as the page says of itself, for what it is opened from.
  response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'";
  return response;
}

ordered_json front_document(const JobView& job, TargetFront front) {
  const auto hidden = std::ranges::count(front.members, false, &FrontMember::useful);
  front.members = filtered(std::move(front.members), {});
  ordered_json view = view_of(front, job.labels);
  view["hidden"] = hidden;
  return view;
}

void count_reasons(const Trial& trial, std::map<std::string, int>& reasons) {
  if (!trial.reason.empty()) ++reasons[trial.reason];
  for (const auto& [target, record] : trial.on_target) {
    if (!record.infeasible.empty()) ++reasons[target + ": " + record.infeasible];
  }
}

// Why trials came to nothing, most frequent first.
Result<std::vector<json>> failures_of(Store& store, const Job& job) {
  std::map<std::string, int> reasons;
  for (int after = std::max(0, job.trials.asked - kMostTrials);;) {
    const auto page = store.trials(job.id, {after, kPage});
    if (!page) return page.error();
    if (page.value().empty()) break;
    after = page.value().back().number;
    for (const Trial& trial : page.value()) count_reasons(trial, reasons);
  }
  std::vector<std::pair<std::string, int>> sorted(reasons.begin(), reasons.end());
  std::ranges::stable_sort(sorted, std::greater(), &std::pair<std::string, int>::second);
  std::vector<json> failures;
  failures.reserve(sorted.size());
  for (const auto& [reason, trials] : sorted) {
    failures.push_back({{"reason", reason}, {"trials", trials}});
  }
  return failures;
}

// What the report says of what was found.
Result<JobReportSources> read_found(const Services& services, const JobView& view) {
  const Job& job = view.job;
  JobReportSources sources;
  for (const TargetFront& front : view.found->fronts) {
    sources.fronts.push_back(plain(front_document(view, front)));
  }
  const auto checks = services.store.checks(job.id);
  if (!checks) return checks.error();
  for (const TargetCheck& check : checks.value()) sources.checks.push_back(plain(view_of(check)));
  auto failures = failures_of(services.store, job);
  if (!failures) return failures.error();
  sources.failures = std::move(failures).value();
  sources.looked_at = std::min(kMostTrials, job.trials.asked);
  return sources;
}

// And of what it is about.
Result<std::monostate> read_catalog(const Services& services, const Job& job,
                                    JobReportSources& sources) {
  const auto model = services.store.model_version(job.model_sha256, job.card_version);
  if (!model) return model.error();
  sources.model = plain(view_of(model.value(), Detail::kFull));
  const auto dataset = services.store.dataset(job.dataset_sha256);
  if (!dataset) return dataset.error();
  sources.dataset = plain(view_of(dataset.value()));
  const auto workers = services.store.workers();
  if (!workers) return workers.error();
  for (const std::string& name : job.targets) {
    const auto target = services.store.target(name);
    if (!target) return target.error();
    sources.targets.push_back(plain(view_of(target.value(), workers.value())));
  }
  return std::monostate{};
}

// GET /v1/jobs/{job}/report.{html,md}
Response get_job_report(const Services& services, const Request& request, const Form& form) {
  const auto id = id_of(request, "job");
  if (!id) return failure(id.error());
  const auto view = services.views.read(JobId{id.value()});
  if (!view) return failure(view.error());
  auto found = read_found(services, view.value());
  if (!found) return failure(found.error());
  JobReportSources sources = std::move(found).value();
  if (const auto known = read_catalog(services, view.value().job, sources); !known) {
    return failure(known.error());
  }
  return reply_report(job_report(plain(job_document(view.value())), sources), form);
}

// The trial of a plan as a member of the target's front would be; nullopt: not measured there.
std::optional<json> member_of(const JobView& job, const std::string& plan,
                              const std::string& target) {
  if (job.model == nullptr) return {};
  const auto& trials = job.found->contenders;
  const auto original = std::ranges::find(trials, 1, &Trial::number);
  for (const Trial& trial : trials) {
    if (trial.plan_sha256 != plan) continue;
    const auto member =
        as_member(trial, original != trials.end() ? &*original : nullptr, target, *job.model);
    if (member) return plain(view_of(*member));
  }
  return {};
}

// GET /v1/comparisons/{comparison}/report.{html,md}
Response get_comparison_report(const Services& services, const Request& request, const Form& form) {
  const auto id = id_of(request, "comparison");
  if (!id) return failure(id.error());
  const auto comparison = services.store.comparison(ComparisonId{id.value()});
  if (!comparison) return failure(comparison.error());
  const Comparison& asked = comparison.value();
  const auto job = services.views.read(asked.job);
  if (!job) return failure(job.error());
  const ComparedPlans plans = {member_of(job.value(), asked.plan_a_sha256, asked.target),
                               member_of(job.value(), asked.plan_b_sha256, asked.target)};
  return reply_report(
      comparison_report(plain(view_of(asked)), plain(job_document(job.value())), plans), form);
}

}  // namespace

void add_report_routes(RouteTable& table, const Services& services) {
  for (const Form& form : kForms) {
    const std::string name = std::string("report.") + form.ending;
    table.add({"GET", "/v1/jobs/{job}/" + name, Body::kNone, Needs::kRead,
               "What a job came to, for people",
               [&services, &form](const Request& r) { return get_job_report(services, r, form); },
               RouteDoc{.id = std::string("getJobReport") + form.word,
                        .tag = "jobs",
                        .text = form.media_type}});
    table.add(
        {"GET", "/v1/comparisons/{comparison}/" + name, Body::kNone, Needs::kRead,
         "What a comparison came to, for people",
         [&services, &form](const Request& r) { return get_comparison_report(services, r, form); },
         RouteDoc{.id = std::string("getComparisonReport") + form.word,
                  .tag = "comparisons",
                  .text = form.media_type}});
  }
}

}  // namespace pare::coordinator
