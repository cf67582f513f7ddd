#include "coordinator/jobs/job_loop.h"

#include <algorithm>
#include <cstdio>

#include "coordinator/jobs/catalog_ends.h"
#include "coordinator/jobs/checks.h"
#include "coordinator/jobs/confirmation.h"
#include "coordinator/jobs/fitness.h"
#include "coordinator/jobs/front.h"
#include "coordinator/jobs/job_metrics.h"
#include "coordinator/jobs/job_runner.h"
#include "coordinator/jobs/known_accuracies.h"
#include "coordinator/jobs/preprocessing.h"
#include "coordinator/jobs/supernets.h"
#include "coordinator/jobs/tasks.h"
#include "coordinator/jobs/trial_update.h"
#include "coordinator/jobs/tuning.h"
#include "coordinator/jobs/unreadable.h"
#include "wire/plan_json.h"

namespace pare::coordinator {
namespace {

constexpr int kTasksAtOnce = 100;
constexpr int kMostConflicts = 3;
// Between two looks at a job; more was no search: the store was away, or the machine slept.
constexpr std::chrono::duration<double> kLongestStep{10};
constexpr std::chrono::duration<double> kRecordedAfter{1};

std::string text_of(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

// Nothing is wrong with what was to be done: it waits until the store can do it.
bool is_store_away(const Error& error) {
  return is_retryable(error.code);
}

std::string name_of(const Job& job) {
  return "job " + std::to_string(job.id.value);
}

// Keeps the statistics that were prepared, or fails the job.
std::vector<Change> after_prepare(const Job& job, const TaskEnd& end) {
  const auto failed = [&](const std::string& why) {
    return std::vector<Change>{JobMoved{job.id, JobState::kFailed, "preparing failed: " + why}};
  };
  if (!end) return failed(end.error().message);
  const auto at = end.value().artifacts.find("statistics");
  const auto* blob =
      at == end.value().artifacts.end() ? nullptr : std::get_if<wire::BlobRef>(&at->second);
  if (blob == nullptr) return failed("the outcome has no uploaded \"statistics\"");
  return {JobPrepared{job.id, blob->sha256, wire::result_to_json(end.value().result)}};
}

// True while a task of the job waits, runs, or has ended and was not handled.
Result<bool> has_open_tasks(Store& store, JobId job) {
  const TaskFilter open[] = {
      {.job = job, .trial = {}, .state = TaskState::kQueued},
      {.job = job, .trial = {}, .state = TaskState::kLeased},
      {.job = job, .trial = {}, .state = {}, .unhandled = true},
  };
  for (const TaskFilter& filter : open) {
    const auto tasks = store.tasks(filter, {0, 1});
    if (!tasks) return tasks.error();
    if (!tasks.value().empty()) return true;
  }
  return false;
}

// What was under way when a task's end could not be used does not wait for ever.
std::vector<Change> given_up(const Task& task, const std::string& why) {
  const TaskSubject& subject = task.task.subject;
  if (subject.job) return {JobMoved{*subject.job, JobState::kFailed, why}};
  if (subject.comparison) {
    return {ComparisonEnded{*subject.comparison, ComparisonState::kFailed, why, ""}};
  }
  if (!subject.model_sha256.empty()) {
    return {ModelInspected{subject.model_sha256, EntryState::kRejected, why, ""}};
  }
  return {DatasetInspected{subject.dataset_sha256, EntryState::kRejected, why, {}}};
}

// What a step throws is one more way to fail: it is about that task or job, and ends nothing else.
template <typename Step>
Result<int> guarded(Step step) {
  try {
    return step();
  } catch (const std::exception& thrown) {
    return Error{ErrorCode::kInternal, std::string("an unexpected failure: ") + thrown.what()};
  }
}

// What ended through no fault of a candidate: its workers went silent again and again, and nobody
// reported anything.  Empty: nothing did.
Result<std::string> lost_with_workers(Store& store, JobId job) {
  const auto failed =
      store.tasks({.job = job, .trial = {}, .state = TaskState::kFailed}, {0, 1000});
  if (!failed) return failed.error();
  std::string trials;
  int tasks = 0;
  for (const Task& task : failed.value()) {
    if (!task.outcome_json.empty() || !task.set_aside.empty()) continue;
    ++tasks;
    if (!task.task.subject.trial) continue;
    trials += (trials.empty() ? "" : ", ") + std::to_string(*task.task.subject.trial);
  }
  if (tasks == 0) return std::string();
  return std::to_string(tasks) + (tasks == 1 ? " task was" : " tasks were") +
         " lost with workers that went silent, which says nothing of the candidates" +
         (trials.empty() ? "" : " (trials " + trials + ")");
}

// Why a job cannot go on: the original itself failed on every target, so there is nothing to
// compare with.  Empty if it can.
std::string why_hopeless(const JobContext& context, const Plan& plan,
                         const std::vector<Change>& changes) {
  if (!is_original(plan, context.model)) return {};
  for (const Change& change : changes) {
    const auto* ended = std::get_if<TrialEnded>(&change);
    if (ended != nullptr && ended->state == TrialState::kFailed) {
      return "the original itself failed: " + ended->reason;
    }
  }
  return {};
}

// What the search of the job was for.
std::vector<TargetFront> searched_fronts(const JobContext& context, const JobFronts& found) {
  if (context.document.across == Across::kWorst) return {found.across};
  return found.fronts;
}

// What the task of a trial ended with, and what else is known of it.
Result<bool> tell_end(Store& store, const Task& task, const Trial& trial, TrialUpdate& update) {
  const TaskEnd end = end_of(task);
  if (task.task.kind == TaskKind::kBuild) {
    update.built(end);
    return true;
  }
  if (task.task.kind == TaskKind::kEvaluate) {
    update.evaluated(end, task.task);
    return true;
  }
  auto earlier = measured_before(store, task, trial.job, trial.number);
  if (!earlier) return earlier.error();
  const auto readings = store.canary_readings(trial.job, task.task.target);
  if (!readings) return readings.error();
  const auto known = known_accuracies(store, trial);
  if (!known) return known.error();
  update.benchmarked(end, task.task.target, task.ran_on, std::move(earlier).value(),
                     readings.value(), known.value());
  return true;
}

}  // namespace

JobLoop::JobLoop(Store& store, JobViews& views, JobLoopOptions options)
    : store_(store), views_(views), options_(std::move(options)) {}
JobLoop::~JobLoop() = default;

void JobLoop::wake() {
  {
    const std::scoped_lock lock(mutex_);
    wake_ = true;
  }
  woken_.notify_one();
}

void JobLoop::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto done = guarded([this] { return step(); });
    if (!done && options_.log) options_.log("the job loop waits: " + done.error().message);
    std::unique_lock lock(mutex_);
    woken_.wait_for(lock, stop, options_.poll, [this] { return wake_; });
    wake_ = false;
  }
}

Result<int> JobLoop::step() {
  int total = 0;
  while (true) {
    const auto ended = handle_ends();
    if (!ended) return ended.error();
    const auto advanced = advance_jobs();
    if (!advanced) return advanced.error();
    total += ended.value() + advanced.value();
    if (ended.value() + advanced.value() == 0) return total;
  }
}

Result<int> JobLoop::commit(std::optional<TaskId> cause, std::vector<Change> changes) {
  const bool tasks = std::ranges::any_of(
      changes, [](const Change& change) { return std::holds_alternative<TaskAdded>(change); });
  const auto committed = store_.commit({cause, std::move(changes)});
  if (!committed) return committed.error();
  if (tasks && options_.tasks_added) options_.tasks_added();
  return 1;
}

// What follows from the end of a task.
Result<int> JobLoop::commit_end(const Task& task, std::vector<Change> changes) {
  if (task.unreadable.empty()) return commit(task.id, std::move(changes));
  auto said = said_of(store_, task);
  if (!said) return said.error();
  std::vector<Change> batch = std::move(said).value();
  std::ranges::move(changes, std::back_inserter(batch));
  return commit(task.id, std::move(batch));
}

Result<int> JobLoop::fail(const Job& job, std::optional<TaskId> cause, const std::string& reason) {
  runners_.erase(job.id);
  if (options_.log) options_.log(name_of(job) + " failed: " + reason);
  return commit(cause, {JobMoved{job.id, JobState::kFailed, reason}});
}

Result<JobRunner*> JobLoop::runner_of(const Job& job) {
  auto& runner = runners_[job.id];
  if (!runner) {
    auto restored = JobRunner::restore(store_, job);
    if (!restored) {
      runners_.erase(job.id);
      return restored.error();
    }
    runner = std::move(restored).value();
  }
  return runner.get();
}

Result<int> JobLoop::handle_ends() {
  const auto tasks = store_.unhandled_tasks(kTasksAtOnce);
  if (!tasks) return tasks.error();
  int total = 0;
  for (const Task& task : tasks.value()) {
    const auto handled =
        guarded([&] { return task.unreadable.empty() ? handle(task) : handle_unreadable(task); });
    if (handled) {
      total += handled.value();
      conflicts_.erase(task.id);
      continue;
    }
    if (is_store_away(handled.error())) return handled.error();
    const auto settled = settle_conflict(task, handled.error());
    if (!settled) return settled.error();
    total += settled.value();
  }
  return total;
}

// What is stored has changed under us, or the runner is ahead of it: read again next time.  If that
// does not help, the job, model, dataset or comparison fails with the reason rather than stand
// still, and everything else goes on.
Result<int> JobLoop::settle_conflict(const Task& task, const Error& conflict) {
  const std::string name = "task " + std::to_string(task.id.value);
  if (options_.log) options_.log(name + ": " + conflict.message);
  if (task.task.subject.job) runners_.erase(*task.task.subject.job);
  if (++conflicts_[task.id] < kMostConflicts) return 0;
  conflicts_.erase(task.id);
  const std::string why = "the end of " + name + " does not fit: " + conflict.message;
  auto ended = commit(task.id, given_up(task, why));
  if (ended || is_store_away(ended.error())) return ended;
  // What it was about has ended meanwhile, or cannot be ended here.
  return commit(task.id, {TaskSetAside{task.id, why}});
}

Result<int> JobLoop::handle_unreadable(const Task& task) {
  if (options_.log) options_.log(task.unreadable);
  const auto failed = as_failed(store_, task);
  if (!failed) return failed.error();
  return handle(failed.value());
}

Result<int> JobLoop::handle(const Task& task) {
  if (!task.task.subject.job) {
    auto changes = after_catalog_task(task);
    if (!changes) return changes.error();
    return commit_end(task, std::move(changes).value());
  }
  const auto job = store_.job(*task.task.subject.job);
  if (!job) return job.error();
  if (is_final(job.value().state)) return commit_end(task, {});
  if (task.task.kind == TaskKind::kPrepare) {
    return handle_prepared(task, job.value());
  }
  if (task.task.kind == TaskKind::kTrain) {
    return handle_trained(task, job.value());
  }
  if (task.task.kind == TaskKind::kInspectModel) {
    return commit_end(task, after_preprocessing_trial(job.value(), task));
  }
  if (task.task.kind == TaskKind::kCheck) return commit_end(task, after_check(task));
  return handle_trial_task(task, job.value());
}

// Training goes by the statistics, so it is asked for when these are there.
Result<int> JobLoop::handle_prepared(const Task& task, const Job& job) {
  std::vector<Change> changes = after_prepare(job, end_of(task));
  const auto* prepared = std::get_if<JobPrepared>(&changes.front());
  if (prepared == nullptr) return commit_end(task, std::move(changes));
  const auto context = load_context(store_, job);
  if (!context) return context.error();
  const std::optional<SupernetWish>& wish = context.value().document.supernet;
  if (wish && wish->from.empty()) {
    Job ready = job;
    ready.statistics_sha256 = prepared->statistics_sha256;
    ready.prepared_json = prepared->prepared_json;
    auto parts = parts_to_train(ready, context.value().document.space);
    if (!parts) return parts.error();
    changes.emplace_back(
        TaskAdded{train_task(ready, context.value().model.card, *wish, std::move(parts).value())});
  }
  return commit_end(task, std::move(changes));
}

// A super-network, or the weights of one trial's plan.
Result<int> JobLoop::handle_trained(const Task& task, const Job& job) {
  if (!task.task.subject.trial) {
    const auto context = load_context(store_, job);
    if (!context) return context.error();
    return commit_end(task, after_train(context.value(), task, end_of(task)));
  }
  const auto trial = store_.trial(job.id, *task.task.subject.trial);
  if (!trial) return trial.error();
  const auto runner = runner_of(job);
  if (!runner) return runner.error();
  return commit_end(task,
                    after_tuning(runner.value()->context(), job, trial.value(), end_of(task)));
}

Result<int> JobLoop::handle_trial_task(const Task& task, const Job& job) {
  const auto trial = store_.trial(job.id, task.task.subject.trial.value_or(0));
  if (!trial) return trial.error();
  if (trial.value().state != TrialState::kRunning) return confirm(task, job, trial.value());
  const auto plan = wire::parse_plan(trial.value().plan_json);
  if (!plan) return plan.error();
  const auto runner = runner_of(job);
  if (!runner) return runner.error();
  const JobContext& context = runner.value()->context();

  const bool aimed = task.task.kind == TaskKind::kBenchmark;
  if (aimed && std::ranges::find(job.targets, task.task.target) == job.targets.end()) {
    return Error{ErrorCode::kInternal, "it measured target \"" + task.task.target + "\", which " +
                                           name_of(job) + " does not have"};
  }
  TrialUpdate update(context, trial.value(), plan.value(), runner.value()->scored());
  if (const auto told = tell_end(store_, task, trial.value(), update); !told) return told.error();
  const bool ended = update.ended();
  std::vector<Change> changes = std::move(update).changes();
  const std::string hopeless = why_hopeless(context, plan.value(), changes);
  if (!hopeless.empty()) {
    if (options_.log) options_.log(name_of(job) + " failed: " + hopeless);
    changes.push_back(JobMoved{job.id, JobState::kFailed, hopeless});
  }
  auto done = commit_end(task, std::move(changes));
  if (!done) runners_.erase(job.id);  // perhaps it is committed, and nobody told the strategy
  // The search did not choose what was tuned, and learns nothing from it.
  const bool chosen = trial.value().origin != TrialOrigin::kTuned;
  if (!done || !ended || !chosen || !hopeless.empty()) return done;
  const auto stored = store_.trial(job.id, trial.value().number);
  if (!stored) {
    runners_.erase(job.id);  // it was not told: its next life reads the log
    return done;
  }
  runner.value()->tell(stored.value());
  return done;
}

// The end of a task of a trial that has ended: a second measurement, or nothing that counts.
Result<int> JobLoop::confirm(const Task& task, const Job& job, const Trial& trial) {
  const auto at = trial.on_target.find(task.task.target);
  const bool awaited = task.task.kind == TaskKind::kBenchmark &&
                       job.state == JobState::kFinishing && at != trial.on_target.end() &&
                       at->second.latency && !at->second.confirmed;
  if (!awaited) return commit_end(task, {});
  const auto readings = store_.canary_readings(job.id, task.task.target);
  if (!readings) return readings.error();
  return commit_end(
      task, confirmed_by(end_of(task), trial, task.task.target, task.ran_on, readings.value()));
}

Result<int> JobLoop::advance_jobs() {
  const auto jobs = store_.active_jobs();
  if (!jobs) return jobs.error();
  const auto is_over = [&](const auto& entry) {
    return std::ranges::find(jobs.value(), entry.first, &Job::id) == jobs.value().end();
  };
  std::erase_if(runners_, is_over);
  std::erase_if(job_conflicts_, is_over);
  std::erase_if(searched_, is_over);
  int total = 0;
  for (const Job& job : jobs.value()) {
    auto advanced =
        guarded([&] { return job.unreadable.empty() ? advance(job) : end_unreadable(job); });
    if (!advanced && is_store_away(advanced.error())) return advanced.error();
    if (!advanced) advanced = settle_job(job, advanced.error());
    if (advanced) {
      total += advanced.value();
      if (advanced.value() > 0) job_conflicts_.erase(job.id);
    } else if (options_.log) {
      options_.log(name_of(job) + ": " + advanced.error().message);
    }
  }
  return total;
}

// A job that lost a race (it was cancelled meanwhile, most likely) is read again; one that cannot
// go on fails with the reason, and the others go on.
Result<int> JobLoop::settle_job(const Job& job, const Error& error) {
  runners_.erase(job.id);
  if (error.code == ErrorCode::kConflict && ++job_conflicts_[job.id] < kMostConflicts) {
    if (options_.log) options_.log(name_of(job) + " is read again: " + error.message);
    return 0;
  }
  job_conflicts_.erase(job.id);
  return guarded([&] { return fail(job, std::nullopt, error.message); });
}

// Nobody can go on with a job whose row cannot be read.  Where not even its state can be, it is
// left to the version that knows it.
Result<int> JobLoop::end_unreadable(const Job& job) {
  runners_.erase(job.id);
  auto ended = commit({}, {JobMoved{job.id, JobState::kFailed, job.unreadable}});
  if (!ended && (is_store_away(ended.error()) || ended.error().code == ErrorCode::kConflict)) {
    return ended;
  }
  const bool said = !left_alone_.insert(job.id).second;
  if (!said && options_.log) {
    options_.log(job.unreadable + (ended ? "; it has failed" : "; it is left as it is"));
  }
  return ended ? ended : Result<int>(0);
}

Result<int> JobLoop::advance(const Job& job) {
  if (job.state != JobState::kSearching) searched_.erase(job.id);
  switch (job.state) {
    case JobState::kQueued: return begin(job);
    case JobState::kSearching: return search(job);
    case JobState::kFinishing: return finish(job);
    case JobState::kPreparing: return prepare(job);
    case JobState::kPaused:
    case JobState::kSucceeded:
    case JobState::kFailed:
    case JobState::kCancelled: return 0;
  }
  return 0;
}

Result<int> JobLoop::begin(const Job& job) {
  const auto model = store_.model_version(job.model_sha256, job.card_version);
  if (!model) return model.error();
  const auto dataset = store_.dataset(job.dataset_sha256);
  if (!dataset) return dataset.error();
  if (model.value().state == EntryState::kRejected) {
    return fail(job, {},
                "model \"" + model.value().name + "\" was rejected: " + model.value().reason);
  }
  if (dataset.value().state == EntryState::kRejected) {
    return fail(job, {},
                "dataset \"" + dataset.value().name + "\" was rejected: " + dataset.value().reason);
  }
  if (model.value().state != EntryState::kReady || dataset.value().state != EntryState::kReady) {
    return 0;
  }
  const auto context = load_context(store_, job);
  if (!context) return context.error();
  auto warnings = warnings_of(context.value().document, context.value().model, dataset.value());
  if (!warnings) return fail(job, {}, warnings.error().message);
  std::vector<Change> changes = {JobMoved{job.id, JobState::kPreparing, ""},
                                 JobWarned{job.id, std::move(warnings).value()}};
  const std::optional<SupernetWish>& wish = context.value().document.supernet;
  if (wish && !wish->from.empty()) {
    auto taken = take_over(store_, context.value());
    if (!taken && is_store_away(taken.error())) return taken.error();
    if (!taken) return fail(job, {}, taken.error().message);
    std::ranges::move(taken.value().changes, std::back_inserter(changes));
    if (taken.value().prepared) return commit({}, std::move(changes));
  }
  const search::Preparation needed = context.value().space.preparation();
  std::vector<wire::Size> sizes;
  for (const InputSize size : needed.sizes) {
    sizes.push_back({size.height, size.width});
  }
  std::vector<Precision> precisions = {Precision::kFp32};
  if (needed.int8) precisions.push_back(Precision::kInt8);
  changes.emplace_back(TaskAdded{
      prepare_task(job, context.value().model.card, std::move(sizes), std::move(precisions))});
  return commit({}, std::move(changes));
}

// The search begins when the statistics, the check of every target, the trial of preprocessings and
// the super-network, where the job wants them, are there.
Result<int> JobLoop::prepare(const Job& job) {
  const auto context = load_context(store_, job);
  if (!context) return context.error();
  auto missing = missing_checks(store_, context.value());
  if (!missing) return missing.error();
  auto trial = missing_preprocessing_trial(store_, context.value());
  if (!trial) return trial.error();
  std::vector<Change> lacking = std::move(missing).value();
  std::ranges::copy(trial.value(), std::back_inserter(lacking));
  if (!lacking.empty()) return commit({}, std::move(lacking));
  const auto there = store_.checks(job.id);
  if (!there) return there.error();
  if (there.value().size() < job.targets.size() || job.statistics_sha256.empty()) return 0;
  if (wants_preprocessing_trial(context.value()) && job.preprocessing_json.empty()) return 0;
  if (context.value().document.supernet && !context.value().training) return 0;
  const std::string none = why_none_runs(context.value());
  if (!none.empty()) return fail(job, {}, none);
  const FirstPlans first = first_plans(context.value());
  std::string reason;
  if (first.left_out > 0) {
    reason = std::to_string(first.left_out) + " of " +
             std::to_string(context.value().document.begin_with.size()) +
             " plans to begin with are left out: " + first.reason;
    if (options_.log) options_.log(name_of(job) + ": " + reason);
  }
  if (const std::optional<Training>& training = context.value().training) {
    const std::string note = training_note(*training);
    if (!note.empty()) reason += (reason.empty() ? "" : "; ") + note;
  }
  return commit({}, {JobMoved{job.id, JobState::kSearching, reason}});
}

Result<int> JobLoop::in_flight_limit() {
  if (options_.trials_in_flight > 0) return options_.trials_in_flight;
  const auto workers = store_.workers();
  if (!workers) return workers.error();
  const auto alive = std::ranges::count_if(
      workers.value(), [](const Worker& worker) { return worker.state != WorkerState::kLost; });
  return 2 + 2 * static_cast<int>(alive);
}

double JobLoop::seconds_searched(const Job& job) {
  const auto now = options_.now();
  Searched& searched = searched_.try_emplace(job.id, Searched{now}).first->second;
  searched.unrecorded += std::min<std::chrono::duration<double>>(now - searched.seen, kLongestStep);
  searched.seen = now;
  return job.searched_seconds + searched.unrecorded.count();
}

Result<int> JobLoop::count_search(const Job& job) {
  const double seconds = seconds_searched(job) - job.searched_seconds;
  if (seconds < kRecordedAfter.count()) return 0;
  auto committed = commit({}, {SearchedFor{job.id, seconds}});
  if (committed) searched_.at(job.id).unrecorded = {};
  return committed;
}

// Which part of the budget is spent, the number of trials aside; empty: none.
std::string JobLoop::why_over(const Job& job, const JobRunner& runner) {
  const Budget& budget = runner.context().document.budget;
  const std::string over = "the search ended early: ";
  if (budget.seconds && seconds_searched(job) >= *budget.seconds) {
    return over + "its " + text_of(*budget.seconds) + " seconds are over";
  }
  if (budget.stagnation && runner.stagnation().reached(*budget.stagnation)) {
    return over + "the last " + std::to_string(*budget.stagnation) +
           " trials raised the hypervolume of no front by more than 0.1 %";
  }
  if (!budget.device_seconds || job.device_seconds < *budget.device_seconds) return {};
  return over + "devices have spent its " + text_of(*budget.device_seconds) + " seconds";
}

Result<int> JobLoop::search(const Job& job) {
  auto counted = count_search(job);
  if (!counted || counted.value() > 0) return counted;
  const auto limit = in_flight_limit();
  if (!limit) return limit.error();
  const auto runner = runner_of(job);
  if (!runner) return runner.error();
  const Budget& budget = runner.value()->context().document.budget;
  int asked = job.trials.asked;
  int running = asked - job.trials.finished - job.trials.failed;
  int total = 0;
  std::string reason = why_over(job, *runner.value());
  bool over = !reason.empty();
  if (!over) reason = job.reason;
  for (; !over && asked < budget.trials && running < limit.value(); ++asked, ++running, ++total) {
    auto changes = runner.value()->next_trial();
    if (!changes) {
      over = true;
      reason = "the search ended early: the space has no other plan to try";
      break;
    }
    const std::string trouble = runner.value()->trouble();
    if (!trouble.empty() && options_.log) options_.log(name_of(job) + ": " + trouble);
    const auto begun = commit({}, std::move(*changes));
    if (!begun) {
      runners_.erase(job.id);  // its strategy has asked for a plan that nobody knows of
      return begun.error();
    }
  }
  if (!over && asked < budget.trials) return total;
  const auto moved = commit({}, {JobMoved{job.id, JobState::kFinishing, reason}});
  if (!moved) return moved.error();
  return total + moved.value();
}

Result<int> JobLoop::finish(const Job& job) {
  if (job.trials.asked > job.trials.finished + job.trials.failed) return 0;
  const auto busy = has_open_tasks(store_, job.id);
  if (!busy) return busy.error();
  if (busy.value()) return 0;
  const auto runner = runner_of(job);
  if (!runner) return runner.error();
  const auto view = views_.read(job.id);
  if (!view) return view.error();
  const JobContext& context = runner.value()->context();
  const JobFronts& found = *view.value().found;
  if (context.document.distill && job.tuning_json.empty()) {
    return commit({}, begin_tuning(context, searched_fronts(context, found), found.contenders));
  }
  auto missing = confirmations(context, found.contenders);
  if (!missing.empty()) return commit({}, std::move(missing));
  const auto lost = lost_with_workers(store_, job.id);
  if (!lost) return lost.error();
  std::string reason = job.reason;
  const std::string tuned = tuning_note(job);
  if (!tuned.empty()) reason += (reason.empty() ? "" : "; ") + tuned;
  if (!lost.value().empty()) reason += (reason.empty() ? "" : "; ") + lost.value();
  if (options_.log) {
    options_.log(name_of(job) + " succeeded: " + std::to_string(job.trials.finished) +
                 " trials measured, " + std::to_string(job.trials.failed) + " failed");
  }
  runners_.erase(job.id);
  return commit({}, {JobMoved{job.id, JobState::kSucceeded, reason}});
}

}  // namespace pare::coordinator
