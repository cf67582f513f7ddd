#include "coordinator/jobs/transfer.h"

#include <algorithm>
#include <cmath>

#include "coordinator/jobs/job_metrics.h"
#include "coordinator/jobs/job_runner.h"
#include "core/check.h"
#include "wire/plan_json.h"

namespace pare::coordinator {
namespace {

constexpr double kClose = 0.1;      // of a log latency: a tenth
constexpr double kGoodShare = 0.9;  // of the plans

bool may_be_tried(const JobContext& context, const Plan& plan) {
  return std::ranges::any_of(context.targets,
                             [&](const Target& target) { return context.allows(target, plan); });
}

}  // namespace

Result<std::vector<search::KnownPlan>> known_plans(Store& store, const JobContext& context) {
  PARE_CHECK(context.document.transfer.has_value(), "a transfer from no job");
  const auto earlier = store.job(context.document.transfer->from);
  if (!earlier) return earlier.error();
  const auto trials = all_trials(store, earlier.value().id);
  if (!trials) return trials.error();
  std::vector<search::KnownPlan> known;
  for (const Trial& trial : trials.value()) {
    search::KnownPlan one;
    for (const std::string& target : earlier.value().targets) {
      const auto at = trial.on_target.find(target);
      if (at == trial.on_target.end() || !is_whole(at->second)) break;
      one.features.push_back(std::log(at->second.latency->median.count()));
      one.features.push_back(at->second.accuracy->map_50_95);
    }
    if (one.features.size() != 2 * earlier.value().targets.size()) continue;
    const auto plan = wire::parse_plan(trial.plan_json);
    if (!plan || !may_be_tried(context, plan.value())) continue;
    auto genome = context.space.genome_of(plan.value());
    if (!genome) continue;
    one.genome = std::move(genome).value();
    known.push_back(std::move(one));
  }
  return known;
}

std::vector<TargetTransfer> judge_transfer(const JobContext& context,
                                           const std::vector<search::KnownPlan>& known,
                                           std::span<const Trial> trials) {
  const auto latency =
      std::ranges::find(context.document.objectives, Metric{MetricKind::kLatencyMs});
  if (latency == context.document.objectives.end()) return {};
  const auto objective = static_cast<std::size_t>(latency - context.document.objectives.begin());
  const JobContext each = apart(context);
  std::vector<search::Observation> told;
  for (const Trial& trial : trials.first(std::min(trials.size(), kMostJudged))) {
    if (!trial.unreadable.empty() || !is_of_space(each, trial)) continue;
    if (trial.state != TrialState::kRunning) told.push_back(observation_of(each, trial));
  }
  std::vector<TargetTransfer> out;
  for (std::size_t t = 0; t < context.targets.size(); ++t) {
    TargetTransfer& one = out.emplace_back();
    one.target = context.targets[t].name;
    one.quality = search::transfer_quality(known, told, t, objective, kClose);
    if (one.quality.plans < search::kFewestToJudge) continue;
    one.verdict =
        one.quality.within >= kGoodShare ? TransferVerdict::kGood : TransferVerdict::kPoor;
  }
  return out;
}

}  // namespace pare::coordinator
