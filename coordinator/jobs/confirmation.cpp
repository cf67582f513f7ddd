#include "coordinator/jobs/confirmation.h"

#include <algorithm>
#include <cstdio>

#include "coordinator/jobs/front.h"
#include "coordinator/jobs/tasks.h"
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
  LatencyConfirmed out{trial.job, trial.number, target, *trial.on_target.at(target).latency, {},
                       ""};
  const auto* result = end ? std::get_if<wire::BenchmarkResult>(&end.value().result) : nullptr;
  if (result == nullptr || !(result->median_ms > 0)) {
    out.latency.suspect =
        "measuring it again failed: " + (end ? "no latency came out" : end.error().message);
    out.samples_ms = {out.latency.median.count()};
    return out;
  }
  const LatencyChoice choice = choose_latency({{*result, device_id}}, readings, true);
  const std::string apart = how_far_apart(out.latency.median.count(), result->median_ms);
  out.latency = {Millis(result->median_ms),
                 Millis(result->low_ms),
                 Millis(result->high_ms),
                 static_cast<int>(result->samples_ms.size()),
                 choice.suspect.empty() ? apart : choice.suspect,
                 result->peak_memory_bytes};
  out.samples_ms = result->samples_ms;
  wire::BenchmarkResult bare = *result;
  bare.samples_ms.clear();  // they are stored beside it
  out.latency_json = wire::result_to_json(bare);
  return out;
}

}  // namespace pare::coordinator
