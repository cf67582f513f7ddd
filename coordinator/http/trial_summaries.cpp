#include "coordinator/http/trial_summaries.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "coordinator/http/route_doc.h"
#include "coordinator/http/views.h"
#include "coordinator/jobs/front.h"
#include "wire/plan_json.h"

namespace pare::coordinator {
namespace {

using nlohmann::ordered_json;

constexpr int kOriginal = 1;
constexpr int kChangesAtOnce = 1000;
// What an outcome says as a member of a front does.
constexpr std::array kOfMembers = {"map_low",       "map_high", "map_lost", "map_lost_low",
                                   "map_lost_high", "speedup",  "held_back"};

std::string text_of(const ordered_json& view) {
  return view.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace

ordered_json summary_of(const Trial& trial, const JobView& job, const Trial* original) {
  ordered_json view = view_of(trial, job.labels, Detail::kBrief);
  view.erase("plan");
  const auto plan = wire::parse_plan(trial.plan_json);
  if (!plan || !job.model) return view;
  view["input"] = {plan.value().height, plan.value().width};
  view["precision"] = precision_words(plan.value());
  view["weights"] = name_of(plan.value().weights);
  view["narrower_groups"] = plan.value().widths.size();
  view["skipped_blocks"] = plan.value().skip.size();
  view["smaller_kernels"] = plan.value().kernels.size();
  view["float_layers"] = float_layers(plan.value()).size();
  view["description"] =
      describe(plan.value(), trial.macs, original ? original->macs : std::nullopt, *job.model);
  for (auto& [target, outcome] : view["outcomes"].items()) {
    const auto member = as_member(trial, original, target, *job.model);
    if (!member) continue;
    const ordered_json said = view_of(*member);
    for (const char* name : kOfMembers) {
      if (said.contains(name)) outcome[name] = said[name];
    }
  }
  return view;
}

wire::Schema trial_summary_schema() {
  const auto said = [](const schema::Field& field) {
    return field.name != "held_back" && std::ranges::count(kOfMembers, field.name) > 0;
  };
  std::vector<schema::Field> more;
  for (schema::Field field : member_fields()) {
    field.required = false;
    if (said(field)) more.push_back(std::move(field));
  }
  std::vector<schema::Field> fields = trial_fields(Detail::kBrief);
  std::ranges::find(fields, "outcomes", &schema::Field::name)->value =
      schema::by_name(outcome_schema("TrialSummaryOutcome", more)).about("by target");
  for (schema::Field field :
       {schema::may("input", schema::size()), schema::may("precision", schema::text()),
        schema::may("weights", schema::one_of_all<Weights>()),
        schema::may("narrower_groups", schema::small()),
        schema::may("skipped_blocks", schema::small()),
        schema::may("smaller_kernels", schema::small()),
        schema::may("float_layers", schema::small()), schema::may("description", schema::text())}) {
    fields.push_back(std::move(field));
  }
  return schema::object(fields).named("TrialSummary");
}

std::optional<Trial> built_original(Store& store, JobId job) {
  auto first = store.trial(job, kOriginal);
  if (!first || !first.value().macs) return std::nullopt;
  return std::move(first).value();
}

TrialSummaries::Kept& TrialSummaries::kept_of(const JobView& job) {
  Kept& kept = jobs_[job.job.id];
  const bool same = kept.used > 0 && kept.created_at == job.job.created_at &&
                    kept.model == job.model && kept.labels == job.labels;
  if (!same) kept = {job.job.created_at, job.model, job.labels, job.job.revision, {}, 0, 0};
  kept.used = ++looks_;
  return kept;
}

// Forgets what changed up to the revision of the view.
Result<bool> TrialSummaries::catch_up(Store& store, const JobView& job) {
  while (true) {
    std::int64_t revision = 0;
    {
      const std::lock_guard lock(mutex_);
      revision = kept_of(job).revision;
    }
    if (revision >= job.job.revision) return true;
    const auto changed = store.changed_trials(job.job.id, revision, kChangesAtOnce);
    if (!changed) return changed.error();
    const std::lock_guard lock(mutex_);
    Kept& kept = kept_of(job);
    if (kept.revision != revision) continue;  // somebody else did
    for (const int number : changed.value().numbers) {
      const auto at = kept.texts.find(number);
      if (at == kept.texts.end()) continue;
      kept.bytes -= at->second.size();
      kept.texts.erase(at);
    }
    if (changed.value().numbers.contains(kOriginal)) {
      kept.texts.clear();
      kept.bytes = 0;
    }
    kept.revision = std::max(changed.value().revision, revision + 1);
  }
}

// What was read before somebody else caught up may be older than that.
void TrialSummaries::keep(const JobView& job, std::int64_t revision,
                          const std::map<int, std::string>& made) {
  const std::lock_guard lock(mutex_);
  Kept& kept = kept_of(job);
  if (kept.revision != revision) return;
  for (const auto& [number, text] : made) {
    if (kept.texts.emplace(number, text).second) kept.bytes += text.size();
  }
  const auto all = [this] {
    std::size_t bytes = 0;
    for (const auto& [id, one] : jobs_) bytes += one.bytes;
    return bytes;
  };
  while (all() > most_bytes_) {
    jobs_.erase(
        std::ranges::min_element(jobs_, {}, [](const auto& entry) { return entry.second.used; }));
  }
}

Result<std::string> TrialSummaries::page(Store& store, const JobView& job, const Page& page) {
  const auto caught_up = catch_up(store, job);
  if (!caught_up) return caught_up.error();
  const auto first = static_cast<int>(std::min<std::int64_t>(page.after, job.job.trials.asked));
  const int last = std::min(first + page.limit, job.job.trials.asked);
  std::map<int, std::string> texts;
  std::vector<int> missing;
  std::int64_t revision = 0;
  {
    const std::lock_guard lock(mutex_);
    const Kept& kept = kept_of(job);
    revision = kept.revision;
    for (int number = first + 1; number <= last; ++number) {
      const auto at = kept.texts.find(number);
      if (at != kept.texts.end()) texts.insert(*at);
      if (at == kept.texts.end()) missing.push_back(number);
    }
  }
  if (!missing.empty()) {
    const auto original = built_original(store, job.job.id);
    const auto trials = store.trials_numbered(job.job.id, missing);
    if (!trials) return trials.error();
    std::map<int, std::string> made;
    for (const Trial& trial : trials.value()) {
      std::string text = text_of(summary_of(trial, job, original ? &*original : nullptr));
      if (trial.state != TrialState::kRunning) made.emplace(trial.number, text);
      texts.emplace(trial.number, std::move(text));
    }
    keep(job, revision, made);
  }
  std::string body = R"({"items":[)";
  for (const auto& [number, text] : texts) {
    if (body.back() == '}') body += ',';
    body += text;
  }
  body += ']';
  if (last < job.job.trials.asked) body += R"(,"next":")" + std::to_string(last) + '"';
  return body + '}';
}

}  // namespace pare::coordinator
