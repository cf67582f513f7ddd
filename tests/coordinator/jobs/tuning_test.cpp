// Jobs whose front members are trained alone when the search is over.
#include "coordinator/jobs/tuning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/jobs/submission.h"
#include "coordinator/jobs/supernets.h"
#include "tests/coordinator/jobs/job_loop_fixture.h"
#include "wire/plan_json.h"
#include "wire/training_json.h"

namespace pare::coordinator {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class TunedJobs : public JobLoopFixture {
 protected:
  static NewJob tuning(int trials, int plans) {
    NewJob job = wanted({"ov", "ort"});
    job.budget.trials = trials;
    job.strategy = "nsga2";
    job.distill = DistillWish{plans, 2};
    return job;
  }
  // With somebody who trains, where what is faster is less accurate, so that much is on a front.
  void begin() {
    fleet->give(0, std::string(kTraining));
    fleet->set_twist(
        [this](const wire::TaskDocument& task, wire::TaskResult& result) { trade(task, result); });
    start();
  }
  void trade(const wire::TaskDocument& task, wire::TaskResult& result) {
    const auto* build = std::get_if<wire::BuildParams>(&task.params);
    if (build != nullptr && !removes_parts(build->plan) && !is_lowered(build->plan)) {
      original_.insert(wire::plan_sha256(build->plan));
    }
    const auto at = task.blobs.find("candidate");
    if (at == task.blobs.end()) return;
    const bool original = original_.contains(at->second);
    const double share = original ? 1 : FakeFleet::share(at->second);
    if (auto* accuracy = std::get_if<Accuracy>(&result)) {
      accuracy->map_50_95 = 0.3 + 0.1 * share * share;
    } else if (auto* latency = std::get_if<Measurement>(&result)) {
      latency->median = Millis(5 + 10 * share);
      latency->low = latency->median * 0.99;
      latency->high = latency->median * 1.01;
    }
  }
  JobId tuned(const NewJob& job) {
    begin();
    const JobId id = add(job);
    run_to_rest();
    return id;
  }
  std::vector<Task> tasks_of(JobId id, TaskKind kind) {
    std::vector<Task> out;
    const auto tasks = store->tasks({.job = id, .trial = {}, .state = {}}, {0, 1000});
    for (const Task& task : tasks.value()) {
      if (task.task.kind == kind) out.push_back(task);
    }
    return out;
  }
  Plan plan_of(JobId id, int trial) {
    return wire::parse_plan(store->trial(id, trial).value().plan_json).value();
  }
  // Until the job tunes, and nothing more.
  void run_until_it_tunes(JobId id) {
    for (int i = 0; i < 3000 && stored(id).tuning_json.empty(); ++i) {
      fleet->step();
      ASSERT_TRUE(loop->step().has_value());
    }
    ASSERT_FALSE(stored(id).tuning_json.empty()) << name_of(stored(id).state);
  }

  std::set<std::string> original_;  // candidates that remove nothing
};

TEST_F(TunedJobs, chosen_members_are_trained_alone_and_become_trials_beyond_the_budget) {
  const JobId id = tuned(tuning(16, 2));
  const Job job = stored(id);
  ASSERT_EQ(job.state, JobState::kSucceeded) << job.reason;
  const Tuning tuning = tuning_of(job).value();
  ASSERT_THAT(tuning.members, SizeIs(2));
  EXPECT_THAT(tasks_of(id, TaskKind::kTrain), SizeIs(2));
  const std::vector<Trial> all = trials(id);
  ASSERT_THAT(all, SizeIs(18));
  for (const TunedMember& member : tuning.members) {
    EXPECT_EQ(member.state, TuningState::kTuned) << member.reason;
    EXPECT_LT(member.after, member.before);
    const Trial& trial = all[static_cast<std::size_t>(member.tuned_trial) - 1];
    EXPECT_EQ(trial.origin, TrialOrigin::kTuned);
    EXPECT_EQ(trial.state, TrialState::kFinished);
    Plan expected = plan_of(id, member.trial);
    expected.weights = Weights::kTuned;
    EXPECT_EQ(trial.plan_json, wire::plan_to_json(expected));
    EXPECT_THAT(trial.on_target, SizeIs(2));
  }
  EXPECT_THAT(job.reason, HasSubstr("2 of 2 chosen members were tuned alone (beyond the budget: "));
}

TEST_F(TunedJobs, each_is_built_with_its_own_weights_which_are_kept_with_where_they_come_from) {
  const JobId id = tuned(tuning(16, 2));
  const auto kept = store->supernets({}).value();
  ASSERT_THAT(kept, SizeIs(2));
  std::set<std::string> built;
  for (const Task& task : tasks_of(id, TaskKind::kBuild)) {
    const wire::TaskDocument document = wire::parse_task(task.task.document_json).value();
    const Plan& plan = std::get<wire::BuildParams>(document.params).plan;
    if (plan.weights != Weights::kTuned) continue;
    const SupernetRecord record = store->supernet(document.blobs.at("supernet")).value();
    EXPECT_EQ(record.plan_sha256, wire::plan_sha256(plan));
    EXPECT_EQ(record.job, id);
    EXPECT_EQ(wire::parse_training(record.training_json).value().steps, 100);
    built.insert(record.sha256);
  }
  EXPECT_THAT(built, SizeIs(2));
}

TEST_F(TunedJobs, the_search_is_told_nothing_of_them_and_can_be_restored) {
  const JobId id = tuned(tuning(16, 2));
  const auto log = store->search_log(id).value();
  for (const SearchLogEntry& entry : log) {
    const int number = std::stoi(entry.payload_json.substr(entry.payload_json.find(':') + 1));
    EXPECT_LE(number, 16);
  }
  EXPECT_TRUE(JobRunner::restore(*store, stored(id)));
}

TEST_F(TunedJobs, fronts_hold_both_and_say_where_weights_come_from) {
  const JobId id = tuned(tuning(16, 2));
  std::set<std::string> words;
  const auto view = views->read(id);
  ASSERT_TRUE(view);
  for (const TargetFront& front : view.value().found->fronts) {
    for (const FrontMember& member : front.members) {
      words.insert(std::string(member.recovered));
      EXPECT_EQ(member.recovered, origin_of_weights(plan_of(id, member.trial)));
      EXPECT_TRUE(member.confirmed);
    }
  }
  EXPECT_TRUE(words.contains("closed_form") || words.contains("tuned"));
}

TEST_F(TunedJobs, what_is_no_better_on_images_held_out_is_no_trial_and_the_job_says_so) {
  begin();
  fleet->set_twist([this](const wire::TaskDocument& task, wire::TaskResult& result) {
    trade(task, result);
    auto* training = std::get_if<Training>(&result);
    if (training == nullptr) return;
    for (TrainedKnot& knot : training->knots) knot.kept = false;
    for (JudgedShare& one : training->judged) one.trained = one.closed_form;
  });
  const JobId id = add(tuning(16, 2));
  run_to_rest();
  ASSERT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  EXPECT_THAT(trials(id), SizeIs(16));
  EXPECT_THAT(store->supernets({}).value(), IsEmpty());
  EXPECT_THAT(stored(id).reason, HasSubstr("0 of 2 chosen members were tuned alone; trial "));
  EXPECT_THAT(stored(id).reason,
              HasSubstr("stays as it was: training brought nothing on the 6 images held out"));
}

TEST_F(TunedJobs, a_training_that_fails_costs_its_member_alone) {
  int trainings = 0;
  fleet->set_mishap([&](const wire::TaskDocument& task) -> std::optional<wire::TaskFailure> {
    if (task.kind() != TaskKind::kTrain || ++trainings > 1) return std::nullopt;
    return wire::TaskFailure{ErrorCode::kUnsupported, "no room for the trainer"};
  });
  const JobId id = tuned(tuning(16, 2));
  ASSERT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  EXPECT_THAT(trials(id), SizeIs(17));
  EXPECT_THAT(stored(id).reason, HasSubstr("training failed: no room for the trainer"));
}

TEST_F(TunedJobs, a_coordinator_that_is_killed_in_it_goes_on) {
  begin();
  const JobId id = add(tuning(16, 3));
  run_until_it_tunes(id);
  for (int i = 0; i < 40; ++i) {  // a new one at every turn
    start();
    fleet->step();
    ASSERT_TRUE(loop->step().has_value());
  }
  run_to_rest();
  ASSERT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  EXPECT_THAT(trials(id), SizeIs(19));
  EXPECT_THAT(tasks_of(id, TaskKind::kTrain), SizeIs(3));
}

TEST_F(TunedJobs, cancelling_ends_the_trainings) {
  begin();
  const JobId id = add(tuning(16, 3));
  run_until_it_tunes(id);
  ASSERT_TRUE(store->cancel_job(id));
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kCancelled);
  for (const Task& task : tasks_of(id, TaskKind::kTrain)) {
    EXPECT_TRUE(is_final(task.state)) << name_of(task.state);
  }
  EXPECT_THAT(trials(id), SizeIs(16));
}

TEST_F(TunedJobs, one_that_inherits_is_tuned_from_its_super_network_on) {
  NewJob job = tuning(16, 2);
  job.supernet = SupernetWish{5};
  const JobId id = tuned(job);
  ASSERT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  int alone = 0;
  for (const Task& task : tasks_of(id, TaskKind::kTrain)) {
    const wire::TaskDocument document = wire::parse_task(task.task.document_json).value();
    const auto& params = std::get<wire::TrainParams>(document.params);
    if (!params.plan) continue;
    ++alone;
    EXPECT_EQ(params.minutes, 2);
    EXPECT_EQ(params.plan->weights, Weights::kSupernet);
    EXPECT_EQ(document.blobs.at("supernet"), stored(id).supernet_sha256);
  }
  EXPECT_EQ(alone, 2);
}

TEST_F(TunedJobs, the_weights_of_one_plan_are_no_super_network_for_another_job) {
  tuned(tuning(16, 1));
  const SupernetRecord record = store->supernets({}).value().at(0);
  NewJob job = wanted({"ov"});
  job.supernet = SupernetWish{5, record.sha256};
  const auto draft = draft_of(*store, *views, job);
  ASSERT_FALSE(draft);
  EXPECT_THAT(draft.error().message, HasSubstr("no super-network"));
  EXPECT_THAT(draft.error().message, HasSubstr(record.plan_sha256.substr(0, 10)));
}

TEST_F(TunedJobs, tuning_is_refused_where_nobody_trains) {
  start();
  run_to_rest();
  const auto draft = draft_of(*store, *views, tuning(4, 1));
  ASSERT_FALSE(draft);
  EXPECT_EQ(draft.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(draft.error().message, HasSubstr("no worker trains"));
}

TEST_F(TunedJobs, a_job_that_tunes_says_that_it_waits_for_somebody_who_trains) {
  start();
  const JobId id = add(tuning(16, 2));
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kFinishing);
  EXPECT_THAT(why_training_waits(*store, stored(id)).value(), HasSubstr("pare-train"));
  Budget budget;
  budget.trials = 16;
  const Progress progress = progress_of(stored(id), budget);
  EXPECT_LT(progress.share, 1);
  fleet->give(1, std::string(kTraining));
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
}

TEST_F(TunedJobs, a_later_job_may_begin_with_a_tuned_plan_and_transfer_from_such_a_job) {
  const JobId first = tuned(tuning(16, 1));
  NewJob job = wanted({"ov", "ort"});
  job.budget.trials = 6;
  const TunedMember member = tuning_of(stored(first)).value().members.at(0);
  job.begin_with = {StartingPoint{plan_of(first, member.tuned_trial), "", {}}};
  const JobId second = add(job);
  NewJob transfer = wanted({"ov", "ort"});
  transfer.budget.trials = 6;
  transfer.transfer = TransferFrom{first, 4};
  const JobId third = add(transfer);
  run_to_rest();
  ASSERT_EQ(stored(second).state, JobState::kSucceeded) << stored(second).reason;
  EXPECT_EQ(plan_of(second, 2), plan_of(first, member.trial));
  ASSERT_EQ(stored(third).state, JobState::kSucceeded) << stored(third).reason;
}

}  // namespace
}  // namespace pare::coordinator
