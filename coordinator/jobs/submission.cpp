#include "coordinator/jobs/submission.h"

#include <algorithm>

#include "coordinator/jobs/fitness.h"
#include "coordinator/jobs/supernets.h"
#include "coordinator/jobs/tasks.h"
#include "wire/field_errors.h"
#include "wire/job_json.h"
#include "wire/plan_json.h"
#include "wire/summary_json.h"

namespace pare::coordinator {
namespace {

std::optional<Error> check_target(Store& store, const NewJob& job, std::size_t i,
                                  const std::vector<Worker>& workers) {
  const std::string& name = job.targets[i];
  const std::string field = "targets[" + std::to_string(i) + "]";
  const auto target = store.target(name);
  if (!target) return wire::unknown_reference(target.error(), field, name);
  if (workers_serving(target.value(), workers) == 0) {
    return wire::with_field(
        {ErrorCode::kUnsupported, "no worker serves target \"" + name + "\" (pool \"" +
                                      target.value().pool + "\", runtime \"" +
                                      target.value().runtime + "\")"},
        field, name);
  }
  const auto& offered = target.value().precisions;
  const bool some = std::ranges::any_of(job.space.precisions, [&](Precision p) {
    return std::ranges::find(offered, p) != offered.end();
  });
  if (some) return std::nullopt;
  return wire::with_field(
      {ErrorCode::kUnsupported,
       "target \"" + name + "\" supports none of the precisions of space.precision"},
      "space.precision", std::string(name_of(job.space.precisions.front())));
}

// The plans that the job is to begin with, each once.
Result<std::vector<StartingPoint>> resolved(Store& store, JobViews& views, const NewJob& job) {
  std::vector<StartingPoint> out;
  const auto add = [&](const std::string& json) -> Result<bool> {
    auto plan = wire::parse_plan(json);
    if (!plan) return plan.error();
    StartingPoint point{std::move(plan).value(), "", std::nullopt};
    if (std::ranges::find(out, point) == out.end()) out.push_back(std::move(point));
    return true;
  };
  for (std::size_t i = 0; i < job.begin_with.size(); ++i) {
    const StartingPoint& point = job.begin_with[i];
    const std::string field = "begin_with[" + std::to_string(i) + "]";
    std::vector<std::string> plans;
    if (point.plan) {
      plans.push_back(wire::plan_to_json(*point.plan));
    } else if (point.front_of) {
      const auto earlier = views.read(*point.front_of);
      const std::string named = std::to_string(point.front_of->value);
      if (!earlier) return wire::unknown_reference(earlier.error(), field + ".front_of", named);
      for (const TargetFront& front : earlier.value().found->fronts) {
        for (const FrontMember& member : front.members) {
          const auto& trials = earlier.value().found->contenders;
          plans.push_back(std::ranges::find(trials, member.trial, &Trial::number)->plan_json);
        }
      }
    } else {
      const auto trials = store.trials_with_plan(point.sha256);
      if (!trials) return wire::unknown_reference(trials.error(), field + ".sha256", point.sha256);
      plans.push_back(trials.value().front().plan_json);
    }
    for (const std::string& plan : plans) {
      if (const auto added = add(plan); !added) return added.error();
    }
  }
  return out;
}

// The SHA-256 of the super-network that a job takes; empty: none, or one that is not trained yet.
Result<std::string> supernet_named(Store& store, const NewJob& job) {
  if (!job.supernet || job.supernet->from.empty()) return std::string();
  auto supernet = store.supernet(job.supernet->from);
  if (!supernet) return supernet.error();
  return std::move(supernet).value().sha256;
}

// Why a job cannot go on from an earlier one; nullopt: it can.
std::optional<Error> check_transfer(Store& store, const NewJob& job,
                                    const std::string& model_sha256, int card_version,
                                    const std::string& dataset_sha256) {
  if (!job.transfer) return std::nullopt;
  const std::string named = std::to_string(job.transfer->from.value);
  const auto earlier = store.job(job.transfer->from);
  if (!earlier) return wire::unknown_reference(earlier.error(), "transfer.from", named);
  const Job& from = earlier.value();
  std::string why;
  if (!is_final(from.state)) why = "has not ended";
  if (from.card_version != card_version) why = "was made with another card of the model";
  if (from.model_sha256 != model_sha256) why = "is about another model";
  if (from.dataset_sha256 != dataset_sha256) why = "is about another dataset";
  const auto inherited = supernet_named(store, job);
  if (!inherited) return wire::unknown_reference(inherited.error(), "recovery.from", named);
  if (from.supernet_sha256 != inherited.value()) {
    why = "has candidates with other weights: its super-network is " +
          (from.supernet_sha256.empty() ? "none" : from.supernet_sha256) + ", this job's " +
          (inherited.value().empty() ? "none that is there" : inherited.value());
  }
  if (why.empty()) return std::nullopt;
  return wire::with_field({ErrorCode::kUnsupported, "job " + named + " " + why}, "transfer.from",
                          named);
}

// The trial of the job that has the plan.
Result<Trial> trial_with_plan(Store& store, JobId job, const std::string& plan,
                              const std::string& field) {
  const auto trials = store.trials_with_plan(plan);
  if (!trials) return wire::unknown_reference(trials.error(), field, plan);
  const auto found = std::ranges::find(trials.value(), job, &Trial::job);
  if (found == trials.value().end()) {
    return wire::with_field(
        {ErrorCode::kUnsupported,
         "job " + std::to_string(job.value) + " has no trial with plan \"" + plan + "\""},
        field, plan);
  }
  return *found;
}

// The target, if the job has it and somebody serves it.
Result<Target> target_of(Store& store, const Job& job, const std::string& name) {
  if (std::ranges::find(job.targets, name) == job.targets.end()) {
    return wire::with_field({ErrorCode::kUnsupported, "job " + std::to_string(job.id.value) +
                                                          " has no target \"" + name + "\""},
                            "target", name);
  }
  auto target = store.target(name);
  if (!target) return wire::unknown_reference(target.error(), "target", name);
  const auto workers = store.workers();
  if (!workers) return workers.error();
  if (workers_serving(target.value(), workers.value()) == 0) {
    return wire::with_field({ErrorCode::kUnsupported, "no worker serves target \"" + name + "\""},
                            "target", name);
  }
  return target;
}

}  // namespace

int workers_serving(const Target& target, const std::vector<Worker>& workers) {
  return static_cast<int>(std::ranges::count_if(workers, [&](const Worker& worker) {
    const WorkerProfile& profile = worker.profile;
    return worker.state != WorkerState::kLost &&
           std::ranges::find(profile.pools, target.pool) != profile.pools.end() &&
           std::ranges::find(profile.runtimes, target.runtime, &RuntimeInfo::name) !=
               profile.runtimes.end();
  }));
}

Result<JobDraft> draft_of(Store& store, JobViews& views, const NewJob& job) {
  const auto model = store.model(job.model);
  if (!model) return wire::unknown_reference(model.error(), "model", job.model);
  if (model.value().state == EntryState::kRejected) {
    return wire::with_field({ErrorCode::kUnsupported,
                             "model \"" + job.model + "\" was rejected: " + model.value().reason},
                            "model", job.model);
  }
  const auto dataset = store.dataset(job.dataset);
  if (!dataset) return wire::unknown_reference(dataset.error(), "dataset", job.dataset);
  if (dataset.value().state == EntryState::kRejected) {
    return wire::with_field(
        {ErrorCode::kUnsupported,
         "dataset \"" + job.dataset + "\" was rejected: " + dataset.value().reason},
        "dataset", job.dataset);
  }
  const auto workers = store.workers();
  if (!workers) return workers.error();
  for (std::size_t i = 0; i < job.targets.size(); ++i) {
    if (auto error = check_target(store, job, i, workers.value())) return *error;
  }
  if (auto error = check_transfer(store, job, model.value().sha256, model.value().card_version,
                                  dataset.value().sha256)) {
    return *error;
  }
  if (auto error = check_supernet(store, job, model.value().sha256, model.value().card_version,
                                  workers.value())) {
    return *error;
  }
  std::vector<std::string> warnings;
  if (model.value().state == EntryState::kReady) {
    const auto summary = wire::parse_summary(model.value().summary_json);
    if (!summary) return summary.error();
    auto found = warnings_of(job, summary.value(), dataset.value());
    if (!found) return wire::with_field(found.error(), "dataset", job.dataset);
    warnings = std::move(found).value();
  }
  NewJob complete = job;
  auto begin_with = resolved(store, views, job);
  if (!begin_with) return begin_with.error();
  complete.begin_with = std::move(begin_with).value();
  return JobDraft{wire::job_to_json(complete),
                  model.value().sha256,
                  dataset.value().sha256,
                  job.targets,
                  job.seed,
                  std::move(warnings)};
}

Result<Experiment> experiment_of(Store& store, wire::NewComparison asked) {
  const auto job = store.job(asked.job);
  if (!job) {
    return wire::unknown_reference(job.error(), "job", std::to_string(asked.job.value));
  }
  const auto target = target_of(store, job.value(), asked.target);
  if (!target) return target.error();
  const auto a = trial_with_plan(store, asked.job, asked.a, "a");
  if (!a) return a.error();
  const auto b = trial_with_plan(store, asked.job, asked.b, "b");
  if (!b) return b.error();
  const auto model = store.model_version(job.value().model_sha256, job.value().card_version);
  if (!model) return model.error();
  const auto summary = wire::parse_summary(model.value().summary_json);
  if (!summary) return summary.error();

  const auto dataset = store.dataset(job.value().dataset_sha256);
  if (!dataset) return dataset.error();
  const LabelSource labels =
      label_source(summary.value().card.head, dataset.value().counts.labelled);

  asked.a = a.value().plan_sha256;
  asked.b = b.value().plan_sha256;
  auto task = compare_task(job.value(), summary.value().card, labels, target.value(), a.value(),
                           b.value(), asked);
  if (!task) return task.error();
  return Experiment{{asked.job, asked.target, asked.a, asked.b, wire::comparison_to_json(asked)},
                    std::move(task).value()};
}

}  // namespace pare::coordinator
