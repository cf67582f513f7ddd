#include "coordinator/jobs/prediction.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "wire/plan_json.h"

namespace pare::coordinator {
namespace {

// From an objective, which is minimised, back to the metric.
search::Predicted in_units(MetricKind kind, const search::Predicted& p) {
  if (!is_accuracy(kind)) return {std::exp(p.mean), std::exp(p.low), std::exp(p.high)};
  const auto accuracy = [](double objective) { return std::clamp(1 - objective, 0.0, 1.0); };
  return {accuracy(p.mean), accuracy(p.high), accuracy(p.low)};
}

// The job, asked about every target by itself and about memory, whatever it is after.
JobContext asked_of(const JobContext& job) {
  JobContext context = apart(job);
  const Metric memory{MetricKind::kPeakMemoryBytes};
  std::vector<Metric>& asked = context.document.objectives;
  if (std::ranges::find(asked, memory) == asked.end()) asked.push_back(memory);
  return context;
}

std::vector<search::Observation> observations_of(const JobContext& context,
                                                 std::span<const Trial> trials) {
  std::vector<search::Observation> told;
  for (const Trial& trial : trials) {
    if (trial.state == TrialState::kRunning || !is_of_space(context, trial)) continue;
    told.push_back(observation_of(context, trial));
  }
  return told;
}

}  // namespace

Weights predicted_weights(const JobContext& context, const Plan& plan) {
  Plan own = plan;
  inherit(own, context.inheritance());
  return own.weights;
}

Result<std::vector<std::vector<PredictedOutcome>>> predict(const JobContext& job,
                                                           std::span<const Trial> trials,
                                                           std::span<const Plan> plans) {
  const JobContext context = asked_of(job);
  std::vector<search::Genome> genomes;
  for (const Plan& plan : plans) {
    Plan own = plan;
    inherit(own, job.inheritance());
    auto genome = context.space.genome_of(own);
    if (!genome) {
      return Error{ErrorCode::kInvalidArgument,
                   "plan " + wire::plan_sha256(plan).substr(0, 10) +
                       " is not in the job's space: " + genome.error().message};
    }
    genomes.push_back(std::move(genome).value());
  }
  const std::vector<search::Observation> told = observations_of(context, trials);
  const auto predicted = search::predictions(context.space, told, genomes);
  std::vector<std::vector<PredictedOutcome>> out;
  bool any = false;
  for (std::size_t i = 0; i < genomes.size(); ++i) {
    const std::vector<search::PredictedOnTarget>& on = predicted[i];
    std::vector<PredictedOutcome>& outcomes = out.emplace_back();
    for (std::size_t t = 0; t < on.size(); ++t) {
      const Target& target = context.targets[t];
      PredictedOutcome outcome{target.name, context.why_not(target, plans[i]), on[t].works, {}};
      for (std::size_t k = 0; k < on[t].objectives.size(); ++k) {
        const Metric& metric = context.document.objectives[k];
        outcome.metrics.push_back({metric, in_units(metric.kind, on[t].objectives[k])});
        any = true;
      }
      outcomes.push_back(std::move(outcome));
    }
  }
  if (any) return out;
  return Error{ErrorCode::kConflict,
               "job " + std::to_string(context.job.id.value) + " has " +
                   std::to_string(told.size()) + " trials that ended: predictions take " +
                   std::to_string(search::kFewestToPredict) + " that were measured on a target"};
}

}  // namespace pare::coordinator
