#include "coordinator/jobs/confirmation.h"

#include <algorithm>
#include <cstdio>

#include "coordinator/jobs/front.h"
#include "coordinator/jobs/tasks.h"
#include "coordinator/jobs/trial_update.h"
#include "wire/plan_json.h"

namespace pare::coordinator {
namespace {

constexpr double kMostApart = 1.1;  // two measurements of one file on a device that is itself

// Why two measurements of the same file do not agree; empty: they do.
std::string how_far_apart(double first_ms, double again_ms) {
  if (std::max(first_ms, again_ms) <= kMostApart * std::min(first_ms, again_ms)) return "";
  char text[96];
  std::snprintf(text, sizeof text, "it took %.3g ms during the search and %.3g ms at its end",
                first_ms, again_ms);
  return text;
}

}  // namespace

std::vector<Change> confirmations(const JobContext& context, std::span<const Trial> trials) {
  std::vector<Change> changes;
  const bool worst = context.document.across == Across::kWorst;
  for (const Target& target : context.targets) {
    const TargetFront front = worst
                                  ? front_across(trials, context.document, context.model)
                                  : front_of(trials, target.name, context.document, context.model);
    for (const FrontMember& member : front.members) {
      const auto trial = std::ranges::find(trials, member.trial, &Trial::number);
      if (trial->on_target.at(target.name).confirmed) continue;
      const auto plan = wire::parse_plan(trial->plan_json);
      if (!plan) continue;
      changes.push_back(
          TaskAdded{benchmark_task(context.job, context.card_of(plan.value()), trial->number,
                                   trial->candidate_sha256, target, {})});
    }
  }
  return changes;
}

LatencyConfirmed confirmed_by(const Result<wire::TaskSuccess>& end, const Trial& trial,
                              const std::string& target, const std::string& device_id,
                              const std::vector<CanaryReading>& readings) {
  LatencyConfirmed out{trial.job, trial.number, target, *trial.on_target.at(target).latency};
  const bool measured = end && std::get<Measurement>(end.value().result).median.count() > 0;
  if (!measured) {
    out.latency.suspect =
        "measuring it again failed: " + (end ? "no latency came out" : end.error().message);
    return out;
  }
  Measurement again = measurement_of(end.value());
  const LatencyChoice choice = choose_latency({{again, device_id}}, readings, true);
  const std::string apart = how_far_apart(out.latency.median.count(), again.median.count());
  again.suspect = choice.suspect.empty() ? apart : choice.suspect;
  out.latency = std::move(again);
  return out;
}

}  // namespace pare::coordinator
