#include "coordinator/jobs/trial_update.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "coordinator/jobs/job_metrics.h"
#include "coordinator/jobs/tasks.h"
#include "core/check.h"
#include "wire/accuracy_identity_json.h"
#include "wire/sha256.h"
#include "wire/summary_json.h"

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

std::string percent_of_range(double share) {
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

Measurement measurement_of(const wire::TaskSuccess& benchmark) {
  Measurement out = std::get<Measurement>(benchmark.result);
  const auto samples = blob_of(benchmark, "samples");
  if (samples) out.samples_sha256 = samples.value().sha256;  // else it has them within
  return out;
}

TrialUpdate::TrialUpdate(const JobContext& context, Trial trial, Plan plan,
                         std::span<const Scored> others)
    : context_(context), trial_(std::move(trial)), plan_(std::move(plan)), others_(others) {
  PARE_CHECK(trial_.state == TrialState::kRunning, "an update of a trial that has ended");
}

std::vector<const Target*> TrialUpdate::scored_on(const std::string& runtime) const {
  std::vector<const Target*> out;
  for (const Target& target : context_.targets) {
    const bool here = context_.accuracy_runtime(target, plan_) == runtime;
    if (here && context_.allows(target, plan_)) out.push_back(&target);
  }
  return out;
}

void TrialUpdate::built(const TaskEnd& end) {
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
    if (reason.empty()) {
      measure(target);
    } else {
      infeasible(target, reason);
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

void TrialUpdate::evaluated(const TaskEnd& end, const NewTask& task) {
  const auto document = wire::parse_task(task.document_json);
  const auto* params =
      document ? std::get_if<wire::EvaluateParams>(&document.value().params) : nullptr;
  const std::string runtime = params != nullptr ? params->runtime : task.runtime;
  StoredAccuracy scored;
  std::string reason;
  if (end) {
    const auto& result = std::get<Accuracy>(end.value().result);
    const auto detections = blob_of(end.value(), "detections");
    const auto figures = figures_of(context_.document, result);
    scored.accuracy = result;
    scored.accuracy.runtime = runtime;
    if (detections) scored.accuracy.detections_sha256 = detections.value().sha256;
    if (figures) scored.accuracy.figures = figures.value();
    const AccuracyIdentity identity =
        identity_of({runtime, result.runtime_version, result.processor, result.scoring});
    if (identity.is_whole()) scored.identity_json = wire::identity_to_json(identity);
    if (result.map_50_95 < 0)
      reason = "no validation image has a box to score against" + by_the_original(result.labels);
    if (reason.empty() && !figures) reason = figures.error().message;
    if (!detections) reason = detections.error().message;
  } else {
    reason = end.error().message;
  }
  const std::string failure = "evaluating on " + runtime + " failed: " + reason;
  for (const Target* target : scored_on(runtime)) {
    const TargetRecord& record = trial_.on_target[target->name];
    const bool elsewhere =
        !task.processor.empty() && record.latency && record.latency->processor != task.processor;
    if (is_settled(record) || record.accuracy || elsewhere) continue;
    if (reason.empty()) {
      const bool timed = record.latency.has_value();
      record_accuracy(*target, scored);
      if (!timed) measure(*target);  // a trial begun when accuracy still came first
    } else {
      infeasible(*target, failure);
    }
  }
  end_if_settled();
}

// An fp32 accuracy was scored on the executor: it holds here as far as the outputs agree.  An int8
// one was scored on a machine of the same kind, which may be another one.
void TrialUpdate::record_accuracy(const Target& target, const StoredAccuracy& scored) {
  TargetRecord& record = trial_.on_target[target.name];
  record.accuracy = scored.accuracy;
  record.accuracy->alarm =
      record.latency ? difference_between(scored.accuracy.fingerprint, record.latency->fingerprint)
                     : std::string();
  changes_.push_back(AccuracyRecorded{trial_.job, trial_.number, target.name, *record.accuracy,
                                      scored.identity_json});
}

AccuracyIdentity TrialUpdate::identity_of(const Scorer& scorer) const {
  AccuracyIdentity identity;
  identity.candidate_sha256 = trial_.candidate_sha256;
  identity.dataset_sha256 = context_.job.dataset_sha256;
  identity.card_sha256 = wire::sha256_hex(wire::card_to_json(context_.card_of(plan_)));
  identity.labels = name_of(context_.labels);
  if (const auto teacher = context_.teacher()) {
    identity.teacher = context_.job.model_sha256 + " " + std::to_string(teacher->height) + "x" +
                       std::to_string(teacher->width);
  }
  identity.runtime = scorer.runtime;
  identity.runtime_version = scorer.runtime_version;
  identity.processor = scorer.processor;
  identity.scoring = scorer.scoring;
  const long held_back = std::lround(context_.held_back * context_.validation_images);
  if (held_back > 0) identity.held_back = std::to_string(held_back);
  return identity;
}

// What is stored under the identity that one of those who may score would give; null: nothing.
const StoredAccuracy* TrialUpdate::known_for(const Group& group, const Known& known) const {
  for (const Scorer& scorer : known.scorers) {
    const bool may = scorer.runtime == group.runtime &&
                     (group.processor.empty() || scorer.processor == group.processor);
    if (!may) continue;
    const AccuracyIdentity wanted = identity_of(scorer);
    if (!wanted.is_whole()) continue;
    for (const StoredAccuracy& stored : known.accuracies) {
      const auto identity = wire::parse_identity(stored.identity_json);
      const bool same = identity && identity.value() == wanted;
      if (same && !stored.accuracy.detections_sha256.empty()) return &stored;
    }
  }
  return nullptr;
}

// Those with a latency and no accuracy yet, once every target that the runtime stands for has a
// latency or a reason: what is scored first may then say that the rest need not be.
std::vector<TrialUpdate::Group> TrialUpdate::timed_groups(const std::string& runtime) const {
  std::vector<Group> groups;
  for (const Target* target : scored_on(runtime)) {
    const auto at = trial_.on_target.find(target->name);
    if (at == trial_.on_target.end()) return {};
    const TargetRecord& record = at->second;
    if (!record.latency && record.infeasible.empty()) return {};
    if (record.accuracy || !record.infeasible.empty()) continue;
    const std::string processor = is_lowered(plan_) ? record.latency->processor : "";
    auto group = std::ranges::find(groups, processor, &Group::processor);
    if (group == groups.end()) group = groups.insert(group, Group{runtime, processor, {}});
    group->targets.push_back(target);
  }
  return groups;
}

void TrialUpdate::score(const Group& group) {
  std::vector<std::string> names;
  for (const Target* target : group.targets) names.push_back(target->name);
  NewTask task = evaluate_task(context_.job, context_.card_of(plan_), trial_.number,
                               trial_.candidate_sha256, group.runtime, context_.teacher(),
                               {.rivals = rivals_of(context_, trial_, names, others_),
                                .held_back = context_.held_back,
                                .fingerprint = is_lowered(plan_)});
  if (is_lowered(plan_)) {
    task.processor = group.processor;
    // Measured by an engine that does not tell its processor: the pool is as near as we come.
    if (group.processor.empty()) task.pool = group.targets.front()->pool;
  }
  changes_.push_back(TaskAdded{std::move(task)});
}

void TrialUpdate::score_if_timed(const std::string& runtime, const Known& known) {
  for (const Group& group : timed_groups(runtime)) {
    const StoredAccuracy* found = known_for(group, known);
    if (found == nullptr) {
      score(group);
      continue;
    }
    StoredAccuracy again = *found;
    const auto figures = figures_of(context_.document, again.accuracy);
    if (!figures) {  // scored again, it will say why
      score(group);
      continue;
    }
    again.accuracy.figures = figures.value();
    for (const Target* target : group.targets) record_accuracy(*target, again);
  }
}

void TrialUpdate::measure(const Target& target) {
  changes_.push_back(TaskAdded{benchmark_task(context_.job, context_.card_of(plan_), trial_.number,
                                              trial_.candidate_sha256, target,
                                              {.parity = !is_lowered(plan_),
                                               .profile = trial_.number <= kProfiledTrials,
                                               .fingerprint = is_lowered(plan_)})});
}

void TrialUpdate::benchmarked(const TaskEnd& end, const std::string& name,
                              const std::string& device_id, std::vector<MeasuredLatency> earlier,
                              const std::vector<CanaryReading>& readings, const Known& known) {
  const auto target = std::ranges::find(context_.targets, name, &Target::name);
  if (target == context_.targets.end()) return;  // it is none of the job's: it says nothing
  take_latency(*target, end, device_id, std::move(earlier), readings);
  score_if_timed(context_.accuracy_runtime(*target, plan_), known);
  end_if_settled();
}

void TrialUpdate::take_latency(const Target& target, const TaskEnd& end,
                               const std::string& device_id, std::vector<MeasuredLatency> earlier,
                               const std::vector<CanaryReading>& readings) {
  if (!end && !earlier.empty()) {  // it was measured before: doubtful, but there
    return choose_latency(target, earlier, readings, true);
  }
  if (!end) return infeasible(target, "benchmarking failed: " + end.error().message);
  Measurement result = measurement_of(end.value());
  const bool agrees = result.parity && result.parity->agrees();
  if (!is_lowered(plan_) && !result.parity) {
    infeasible(target, "the outputs on " + target.runtime + " were not checked");
  } else if (!is_lowered(plan_) && !agrees) {
    const std::string& output = result.parity->output;
    infeasible(target,
               "outputs on " + target.runtime +
                   (output.empty() ? "" : ", most of all \"" + output + "\",") +
                   " differ from the executor's by " + percent_of_range(result.parity->max_error) +
                   " of their range, more than " + percent_of_range(result.parity->tolerance));
  } else if (!(result.median.count() > 0)) {
    infeasible(target, "a median latency of " + std::to_string(result.median.count()) + " ms");
  } else {
    earlier.push_back({std::move(result), device_id});
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
  Measurement latency = kept.result;
  latency.suspect = choice.suspect;
  record_latency(target, std::move(latency));
}

void TrialUpdate::record_latency(const Target& target, Measurement latency) {
  trial_.on_target[target.name].latency = latency;
  changes_.push_back(LatencyRecorded{trial_.job, trial_.number, target.name, std::move(latency)});
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
  if (trial_.origin == TrialOrigin::kTuned) return;  // the search did not ask for it
  changes_.push_back(SearchLogged{trial_.job, SearchStep::kTell,
                                  "{\"trial\":" + std::to_string(trial_.number) + "}"});
}

std::vector<Change> TrialUpdate::changes() && {
  return std::move(changes_);
}

}  // namespace pare::coordinator
