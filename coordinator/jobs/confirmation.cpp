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

double ratio_of(double a, double b) {
  return std::max(a, b) / std::min(a, b);
}

// Why two measurements of the same file do not agree; empty: they do, or lie as far apart as the
// canaries beside them.
std::string how_far_apart(const Measurement& first, const Measurement& again) {
  const auto canary_then = canary_of(first), canary_now = canary_of(again);
  const double device = canary_then && canary_now ? ratio_of(*canary_then, *canary_now) : 1;
  const double first_ms = first.median.count(), again_ms = again.median.count();
  if (ratio_of(first_ms, again_ms) <= kMostApart * device) return "";
  char text[96];
  std::snprintf(text, sizeof text, "it took %.3g ms during the search and %.3g ms at its end",
                first_ms, again_ms);
  return text;
}

// The trials that a front reports: the original, which all others are compared with, comes first.
std::vector<int> reported(const TargetFront& front) {
  std::vector<int> trials;
  if (front.original) trials.push_back(front.original->trial);
  for (const FrontMember& member : front.members) {
    if (!front.original || member.trial != front.original->trial) trials.push_back(member.trial);
  }
  return trials;
}

}  // namespace

std::vector<Change> confirmations(const JobContext& context, std::span<const Trial> trials) {
  std::vector<Change> changes;
  const bool worst = context.document.across == Across::kWorst;
  for (const Target& target : context.targets) {
    const TargetFront front = worst
                                  ? front_across(trials, context.document, context.model)
                                  : front_of(trials, target.name, context.document, context.model);
    for (const int number : reported(front)) {
      const auto trial = std::ranges::find(trials, number, &Trial::number);
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

std::vector<Change> confirmed_by(const Result<wire::TaskSuccess>& end, const Trial& trial,
                                 const std::string& target, const std::string& device_id,
                                 const std::vector<CanaryReading>& readings) {
  LatencyConfirmed out{trial.job, trial.number, target, *trial.on_target.at(target).latency};
  const bool measured = end && std::get<Measurement>(end.value().result).median.count() > 0;
  if (!measured) {
    out.latency.suspect =
        "measuring it again failed: " + (end ? "no latency came out" : end.error().message);
    return {std::move(out)};
  }
  Measurement again = measurement_of(end.value());
  const LatencyChoice choice = choose_latency({{again, device_id}}, readings, true);
  // All that a front reports is measured now, one after the other: what was usual before is over.
  again.suspect = choice.moved ? "" : choice.suspect;
  if (again.suspect.empty()) {
    again.suspect = how_far_apart(out.latency, again);
  }
  std::vector<Change> changes;
  if (const auto canary = canary_of(again); canary && !device_id.empty()) {
    changes.push_back(CanaryRecorded{trial.job, target, {device_id, *canary}});
  }
  out.latency = std::move(again);
  changes.push_back(std::move(out));
  return changes;
}

}  // namespace pare::coordinator
