#include "coordinator/jobs/job_runner.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "coordinator/jobs/front.h"
#include "coordinator/jobs/tasks.h"
#include "coordinator/jobs/transfer.h"
#include "coordinator/jobs/trial_update.h"
#include "core/check.h"
#include "search/seeds.h"
#include "wire/plan_json.h"

namespace pare::coordinator {
namespace {

// The number of the trial that an entry of the log is about; 0 if it names none.
int trial_of(const SearchLogEntry& entry) {
  const auto payload = nlohmann::json::parse(entry.payload_json, nullptr, false);
  if (!payload.is_object() || !payload.contains("trial")) return 0;
  return payload["trial"].is_number_integer() ? payload["trial"].get<int>() : 0;
}

Error broken_log(const Job& job, const SearchLogEntry& entry) {
  return {ErrorCode::kInvalidArgument, "entry " + std::to_string(entry.seq) +
                                           " of the search log of job " +
                                           std::to_string(job.id.value) + " is \"" +
                                           entry.payload_json + "\", which names no trial of it"};
}

// A version of Pare that offers other choices cannot go on where an older one stopped.
Error another_space(const Job& job, const Trial& trial) {
  return {ErrorCode::kUnsupported, "trial " + std::to_string(trial.number) + " of job " +
                                       std::to_string(job.id.value) +
                                       " is a plan of another search space: the job was begun by "
                                       "another version; submit it again"};
}

}  // namespace

Result<std::vector<Trial>> all_trials(Store& store, JobId job) {
  constexpr int kPage = 500;
  std::vector<Trial> trials;
  while (true) {
    auto part = store.trials(job, {trials.empty() ? 0 : trials.back().number, kPage});
    if (!part) return part.error();
    const bool last = part.value().size() < static_cast<std::size_t>(kPage);
    std::ranges::move(std::move(part).value(), std::back_inserter(trials));
    if (last) return trials;
  }
}

Result<std::vector<MeasuredLatency>> measured_before(Store& store, const Task& task, JobId job,
                                                     int trial) {
  constexpr int kMostOfTrial = 1000;  // tasks: a few for each target
  const auto tasks =
      store.tasks({.job = job, .trial = trial, .state = TaskState::kSucceeded}, {0, kMostOfTrial});
  if (!tasks) return tasks.error();
  std::vector<MeasuredLatency> measured;
  for (const Task& other : tasks.value()) {
    const bool same = other.task.kind == TaskKind::kBenchmark &&
                      other.task.target == task.task.target && other.id < task.id;
    if (!same) continue;
    const TaskEnd end = end_of(other);
    if (!end) continue;
    measured.push_back({measurement_of(end.value()), other.ran_on});
  }
  return measured;
}

FirstPlans first_plans(const JobContext& context) {
  FirstPlans first;
  const auto add = [&](search::Genome genome) {
    if (std::ranges::find(first.genomes, genome) == first.genomes.end()) {
      first.genomes.push_back(std::move(genome));
    }
  };
  add(context.space.original());
  for (const StartingPoint& point : context.document.begin_with) {
    Plan plan = point.plan.value_or(Plan{});
    // What it removes counts, whoever's weights it was found with.
    inherit(plan, context.inheritance());
    const auto genome = context.space.genome_of(plan);
    if (genome) {
      add(genome.value());
    } else if (first.left_out++ == 0) {
      first.reason = genome.error().message;
    }
  }
  if (context.document.transfer) return first;  // it knows better ones
  for (search::Genome& genome : search::seeds(context.space)) add(std::move(genome));
  return first;
}

JobRunner::JobRunner(JobContext context, std::unique_ptr<search::Strategy> strategy,
                     std::size_t seeds)
    : context_(std::move(context)), strategy_(std::move(strategy)), seeds_(seeds) {}

Result<std::unique_ptr<JobRunner>> JobRunner::restore(Store& store, const Job& job) {
  auto context = load_context(store, job);
  if (!context) return context.error();
  const NewJob& document = context.value().document;
  auto strategy = strategy_of(context.value());
  if (!strategy) return strategy.error();
  if (document.transfer) {
    auto known = known_plans(store, context.value());
    if (!known) return known.error();
    strategy = search::with_transfer(std::move(known).value(),
                                     static_cast<std::size_t>(document.transfer->measure),
                                     std::move(strategy).value());
  }
  std::vector<search::Genome> first = first_plans(context.value()).genomes;
  const std::size_t count = first.size();
  std::unique_ptr<JobRunner> runner(
      new JobRunner(std::move(context).value(),
                    search::with_seeds(std::move(first), std::move(strategy).value()), count));
  const auto replayed = runner->replay(store);
  if (!replayed) return replayed.error();
  return runner;
}

Result<bool> JobRunner::replay(Store& store) {
  const auto trials = all_trials(store, context_.job.id);
  if (!trials) return trials.error();
  const auto log = store.search_log(context_.job.id);
  if (!log) return log.error();
  for (const SearchLogEntry& entry : log.value()) {
    const auto number = static_cast<std::size_t>(std::max(0, trial_of(entry)));
    if (number == 0 || number > trials.value().size()) return broken_log(context_.job, entry);
    const Trial& trial = trials.value()[number - 1];
    if (!trial.unreadable.empty()) return Error{ErrorCode::kInternal, trial.unreadable};
    if (!is_of_space(context_, trial)) return another_space(context_.job, trial);
    if (entry.step == SearchStep::kAsk) {
      const search::Genome genome{trial.genome};
      strategy_->replay_ask({&genome, 1});
    } else {
      tell(trial);
    }
  }
  next_number_ = static_cast<int>(trials.value().size()) + 1;
  return true;
}

std::optional<std::vector<Change>> JobRunner::next_trial() {
  const std::vector<search::Genome> asked = strategy_->ask(1);
  if (asked.empty()) return std::nullopt;
  const Plan plan = context_.space.plan_of(asked.front());
  const int number = next_number_++;
  const bool seed = static_cast<std::size_t>(number) <= seeds_;
  const JobId job = context_.job.id;
  TrialAdded added{job,
                   number,
                   wire::plan_sha256(plan),
                   wire::plan_to_json(plan),
                   seed ? TrialOrigin::kSeed : TrialOrigin::kSearch,
                   asked.front().choices};
  return std::vector<Change>{
      std::move(added),
      SearchLogged{job, SearchStep::kAsk, "{\"trial\":" + std::to_string(number) + "}"},
      TaskAdded{build_task(context_.job, context_.model.card, number, plan)}};
}

void JobRunner::tell(const Trial& trial) {
  const search::Observation observation = observation_of(context_, trial);
  strategy_->tell({&observation, 1});
  if (auto scored = scored_of(context_, trial)) scored_.push_back(std::move(*scored));
  const auto plan = wire::parse_plan(trial.plan_json);
  stagnation_.tell(context_.document, observation,
                   plan && is_original(plan.value(), context_.model));
}

}  // namespace pare::coordinator
