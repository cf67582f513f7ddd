#include "coordinator/jobs/job_loop.h"

#include <gtest/gtest.h>

#include <set>

#include "coordinator/jobs/front.h"
#include "coordinator/jobs/tasks.h"
#include "tests/coordinator/jobs/job_loop_fixture.h"
#include "wire/plan_json.h"

namespace pare::coordinator {
namespace {

using JobLoopTest = JobLoopFixture;

TEST_F(JobLoopTest, a_job_goes_from_queued_to_a_front_on_each_target) {
  start();
  const JobId id = post(40);
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  expect_consistent(id, 40);
  const auto context = load_context(*store, stored(id)).value();
  for (const char* target : {"ov", "ort"}) {
    const TargetFront front = front_of(trials(id), target, context.document, context.model);
    ASSERT_TRUE(front.original.has_value());
    EXPECT_EQ(front.original->trial, 1);
    EXPECT_GT(front.hypervolume, 0);
    EXPECT_FALSE(front.members.empty());
  }
}

TEST_F(JobLoopTest, fp32_plans_are_scored_once_and_int8_plans_once_per_runtime) {
  start();
  const JobId id = post(30);
  run_to_rest();
  std::set<std::string> distinct(fleet->evaluated().begin(), fleet->evaluated().end());
  EXPECT_EQ(distinct.size(), fleet->evaluated().size());
  std::size_t expected = 0;
  for (const Trial& trial : trials(id)) {
    expected += wire::parse_plan(trial.plan_json).value().quantization ? 2U : 1U;
  }
  EXPECT_EQ(fleet->evaluated().size(), expected);
}

TEST_F(JobLoopTest, any_order_of_outcomes_failures_and_crashes_ends_in_a_consistent_job) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    fill();
    run_history(seed, 25);
  }
}

TEST_F(JobLoopTest, a_job_whose_original_fails_fails_with_the_reason) {
  fleet->set_mishap([](const wire::TaskDocument& task) -> std::optional<wire::TaskFailure> {
    if (task.kind() != TaskKind::kBuild) return std::nullopt;
    return wire::TaskFailure{ErrorCode::kUnsupported, "no such operator"};
  });
  start();
  const JobId id = post(20);
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kFailed);
  EXPECT_EQ(stored(id).reason, "the original itself failed: building failed: no such operator");
}

TEST_F(JobLoopTest, a_rejected_model_fails_the_jobs_that_wait_for_it) {
  fleet->set_mishap([](const wire::TaskDocument& task) -> std::optional<wire::TaskFailure> {
    if (task.kind() != TaskKind::kInspectModel) return std::nullopt;
    return wire::TaskFailure{ErrorCode::kInvalidArgument, "not an ONNX file"};
  });
  start();
  const JobId id = post(20);
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kFailed);
  EXPECT_EQ(stored(id).reason, "model \"m\" was rejected: not an ONNX file");
  EXPECT_EQ(store->model("m").value().state, EntryState::kRejected);
}

TEST_F(JobLoopTest, statistics_that_cannot_be_prepared_fail_the_job) {
  fleet->set_mishap([](const wire::TaskDocument& task) -> std::optional<wire::TaskFailure> {
    if (task.kind() != TaskKind::kPrepare) return std::nullopt;
    return wire::TaskFailure{ErrorCode::kUnsupported, "no calibration images"};
  });
  start();
  const JobId id = post(20);
  run_to_rest();
  EXPECT_EQ(stored(id).reason, "preparing failed: no calibration images");
}

TEST_F(JobLoopTest, a_target_without_int8_is_not_measured_with_it) {
  (void)store->add_target({"plain", "onnxruntime", "default", 1, {Precision::kFp32}});
  start();
  const JobId id = post(25, "nsga2", {"ov", "plain"});
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded);
  int int8 = 0;
  for (const Trial& trial : trials(id)) {
    if (!wire::parse_plan(trial.plan_json).value().quantization) continue;
    ++int8;
    EXPECT_EQ(trial.on_target.at("plain").infeasible, "the target does not take int8");
    EXPECT_TRUE(trial.on_target.at("ov").latency.has_value());
  }
  EXPECT_GT(int8, 0);
}

TEST_F(JobLoopTest, outputs_that_differ_too_much_make_a_plan_infeasible_on_that_target_only) {
  fleet->set_twist([](const wire::TaskDocument& task, wire::TaskResult& result) {
    auto* benchmark = std::get_if<wire::BenchmarkResult>(&result);
    if (benchmark == nullptr) return;
    if (std::get<wire::BenchmarkParams>(task.params).runtime != "onnxruntime") return;
    if (benchmark->parity) benchmark->parity->max_error = 0.03;
  });
  start();
  const JobId id = post(1);
  run_to_rest();
  const Trial original = trials(id).at(0);
  EXPECT_EQ(original.on_target.at("ort").infeasible,
            "outputs on onnxruntime differ from the executor's by 3 % of their range, more than "
            "0.1 %");
  EXPECT_TRUE(original.on_target.at("ov").latency.has_value());
  EXPECT_EQ(original.state, TrialState::kFinished);
}

TEST_F(JobLoopTest, a_second_job_on_the_same_files_pays_for_no_accuracy_again) {
  start();
  const JobId first = post(15, "random");
  run_to_rest();
  const int paid = fleet->evaluations();
  const JobId second = post(15, "random");
  run_to_rest();
  EXPECT_EQ(fleet->evaluations(), paid);
  ASSERT_EQ(trials(second).size(), 15U);
  for (std::size_t i = 0; i < 15; ++i) {
    EXPECT_EQ(trials(second)[i].plan_sha256, trials(first)[i].plan_sha256);
    EXPECT_EQ(trials(second)[i].on_target.at("ov").accuracy->map_50_95,
              trials(first)[i].on_target.at("ov").accuracy->map_50_95);
  }
}

TEST_F(JobLoopTest, a_cancelled_job_gets_no_further_trials) {
  start();
  const JobId id = post(100);
  for (int i = 0; i < 60; ++i) {
    fleet->step();
    ASSERT_TRUE(loop->step().has_value());
  }
  ASSERT_TRUE(store->cancel_job(id).has_value());
  const std::size_t asked = trials(id).size();
  run_to_rest();
  EXPECT_EQ(trials(id).size(), asked);
  EXPECT_EQ(stored(id).state, JobState::kCancelled);
  EXPECT_TRUE(store->unhandled_tasks(10).value().empty());
}

TEST_F(JobLoopTest, a_job_whose_time_is_over_finishes_what_it_began) {
  start();
  NewJob job;
  job.model = "m";
  job.dataset = "d";
  job.targets = {"ov"};
  job.budget.trials = 1000;
  job.budget.seconds = 60;
  const JobId id = add(job);
  for (int i = 0; i < 100; ++i) {
    fleet->step();
    ASSERT_TRUE(loop->step().has_value());
  }
  EXPECT_EQ(stored(id).state, JobState::kSearching);
  clock += std::chrono::seconds(61);
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded);
  EXPECT_LT(trials(id).size(), 100U);
  expect_consistent(id, static_cast<int>(trials(id).size()));
}

TEST_F(JobLoopTest, a_space_that_is_used_up_ends_the_job_before_its_budget) {
  start();
  NewJob job;
  job.model = "m";
  job.dataset = "d";
  job.targets = {"ov"};
  job.space.width = false;
  job.space.precisions = {Precision::kFp32};
  job.budget.trials = 50;
  const JobId id = add(job);
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded);
  EXPECT_EQ(trials(id).size(), load_context(*store, stored(id)).value().space.resolutions().size());
}

// The documents of the evaluations, as they are answered.
std::vector<wire::TaskDocument> watch_evaluations(FakeFleet& fleet,
                                                  const std::function<void()>& run, bool labelled,
                                                  const std::string& head) {
  std::vector<wire::TaskDocument> seen;
  fleet.set_twist([&](const wire::TaskDocument& task, wire::TaskResult& result) {
    if (task.kind() == TaskKind::kEvaluate) seen.push_back(task);
    if (auto* dataset = std::get_if<wire::DatasetSummary>(&result)) dataset->labelled = labelled;
    auto* model = std::get_if<ModelSummary>(&result);
    if (model == nullptr) return;
    model->card.head = head;
    if (head == kRawHead) model->stride = 0;
  });
  run();
  fleet.set_twist({});
  return seen;
}

TEST_F(JobLoopTest, without_labels_every_candidate_is_scored_against_the_original_at_its_own_size) {
  start();
  const JobId id = post(15);
  const auto seen = watch_evaluations(
      *fleet, [&] { run_to_rest(); }, false, "yolox");
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  const auto context = load_context(*store, stored(id)).value();
  EXPECT_EQ(context.labels, LabelSource::kTeacher);
  ASSERT_FALSE(seen.empty());
  for (const wire::TaskDocument& task : seen) {
    EXPECT_EQ(task.blobs.at("model"), model);
    EXPECT_EQ(std::get<wire::EvaluateParams>(task.params).teacher,
              (wire::Size{context.model.card.height, context.model.card.width}));
  }
  const std::vector<Trial> all = trials(id);
  const wire::NewComparison wanted{id, "ov", all[0].plan_sha256, all[1].plan_sha256};
  const auto task = compare_task(stored(id), context.model.card, context.labels, context.targets[0],
                                 all[0], all[1], wanted);
  ASSERT_TRUE(task.has_value()) << task.error().message;
  const auto document = wire::parse_task(task.value().document_json).value();
  EXPECT_EQ(document.blobs.at("model"), model);
  EXPECT_TRUE(std::get<wire::CompareParams>(document.params).teacher);
}

TEST_F(JobLoopTest, with_labels_no_teacher_is_asked) {
  start();
  post(15);
  const auto seen = watch_evaluations(
      *fleet, [&] { run_to_rest(); }, true, "yolox");
  ASSERT_FALSE(seen.empty());
  for (const wire::TaskDocument& task : seen) {
    EXPECT_FALSE(task.blobs.contains("model"));
    EXPECT_FALSE(std::get<wire::EvaluateParams>(task.params).teacher);
  }
}

TEST_F(JobLoopTest, a_raw_head_is_scored_against_the_original_even_with_labels_and_keeps_its_size) {
  start();
  const JobId id = post(15);
  const auto seen = watch_evaluations(
      *fleet, [&] { run_to_rest(); }, true, std::string(kRawHead));
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  const auto context = load_context(*store, stored(id)).value();
  EXPECT_EQ(context.labels, LabelSource::kRawOutputs);
  EXPECT_EQ(context.space.resolutions().size(), 1U);
  ASSERT_FALSE(seen.empty());
  for (const wire::TaskDocument& task : seen) EXPECT_EQ(task.blobs.at("model"), model);
}

TEST_F(JobLoopTest, a_comparison_is_recorded_when_its_task_ends) {
  start();
  const JobId id = post(10);
  run_to_rest();
  const auto context = load_context(*store, stored(id)).value();
  const std::vector<Trial> all = trials(id);
  wire::NewComparison wanted{id, "ov", all[0].plan_sha256, all[1].plan_sha256};
  const auto task = compare_task(stored(id), context.model.card, context.labels, context.targets[0],
                                 all[0], all[1], wanted);
  ASSERT_TRUE(task.has_value()) << task.error().message;
  const auto added = store->add_comparison(
      {id, "ov", wanted.a, wanted.b, wire::comparison_to_json(wanted)}, task.value(), {});
  ASSERT_TRUE(added.has_value());
  run_to_rest();
  const Comparison done = store->comparison(added.value().value.id).value();
  EXPECT_EQ(done.state, ComparisonState::kSucceeded) << done.reason;
  EXPECT_NE(done.result_json.find("B is faster"), std::string::npos);
}

}  // namespace
}  // namespace pare::coordinator
