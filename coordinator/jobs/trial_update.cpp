#include "coordinator/jobs/trial_update.h"

#include <algorithm>
#include <cstdio>

#include "coordinator/jobs/job_metrics.h"
#include "coordinator/jobs/tasks.h"
#include "core/check.h"

namespace pare::coordinator {
namespace {

bool is_settled(const TargetRecord& record) {
  return !record.infeasible.empty() || (record.accuracy && record.latency);
}

// The artifact in that role, if it was uploaded.
Result<wire::BlobRef> blob_of(const wire::TaskSuccess& success, const std::string& role) {
  const auto at = success.artifacts.find(role);
  const wire::BlobRef* blob =
      at == success.artifacts.end() ? nullptr : std::get_if<wire::BlobRef>(&at->second);
  if (blob != nullptr) return *blob;
  return Error{ErrorCode::kInvalidArgument, "the outcome has no uploaded \"" + role + "\""};
}

// The original's detections are the boxes, and it may have found nothing.
std::string by_the_original(LabelSource labels) {
  return labels == LabelSource::kTeacher ? ": the original is sure of none" : "";
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %%", share * 100);
  return text;
}

}  // namespace

TaskEnd end_of(const Task& task) {
  if (task.state != TaskState::kSucceeded) {
    const std::string reason = task.reason.empty() ? "no reason was given" : task.reason;
    return Error{ErrorCode::kUnavailable, reason};
  }
  auto outcome = wire::parse_outcome(task.outcome_json, task.task.kind);
  if (!outcome) return outcome.error();
  auto end = std::move(outcome).value().end;
  if (const auto* failure = std::get_if<wire::TaskFailure>(&end)) {
    return Error{failure->code, failure->reason};
  }
  return std::get<wire::TaskSuccess>(std::move(end));
}

TrialUpdate::TrialUpdate(const JobContext& context, Trial trial, Plan plan,
                         std::span<const Scored> others)
    : context_(context), trial_(std::move(trial)), plan_(std::move(plan)), others_(others) {
  PARE_CHECK(trial_.state == TrialState::kRunning, "an update of a trial that has ended");
}

std::vector<std::string> TrialUpdate::runtimes() const {
  std::vector<std::string> out;
  for (const Target& target : context_.targets) {
    if (!context_.allows(target, plan_)) continue;
    std::string runtime = context_.accuracy_runtime(target, plan_);
    if (std::ranges::find(out, runtime) == out.end()) out.push_back(std::move(runtime));
  }
  return out;
}

std::vector<const Target*> TrialUpdate::scored_on(const std::string& runtime) const {
  std::vector<const Target*> out;
  for (const Target& target : context_.targets) {
    const bool here = context_.accuracy_runtime(target, plan_) == runtime;
    if (here && context_.allows(target, plan_)) out.push_back(&target);
  }
  return out;
}

void TrialUpdate::built(const TaskEnd& end,
                        const std::vector<std::optional<KnownAccuracy>>& known) {
  const auto candidate = end ? blob_of(end.value(), "candidate") : end.error();
  if (!candidate) {
    for (const Target& target : context_.targets) {
      infeasible(target, "building failed: " + candidate.error().message);
    }
    return end_if_settled();
  }
  record_build(std::get<wire::BuildResult>(end.value().result), candidate.value());
  for (const Target& target : context_.targets) {
    const std::string reason = context_.why_not(target, plan_);
    if (!reason.empty()) infeasible(target, reason);
  }
  const std::vector<std::string> all = runtimes();
  PARE_CHECK(known.size() == all.size(), "one known accuracy, or none, for each runtime");
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const Target* target : scored_on(all[i])) {
      if (known[i]) record_accuracy(*target, *known[i]);
      measure(*target);
    }
  }
  end_if_settled();
}

void TrialUpdate::record_build(const wire::BuildResult& build, const wire::BlobRef& candidate) {
  trial_.candidate_sha256 = candidate.sha256;
  trial_.bytes = candidate.bytes;
  trial_.macs = build.macs;
  changes_.push_back(TrialBuilt{trial_.job, trial_.number, candidate.sha256, candidate.bytes,
                                build.macs, wire::result_to_json(build)});
}

void TrialUpdate::evaluated(const TaskEnd& end, const std::string& runtime) {
  KnownAccuracy known;
  std::string reason;
  if (end) {
    const auto& result = std::get<wire::EvaluateResult>(end.value().result);
    const auto detections = blob_of(end.value(), "detections");
    const auto figures = figures_of(context_.document, result);
    known.accuracy = {result.map_50_95,
                      result.images,
                      runtime,
                      detections ? detections.value().sha256 : "",
                      figures ? figures.value() : std::map<std::string, double>{},
                      result.draws,
                      result.expected};
    known.accuracy_json = wire::result_to_json(result);
    if (result.map_50_95 < 0)
      reason = "no validation image has a box to score against" + by_the_original(result.labels);
    if (reason.empty() && !figures) reason = figures.error().message;
    if (!detections) reason = detections.error().message;
  } else {
    reason = end.error().message;
  }
  for (const Target* target : scored_on(runtime)) {
    if (is_settled(trial_.on_target[target->name])) continue;
    if (reason.empty()) {
      record_accuracy(*target, known);
      const bool timed = trial_.on_target[target->name].latency.has_value();
      if (!timed) measure(*target);  // a trial begun when accuracy still came first
    } else {
      infeasible(*target, "evaluating on " + runtime + " failed: " + reason);
    }
  }
  end_if_settled();
}

// An fp32 accuracy was scored on the executor: it holds here as far as the outputs agree.
void TrialUpdate::record_accuracy(const Target& target, const KnownAccuracy& known) {
  trial_.on_target[target.name].accuracy = known.accuracy;
  changes_.push_back(AccuracyRecorded{trial_.job, trial_.number, target.name, known.accuracy,
                                      known.accuracy_json});
}

// Once every target that the accuracy is for has a latency or a reason, and one a latency.
void TrialUpdate::score_if_timed(const std::string& runtime) {
  std::vector<std::string> names;
  bool timed = false;
  for (const Target* target : scored_on(runtime)) {
    const TargetRecord& record = trial_.on_target[target->name];
    if (record.accuracy || (!record.latency && record.infeasible.empty())) return;
    timed |= record.latency.has_value();
    names.push_back(target->name);
  }
  if (!timed) return;
  changes_.push_back(TaskAdded{evaluate_task(context_.job, context_.card_of(plan_), trial_.number,
                                             trial_.candidate_sha256, runtime, context_.teacher(),
                                             rivals_of(context_, trial_, names, others_))});
}

void TrialUpdate::measure(const Target& target) {
  changes_.push_back(TaskAdded{benchmark_task(
      context_.job, context_.card_of(plan_), trial_.number, trial_.candidate_sha256, target,
      {.parity = !plan_.quantization, .profile = trial_.number <= kProfiledTrials})});
}

void TrialUpdate::benchmarked(const TaskEnd& end, const std::string& name,
                              const std::string& device_id, std::vector<MeasuredLatency> earlier,
                              const std::vector<CanaryReading>& readings) {
  const auto target = std::ranges::find(context_.targets, name, &Target::name);
  if (target == context_.targets.end()) return;  // it is none of the job's: it says nothing
  take_latency(*target, end, device_id, std::move(earlier), readings);
  score_if_timed(context_.accuracy_runtime(*target, plan_));
  end_if_settled();
}

void TrialUpdate::take_latency(const Target& target, const TaskEnd& end,
                               const std::string& device_id, std::vector<MeasuredLatency> earlier,
                               const std::vector<CanaryReading>& readings) {
  if (!end && !earlier.empty()) {  // it was measured before: doubtful, but there
    return choose_latency(target, earlier, readings, true);
  }
  if (!end) return infeasible(target, "benchmarking failed: " + end.error().message);
  const auto& result = std::get<wire::BenchmarkResult>(end.value().result);
  const bool agrees = result.parity && result.parity->max_error <= result.parity->tolerance;
  if (!plan_.quantization && !result.parity) {
    infeasible(target, "the outputs on " + target.runtime + " were not checked");
  } else if (!plan_.quantization && !agrees) {
    infeasible(target, "outputs on " + target.runtime + " differ from the executor's by " +
                           percent(result.parity->max_error) + " of their range, more than " +
                           percent(result.parity->tolerance));
  } else if (!(result.median_ms > 0)) {
    infeasible(target, "a median latency of " + std::to_string(result.median_ms) + " ms");
  } else {
    earlier.push_back({result, device_id});
    choose_latency(target, earlier, readings, false);
  }
}

void TrialUpdate::choose_latency(const Target& target, const std::vector<MeasuredLatency>& measured,
                                 const std::vector<CanaryReading>& readings, bool last) {
  const LatencyChoice choice = coordinator::choose_latency(measured, readings, last);
  if (choice.again) return measure(target);
  const MeasuredLatency& kept = measured[choice.kept];
  if (const auto canary = canary_of(kept.result); canary && !kept.device_id.empty()) {
    changes_.push_back(CanaryRecorded{trial_.job, target.name, {kept.device_id, *canary}});
  }
  record_latency(target, kept.result, choice.suspect);
}

void TrialUpdate::record_latency(const Target& target, const wire::BenchmarkResult& result,
                                 const std::string& suspect) {
  const LatencyRecord latency = {Millis(result.median_ms),
                                 Millis(result.low_ms),
                                 Millis(result.high_ms),
                                 static_cast<int>(result.samples_ms.size()),
                                 suspect,
                                 result.peak_memory_bytes,
                                 result.layers_ms};
  trial_.on_target[target.name].latency = latency;
  wire::BenchmarkResult bare = result;
  bare.samples_ms.clear();  // they are stored beside it
  changes_.push_back(LatencyRecorded{trial_.job, trial_.number, target.name, latency,
                                     result.samples_ms, wire::result_to_json(bare)});
}

void TrialUpdate::infeasible(const Target& target, const std::string& reason) {
  trial_.on_target[target.name].infeasible = reason;
  changes_.push_back(InfeasibleRecorded{trial_.job, trial_.number, target.name, reason});
}

void TrialUpdate::end_if_settled() {
  std::string reason;
  bool measured = false;
  for (const Target& target : context_.targets) {
    const auto at = trial_.on_target.find(target.name);
    if (at == trial_.on_target.end() || !is_settled(at->second)) return;
    if (at->second.infeasible.empty()) {
      measured = true;
    } else if (reason.empty()) {
      reason = at->second.infeasible;
    }
  }
  ended_ = true;
  const TrialState state = measured ? TrialState::kFinished : TrialState::kFailed;
  changes_.push_back(
      TrialEnded{trial_.job, trial_.number, state, measured ? std::string() : reason});
  changes_.push_back(SearchLogged{trial_.job, SearchStep::kTell,
                                  "{\"trial\":" + std::to_string(trial_.number) + "}"});
}

std::vector<Change> TrialUpdate::changes() && {
  return std::move(changes_);
}

}  // namespace pare::coordinator
