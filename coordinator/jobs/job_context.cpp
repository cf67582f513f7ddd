#include "coordinator/jobs/job_context.h"

#include <algorithm>
#include <cmath>

#include "coordinator/jobs/front.h"
#include "coordinator/jobs/job_metrics.h"
#include "coordinator/jobs/supernets.h"
#include "wire/job_json.h"
#include "wire/plan_json.h"
#include "wire/summary_json.h"
#include "wire/task_json.h"
#include "wire/task_params.h"
#include "wire/training_json.h"

namespace pare::coordinator {
namespace {

bool contains(const std::vector<Precision>& precisions, Precision precision) {
  return std::ranges::find(precisions, precision) != precisions.end();
}

// The job's limits, less the precisions that none of its targets takes.
bool is_bytes(const Metric& metric) {
  return metric.kind == MetricKind::kBytes;
}

bool counts_bytes(const NewJob& job) {
  return std::ranges::any_of(job.objectives, is_bytes) ||
         std::ranges::any_of(job.constraints, is_bytes, &Constraint::metric);
}

// `older`: it began before weights could be stored in fewer bits, and its genomes know nothing of
// it.
SpaceLimits limits_of(const NewJob& job, const std::vector<Target>& targets, bool older) {
  SpaceLimits limits = job.space;
  limits.bytes_count = !older && counts_bytes(job);
  std::erase_if(limits.precisions, [&](Precision precision) {
    return std::ranges::none_of(
        targets, [&](const Target& target) { return contains(target.precisions, precision); });
  });
  return limits;
}

Result<std::map<std::string, DeviceCheck>> checks_of(Store& store, JobId job) {
  const auto stored = store.checks(job);
  if (!stored) return stored.error();
  std::map<std::string, DeviceCheck> checks;
  for (const TargetCheck& check : stored.value()) {
    if (check.result_json.empty()) continue;
    auto result = wire::parse_result(check.result_json, TaskKind::kCheck);
    if (!result) return result.error();
    checks[check.target] = std::get<DeviceCheck>(std::move(result).value());
  }
  return checks;
}

// Why a target is not to be given a floating-point type, as far as its reality check knows.
std::string why_not_in(Precision floats, const DeviceCheck& check) {
  const auto found = std::ranges::find(check.floats, floats, &FloatCheck::precision);
  if (found == check.floats.end()) {
    return "its runtime does not compute in " + std::string(name_of(floats));
  }
  return found->why_not;
}

// Beside fp32.
std::vector<Precision> floats_worth_trying(const std::vector<Target>& targets,
                                           const std::map<std::string, DeviceCheck>& checks) {
  std::vector<Precision> floats;
  for (const Precision type : kFloatPrecisions) {
    const bool somewhere = std::ranges::any_of(targets, [&](const Target& target) {
      const auto check = checks.find(target.name);
      return contains(target.precisions, type) &&
             (check == checks.end() || why_not_in(type, check->second).empty());
    });
    if (type != Precision::kFp32 && somewhere) floats.push_back(type);
  }
  return floats;
}

// What is worth trying on at least one of the targets; all that they take, where none was checked.
PrecisionChoices precision_choices(const std::vector<Target>& targets,
                                   const std::map<std::string, DeviceCheck>& checks,
                                   const ModelSummary& model) {
  std::vector<std::vector<AvoidRule>> rules;
  for (const Target& target : targets) {
    if (!contains(target.precisions, Precision::kInt8)) continue;
    const auto check = checks.find(target.name);
    rules.push_back(check == checks.end() ? std::vector<AvoidRule>{} : check->second.avoid);
  }
  PrecisionChoices choices = rules.empty() ? PrecisionChoices{} : choices_for(rules, model);
  choices.floats = floats_worth_trying(targets, checks);
  return choices;
}

// The job allows lowered precisions only, and none of them is worth trying.
bool leaves_none(const SpaceLimits& limits, const PrecisionChoices& choices) {
  return std::ranges::none_of(limits.precisions, [&](Precision precision) {
    if (precision == Precision::kFp32) return true;
    if (precision == Precision::kInt8) return choices.int8;
    return contains(choices.floats, precision);
  });
}

// Nothing where the job has no super-network, or none yet.
Result<std::optional<Training>> training_of(Store& store, const Job& job) {
  if (job.supernet_sha256.empty()) return std::optional<Training>();
  const auto supernet = store.supernet(job.supernet_sha256);
  if (!supernet) return supernet.error();
  auto training = wire::parse_training(supernet.value().training_json);
  if (!training) return training.error();
  return std::optional(std::move(training).value());
}

}  // namespace

Result<Guidance> guidance_of(const Job& job, const std::optional<Training>& training) {
  if (job.prepared_json.empty()) return Guidance{};
  auto result = wire::parse_result(job.prepared_json, TaskKind::kPrepare);
  if (!result) return result.error();
  Guidance guidance = std::get<wire::PrepareResult>(std::move(result).value()).guidance;
  return training ? with_trained_weights(std::move(guidance), *training) : guidance;
}

ModelCard JobContext::card_of(const Plan& plan) const {
  ModelCard card = model.card;
  card.height = plan.height;
  card.width = plan.width;
  return card;
}

std::optional<wire::Size> JobContext::teacher() const {
  if (labels == LabelSource::kGroundTruth) return std::nullopt;
  return wire::Size{model.card.height, model.card.width};
}

bool JobContext::takes_int8(const Target& target) const {
  return contains(target.precisions, Precision::kInt8) &&
         contains(document.space.precisions, Precision::kInt8);
}

bool JobContext::takes_shorter_floats(const Target& target) const {
  return std::ranges::any_of(kFloatPrecisions, [&](Precision type) {
    return type != Precision::kFp32 && contains(target.precisions, type) &&
           contains(document.space.precisions, type);
  });
}

std::string JobContext::why_not(const Target& target, const Plan& plan) const {
  if (is_original(plan, model)) return {};
  for (const Precision precision : precisions_of(plan)) {
    if (contains(target.precisions, precision)) continue;
    return "the target does not take " + std::string(name_of(precision));
  }
  const auto check = checks.find(target.name);
  if (check == checks.end()) return {};
  std::string reason = why_avoided(check->second.avoid, model, plan);
  if (reason.empty() && plan.floats != Precision::kFp32) {
    reason = why_not_in(plan.floats, check->second);
  }
  return reason.empty() ? reason : "the reality check of \"" + target.name + "\" found: " + reason;
}

std::string JobContext::accuracy_runtime(const Target& target, const Plan& plan) const {
  return is_lowered(plan) ? target.runtime : wire::kExecutor;
}

Result<JobContext> load_context(Store& store, const Job& job) {
  auto document = wire::parse_new_job(job.document_json);
  if (!document) return document.error();
  const auto model = store.model_version(job.model_sha256, job.card_version);
  if (!model) return model.error();
  auto summary = wire::parse_summary(model.value().summary_json);
  if (!summary) return summary.error();
  const auto dataset = store.dataset(job.dataset_sha256);
  if (!dataset) return dataset.error();
  const LabelSource labels =
      label_source(summary.value().card.head, dataset.value().counts.labelled);
  std::vector<Target> targets;
  for (const std::string& name : job.targets) {
    auto target = store.target(name);
    if (!target) return target.error();
    targets.push_back(std::move(target).value());
  }
  const bool without_storage = job.document_json.find("\"storage\"") == std::string::npos;
  const SpaceLimits limits = limits_of(document.value(), targets, without_storage);
  if (limits.precisions.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 "none of the job's targets takes a precision that the job allows"};
  }
  auto checks = checks_of(store, job.id);
  if (!checks) return checks.error();
  const PrecisionChoices choices = precision_choices(targets, checks.value(), summary.value());
  if (leaves_none(limits, choices)) {
    return Error{ErrorCode::kUnsupported,
                 "the job does not allow fp32, and the reality checks found what it allows of no "
                 "use on any target"};
  }
  auto training = training_of(store, job);
  if (!training) return training.error();
  auto guidance = guidance_of(job, training.value());
  if (!guidance) return guidance.error();
  auto space =
      search::Space::make(summary.value(), limits, document.value().recovery, choices,
                          guidance.value(), JobContext::inheritance_from(training.value()));
  if (!space) return space.error();
  if (limits.precisions == std::vector{Precision::kInt8} && !space.value().preparation().int8) {
    const std::optional<Tried>& tried = summary.value().tried;
    const bool at_inspection = tried && !tried->why_no_int8.empty();
    return Error{ErrorCode::kUnsupported,
                 "the job allows int8 only, and the model cannot be int8: " +
                     (at_inspection ? tried->why_no_int8 : guidance.value().why_no_int8)};
  }
  // A job that began before images could be held back has scored all of them so far.
  const bool older = job.document_json.find("\"validation\"") == std::string::npos;
  const double held_back = older ? 0 : held_back_of(document.value(), dataset.value().counts);
  return JobContext{job,
                    std::move(document).value(),
                    std::move(summary).value(),
                    std::move(targets),
                    std::move(checks).value(),
                    std::move(space).value(),
                    std::move(training).value(),
                    labels,
                    held_back,
                    dataset.value().counts.validation_images};
}

double held_back_of(const NewJob& job, const DatasetCounts& counts) {
  if (job.validation.held_back) return *job.validation.held_back;
  const bool enough = counts.labelled && counts.validation_images >= kFewestToHoldBack;
  return enough ? kHeldBackByDefault : 0;
}

Result<std::unique_ptr<search::Strategy>> strategy_of(const JobContext& context) {
  const NewJob& document = context.document;
  return search::make_strategy(
      document.strategy, context.space, document.seed,
      [document](const std::vector<double>& original) { return reference_of(document, original); });
}

namespace {

// The one observation that stands for those of all targets: in each objective the worst of them,
// and nothing at all where one of them has nothing.
search::TargetObservation worst_of(const std::vector<search::TargetObservation>& targets) {
  search::TargetObservation worst;
  for (const search::TargetObservation& on : targets) {
    if (on.status == search::Status::kInfeasible) return on;
    worst.objectives.resize(on.objectives.size(), -HUGE_VAL);
    for (std::size_t k = 0; k < on.objectives.size(); ++k) {
      worst.objectives[k] = std::max(worst.objectives[k], on.objectives[k]);
    }
    worst.violations.insert(worst.violations.end(), on.violations.begin(), on.violations.end());
  }
  return worst;
}

// Of a trial on one target, as the search takes them.
std::optional<search::LayerTimes> layer_times(const JobContext& context,
                                              const TargetRecord& record) {
  const std::vector<Metric>& objectives = context.document.objectives;
  const auto latency = std::ranges::find(objectives, Metric{MetricKind::kLatencyMs});
  if (record.latency->layers_ms.empty() || latency == objectives.end()) return std::nullopt;
  search::LayerTimes out{static_cast<std::size_t>(latency - objectives.begin()), {}};
  for (const Layer& layer : context.model.layers) {
    const auto at = record.latency->layers_ms.find(layer.name);
    out.ms.push_back(at == record.latency->layers_ms.end() ? 0 : at->second);
  }
  return out;
}

}  // namespace

JobContext apart(JobContext context) {
  context.document.across = Across::kEach;
  context.document.weights.clear();
  return context;
}

bool is_of_space(const JobContext& context, const Trial& trial) {
  const search::Genome genome{trial.genome};
  if (!context.space.offers(genome)) return false;
  const auto plan = wire::parse_plan(trial.plan_json);
  return plan && context.space.plan_of(genome) == plan.value();
}

search::Observation observation_of(const JobContext& context, const Trial& trial) {
  search::Observation out;
  out.trial = TrialId{trial.number};
  out.genome.choices = trial.genome;
  for (const Target& target : context.targets) {
    search::TargetObservation on;
    const auto at = trial.on_target.find(target.name);
    if (at != trial.on_target.end() && is_measured(at->second)) {
      on.objectives = objectives_of(context.document, trial,
                                    weighted(context.document, target.name, at->second));
      on.violations = violations_of(context.document, target.name, trial, at->second);
      on.layers = layer_times(context, at->second);
    } else {
      on.status = search::Status::kInfeasible;
    }
    out.targets.push_back(std::move(on));
  }
  if (context.document.across == Across::kWorst) out.targets = {worst_of(out.targets)};
  return out;
}

}  // namespace pare::coordinator
