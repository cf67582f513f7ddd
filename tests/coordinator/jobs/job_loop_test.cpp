#include "coordinator/jobs/job_loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "coordinator/jobs/front.h"
#include "coordinator/jobs/tasks.h"
#include "coordinator/jobs/transfer.h"
#include "tests/coordinator/jobs/job_loop_fixture.h"
#include "tests/support/one_by_one.h"
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

TEST_F(JobLoopTest, what_is_on_a_front_at_the_end_was_measured_twice) {
  // The second time a plan is 1 to 20 % slower: some of the first fronts' members leave them.
  std::map<std::string, int> measured;
  fleet->set_twist([&](const wire::TaskDocument& task, wire::TaskResult& result) {
    auto* benchmark = std::get_if<Measurement>(&result);
    if (benchmark == nullptr) return;
    const std::string key =
        task.blobs.at("candidate") + std::get<wire::BenchmarkParams>(task.params).runtime;
    if (measured[key]++ == 0) return;
    const double slower = 1.01 + 0.01 * (task.blobs.at("candidate").front() % 20);
    benchmark->low *= slower;
    benchmark->median *= slower;
    benchmark->high *= slower;
  });
  start();
  const JobId id = post(40);
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  expect_consistent(id, 40);
  const auto context = load_context(*store, stored(id)).value();
  int confirmed = 0;
  int left = 0;
  for (const char* target : {"ov", "ort"}) {
    std::set<int> on_front;
    for (const FrontMember& m :
         front_of(trials(id), target, context.document, context.model).members) {
      EXPECT_TRUE(m.confirmed) << m.trial;
      EXPECT_GT(m.on_front, 0);
      on_front.insert(m.trial);
    }
    for (const Trial& trial : trials(id)) {
      const TargetRecord& record = trial.on_target.at(target);
      if (!record.confirmed) continue;
      ++confirmed;
      left += on_front.contains(trial.number) ? 0 : 1;
      EXPECT_GT(record.confirmed->median, record.latency->median);
      const bool apart = record.confirmed->median > 1.1 * record.latency->median;
      EXPECT_EQ(record.confirmed->suspect.starts_with("it took "), apart)
          << record.confirmed->suspect;
    }
  }
  EXPECT_GT(confirmed, 4);
  EXPECT_GT(left, 0);
}

TEST_F(JobLoopTest, a_device_that_slows_down_for_good_costs_few_repetitions_and_no_speedup) {
  fleet.emplace(*store, 1, 1U);
  std::map<std::string, double> median;  // of each candidate on a device that is itself
  int all = 0;
  fleet->set_twist([&](const wire::TaskDocument& task, wire::TaskResult& result) {
    auto* benchmark = std::get_if<Measurement>(&result);
    if (benchmark == nullptr) return;
    median[task.blobs.at("candidate")] = benchmark->median.count();
    const double slower = ++all > 20 ? 1.2 : 1;
    benchmark->low *= slower;
    benchmark->median *= slower;
    benchmark->high *= slower;
    benchmark->canary = CanaryPair{2 * slower, 2 * slower};
  });
  start();
  const JobId id = post(40, "random", {"ov"});
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  const auto context = load_context(*store, stored(id)).value();
  const TargetFront front = front_of(trials(id), "ov", context.document, context.model);
  ASSERT_TRUE(front.original.has_value());
  const double original = median.at(front.original->candidate_sha256);
  EXPECT_TRUE(front.original->confirmed);
  EXPECT_EQ(front.original->latency.suspect, "");
  for (const FrontMember& member : front.members) {
    EXPECT_EQ(member.latency.suspect, "") << member.trial;
    EXPECT_NEAR(member.speedup, original / median.at(member.candidate_sha256), 1e-9);
  }
  // Those in flight when it slowed down, and one more of each that the front has reported.
  const int reported = static_cast<int>(front.members.size()) + 1;
  EXPECT_LE(all, 40 + 2 * 6 + 2 * reported);
}

TEST_F(JobLoopTest, the_layers_of_the_first_trials_are_timed_and_told_to_the_search) {
  fleet->set_twist([&](const wire::TaskDocument& task, wire::TaskResult& result) {
    auto* benchmark = std::get_if<Measurement>(&result);
    if (benchmark == nullptr || !std::get<wire::BenchmarkParams>(task.params).profile) return;
    benchmark->layers_ms = {{"layer1", benchmark->median.count()}};
  });
  start();
  const JobId id = post(kProfiledTrials + 4, "random", {"ov"});
  run_to_rest();
  const auto context = load_context(*store, stored(id)).value();
  for (const Trial& trial : trials(id)) {
    const auto told = observation_of(context, trial).targets.at(0).layers;
    ASSERT_EQ(told.has_value(), trial.number <= kProfiledTrials) << trial.number;
    if (!told) continue;
    EXPECT_EQ(told->objective, 1U);  // mAP comes first
    ASSERT_EQ(told->ms.size(), context.model.layers.size());
    EXPECT_EQ(told->ms[0], 0);
    EXPECT_EQ(told->ms[1], trial.on_target.at("ov").latency->median.count());
  }
}

TEST_F(JobLoopTest, a_latency_that_cannot_be_confirmed_stays_and_says_so) {
  std::map<std::string, int> measured;
  fleet->set_mishap([&](const wire::TaskDocument& task) -> std::optional<wire::TaskFailure> {
    if (task.kind() != TaskKind::kBenchmark) return std::nullopt;
    const std::string key =
        task.blobs.at("candidate") + std::get<wire::BenchmarkParams>(task.params).runtime;
    if (measured[key]++ == 0) return std::nullopt;
    return wire::TaskFailure{ErrorCode::kUnsupported, "the device is gone"};
  });
  start();
  const JobId id = post(10);
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  int confirmed = 0;
  for (const Trial& trial : trials(id)) {
    const TargetRecord& record = trial.on_target.at("ov");
    if (!record.confirmed) continue;
    ++confirmed;
    EXPECT_EQ(record.confirmed->suspect, "measuring it again failed: the device is gone");
    EXPECT_EQ(record.confirmed->median, record.latency->median);
  }
  EXPECT_GT(confirmed, 0);
}

TEST_F(JobLoopTest, a_search_ends_when_a_part_of_its_budget_is_spent) {
  start();
  NewJob job = wanted({"ov"});
  job.budget.trials = 300;
  job.budget.stagnation = 12;
  const JobId stagnant = add(job);
  run_to_rest();
  EXPECT_EQ(stored(stagnant).state, JobState::kSucceeded);
  EXPECT_EQ(stored(stagnant).reason,
            "the search ended early: the last 12 trials raised the hypervolume of no front by more "
            "than 0.1 %");
  EXPECT_LT(trials(stagnant).size(), 300U);

  job.budget.stagnation.reset();
  job.budget.device_seconds = 1;
  const JobId spent = add(job);
  fleet->set_twist([&](const wire::TaskDocument&, wire::TaskResult&) {
    clock += std::chrono::milliseconds(100);
  });
  run_to_rest();
  EXPECT_EQ(stored(spent).reason, "the search ended early: devices have spent its 1 seconds");
  EXPECT_LT(trials(spent).size(), 20U);
  EXPECT_GE(stored(spent).device_seconds, 1);
}

TEST_F(JobLoopTest, one_objective_and_a_constraint_are_a_goal) {
  start();
  NewJob job = wanted({"ov"});
  job.objectives = {{MetricKind::kLatencyMs}};
  job.constraints = {{{MetricKind::kMap5095}, {}, 0.3, ""}};
  job.budget.trials = 40;
  for (const char* strategy : {"pare", "nsga2", "evolution", "local_search", "random"}) {
    job.strategy = strategy;
    const JobId id = add(job);
    run_to_rest();
    EXPECT_EQ(stored(id).state, JobState::kSucceeded) << strategy << ": " << stored(id).reason;
    const auto context = load_context(*store, stored(id)).value();
    const TargetFront front = front_of(trials(id), "ov", context.document, context.model);
    ASSERT_EQ(front.members.size(), 1U) << strategy;
    EXPECT_GE(front.members[0].map_50_95, 0.3);
    for (const Trial& trial : trials(id)) {
      const TargetRecord& record = trial.on_target.at("ov");
      if (record.accuracy && record.accuracy->map_50_95 < 0.3) continue;
      EXPECT_GE(record.reported_latency()->median, front.members[0].latency.median);
    }
  }
}

TEST_F(JobLoopTest, a_search_across_targets_looks_for_what_does_well_on_the_worst) {
  fleet->set_twist([](const wire::TaskDocument& task, wire::TaskResult& result) {
    auto* benchmark = std::get_if<Measurement>(&result);
    if (benchmark == nullptr) return;
    // What suits one runtime does not suit the other.
    const bool ov = std::get<wire::BenchmarkParams>(task.params).runtime == "openvino";
    const bool even = task.blobs.at("candidate").front() % 2 == 0;
    const double factor = ov == even ? 3 : 1;
    benchmark->low *= factor;
    benchmark->median *= factor;
    benchmark->high *= factor;
  });
  start();
  NewJob job = wanted({"ov", "ort"});
  job.across = Across::kWorst;
  job.weights = {{"ort", 0.5}};
  job.budget.trials = 40;
  for (const char* strategy : {"pare", "nsga2"}) {
    job.strategy = strategy;
    const JobId id = add(job);
    run_to_rest();
    EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
    const auto context = load_context(*store, stored(id)).value();
    const TargetFront front = front_across(trials(id), context.document, context.model);
    ASSERT_FALSE(front.members.empty());
    const auto worst = [](const Trial& trial) {
      const auto ms = [&](const char* target) {
        return trial.on_target.at(target).reported_latency()->median.count();
      };
      const auto map = [&](const char* target) {
        return trial.on_target.at(target).accuracy->map_50_95;
      };
      return std::pair(std::min(map("ov"), map("ort")), std::max(ms("ov"), ms("ort") / 2));
    };
    for (const FrontMember& member : front.members) {
      EXPECT_TRUE(member.confirmed);
      EXPECT_EQ(std::pair(member.map_50_95, member.latency.median.count()),
                worst(trials(id)[static_cast<std::size_t>(member.trial) - 1]));
    }
    for (const Trial& trial : trials(id)) {
      const auto [map, ms] = worst(trial);
      EXPECT_TRUE(std::ranges::any_of(front.members, [&](const FrontMember& m) {
        return m.map_50_95 >= map && m.latency.median.count() <= ms;
      })) << trial.number;
    }
  }
}

TEST_F(JobLoopTest, a_job_begins_with_the_plans_it_was_given) {
  start();
  const JobId first = post(30, "random");
  run_to_rest();
  NewJob job = wanted({"ov"});
  job.budget.trials = 12;
  for (const std::size_t i : {28U, 29U}) {
    job.begin_with.push_back({wire::parse_plan(trials(first)[i].plan_json).value(), "", {}});
  }
  Plan elsewhere = *job.begin_with[0].plan;
  elsewhere.widths["no such group"] = 8;
  job.begin_with.push_back({elsewhere, "", {}});
  const JobId id = add(job);
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded);
  EXPECT_EQ(trials(id)[1].plan_sha256, trials(first)[28].plan_sha256);
  EXPECT_EQ(trials(id)[2].plan_sha256, trials(first)[29].plan_sha256);
  EXPECT_EQ(trials(id)[2].origin, TrialOrigin::kSeed);
  EXPECT_TRUE(stored(id).reason.starts_with("1 of 3 plans to begin with are left out: "))
      << stored(id).reason;
}

TEST_F(JobLoopTest, a_job_on_a_new_target_goes_on_from_an_earlier_one) {
  (void)store->add_target({"new", "openvino", "default", 2, both});
  start();
  const JobId first = post(40, "random");
  run_to_rest();
  const int paid = fleet->evaluations();
  NewJob job = wanted({"new"});
  job.transfer = TransferFrom{first, 8};
  job.budget.trials = 20;
  const JobId id = add(job);
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  const auto context = load_context(*store, stored(id)).value();
  const auto known = known_plans(*store, context).value();
  ASSERT_GT(known.size(), 20U);
  EXPECT_EQ(known.front().features.size(), 4U);
  std::set<std::string> earlier;
  for (const Trial& trial : trials(first)) earlier.insert(trial.plan_sha256);
  for (int i = 0; i < 9; ++i) {
    EXPECT_TRUE(earlier.contains(trials(id)[static_cast<std::size_t>(i)].plan_sha256)) << i;
  }
  const auto judged = judge_transfer(context, known, trials(id));
  ASSERT_EQ(judged.size(), 1U);
  EXPECT_EQ(judged[0].target, "new");
  EXPECT_GE(judged[0].quality.plans, 8U);
  EXPECT_NE(judged[0].verdict, TransferVerdict::kUnknown);
  EXPECT_LE(fleet->evaluations(), paid + 14) << "what is known is not scored again";
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

TEST_F(JobLoopTest, an_inspection_whose_outcome_is_of_no_use_rejects_its_model_with_the_reason) {
  start();
  const auto lease = claim_one(*store, "00000000-0000-4000-8000-000000000000");
  ASSERT_TRUE(lease.has_value() && lease.value());
  AttemptReport report;
  report.task = lease.value()->task;
  report.attempt = lease.value()->attempt;
  report.succeeded = true;
  report.outcome_json = "{}";
  ASSERT_TRUE(store->report(report));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(loop->step().has_value());
  EXPECT_EQ(store->model("m").value().state, EntryState::kRejected);
  EXPECT_NE(store->model("m").value().reason, "");
  EXPECT_TRUE(store->unhandled_tasks(10).value().empty());
}

TEST_F(JobLoopTest, a_job_whose_document_cannot_be_read_fails_and_the_others_go_on) {
  start();
  const JobId bad =
      store->add_job({R"({"model":7})", model, dataset, {"ov"}, 1}, {}).value().value.id;
  const JobId good = post(5);
  run_to_rest();
  EXPECT_EQ(stored(bad).state, JobState::kFailed);
  EXPECT_NE(stored(bad).reason, "");
  EXPECT_EQ(stored(good).state, JobState::kSucceeded);
}

TEST_F(JobLoopTest, a_benchmark_of_a_target_that_the_job_lacks_fails_that_job_alone) {
  start();
  const JobId id = post(5);
  const JobId other = post(5);
  bool sent = false;
  fleet->set_twist([&](const wire::TaskDocument& task, wire::TaskResult&) {
    if (sent || task.kind() != TaskKind::kBenchmark) return;
    sent = true;
    NewTask stray;
    stray.kind = TaskKind::kBenchmark;
    stray.subject.job = id;
    stray.subject.trial = 1;
    stray.target = "moon";
    stray.document_json = wire::task_to_json(task);
    ASSERT_TRUE(queue_one(*store, stray).has_value());
  });
  run_to_rest();
  EXPECT_EQ(stored(other).state, JobState::kSucceeded);
  EXPECT_TRUE(is_final(stored(id).state));
}

TEST_F(JobLoopTest, a_clock_that_steps_ends_no_search) {
  start();
  NewJob job = wanted({"ov"});
  job.budget.trials = 20;
  job.budget.seconds = 3600;
  const JobId id = add(job);
  int benchmarks = 0;
  fleet->set_twist([&](const wire::TaskDocument& task, wire::TaskResult&) {
    if (task.kind() == TaskKind::kBenchmark && ++benchmarks == 8) clock += std::chrono::hours(2);
  });
  run_to_rest();
  EXPECT_EQ(stored(id).reason, "");
  EXPECT_EQ(trials(id).size(), 20U);
}

TEST_F(JobLoopTest,
       a_budget_of_seconds_is_counted_while_the_search_goes_on_and_outlives_a_restart) {
  start();
  NewJob job = wanted({"ov"});
  job.budget.trials = 1000;
  job.budget.seconds = 60;
  const JobId id = add(job);
  while (stored(id).state != JobState::kSearching) {
    fleet->step();
    ASSERT_TRUE(loop->step().has_value());
  }
  let_pass(std::chrono::seconds(40));
  EXPECT_NEAR(stored(id).searched_seconds, 40, 2);
  start();
  clock += std::chrono::hours(1);  // nobody searched meanwhile, whatever the reason
  passed += std::chrono::hours(1);
  let_pass(std::chrono::seconds(10));
  EXPECT_EQ(stored(id).state, JobState::kSearching);
  let_pass(std::chrono::seconds(15));
  run_to_rest();
  EXPECT_EQ(stored(id).reason, "the search ended early: its 60 seconds are over");
}

// The oldest task of the job that a worker without runtimes may do.
std::optional<Task> next_for_anybody(Store& store, JobId job) {
  const TaskFilter queued{.job = job, .trial = {}, .state = TaskState::kQueued};
  const std::vector<Task> waiting = store.tasks(queued, {0, 100}).value();
  for (const Task& task : waiting) {
    if (task.task.runtime.empty() && task.task.pool.empty()) return task;
  }
  return std::nullopt;
}

TEST_F(JobLoopTest, a_job_that_lost_a_trial_with_its_workers_says_so) {
  start();
  const JobId id = post(4);
  std::optional<Task> doomed;
  while (!doomed) {
    doomed = next_for_anybody(*store, id);
    const bool build = doomed && doomed->task.kind == TaskKind::kBuild;
    if (build && doomed->task.subject.trial.value_or(0) > 1) break;
    doomed.reset();
    fleet->step();
    ASSERT_TRUE(loop->step());
  }
  for (int n = 1; n <= kMostLosses; ++n) {
    const std::string session = "20000000-0000-4000-8000-00000000000" + std::to_string(n);
    ASSERT_TRUE(store->greet(session, {"gone", "gone", "{}", {}, {}}));
    ASSERT_EQ(claim_one(*store, session).value()->task, doomed->id);
    clock += std::chrono::seconds(7);
    ASSERT_TRUE(store->retire(session));
    clock += wait_before(n);
  }
  run_to_rest();
  const Job job = stored(id);
  EXPECT_EQ(job.state, JobState::kSucceeded);
  EXPECT_EQ(job.trials.failed, 1);
  const std::string lost =
      "1 task was lost with workers that went silent, which says nothing of the"
      " candidates (trials " +
      std::to_string(*doomed->task.subject.trial) + ")";
  EXPECT_EQ(job.reason, lost);
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

// The check of one target found bf16 right, and fp16 slower; the other's runtime knows neither.
TEST_F(JobLoopTest, a_shorter_type_is_tried_where_the_check_found_it_worth_it_and_nowhere_else) {
  const std::vector<Precision> all(kAllPrecisions.begin(), kAllPrecisions.end());
  (void)store->add_target({"short", "openvino", "default", 2, all});
  (void)store->add_target({"long", "onnxruntime", "default", 2, all});
  fleet->set_twist([](const wire::TaskDocument& task, wire::TaskResult& result) {
    if (task.kind() != TaskKind::kCheck) return;
    if (std::get<wire::CheckParams>(task.params).runtime != "openvino") return;
    std::get<DeviceCheck>(result).floats = {
        {.precision = Precision::kFp16, .error = 0.001, .why_not = "fp16 is slow"},
        {.precision = Precision::kBf16, .error = 0.01, .why_not = ""}};
  });
  start();
  const JobId id = post(25, "pare", {"short", "long"});
  run_to_rest();
  ASSERT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  int bf16 = 0;
  for (const Trial& trial : trials(id)) {
    const Plan plan = wire::parse_plan(trial.plan_json).value();
    EXPECT_NE(plan.floats, Precision::kFp16);
    if (plan.floats != Precision::kBf16) continue;
    ++bf16;
    EXPECT_EQ(trial.on_target.at("short").infeasible, "");
    EXPECT_EQ(trial.on_target.at("short").accuracy->runtime, "openvino")
        << "what is lowered is scored where it runs";
    EXPECT_EQ(trial.on_target.at("long").infeasible,
              "the reality check of \"long\" found: its runtime does not compute in bf16");
  }
  EXPECT_GE(bf16, 2);
  expect_consistent(id, 25);
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
    auto* benchmark = std::get_if<Measurement>(&result);
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

TEST_F(JobLoopTest, an_ended_job_is_shown_from_its_contenders_as_from_all_of_its_trials) {
  start();
  const JobId id = post(30);
  run_to_rest();
  const auto numbers = [](const JobView& view) {
    std::vector<std::set<int>> found(1);
    for (const Trial& trial : view.found->contenders) found[0].insert(trial.number);
    for (const TargetFront& front : view.found->fronts) {
      found.emplace_back();
      for (const FrontMember& member : front.members) found.back().insert(member.trial);
    }
    return found;
  };
  const auto shown = numbers(views->read(id).value());
  const auto kept = store->kept_contenders(id, kContendersRule).value();
  ASSERT_EQ(kept, shown[0]) << "the first look keeps them";
  EXPECT_LT(kept->size(), trials(id).size());
  EXPECT_EQ(numbers(JobViews(*store).read(id).value()), shown);

  const std::int64_t revision = stored(id).revision;
  ASSERT_TRUE(store->keep_contenders(id, {{1}, revision}, kContendersRule));
  EXPECT_EQ(numbers(JobViews(*store).read(id).value())[0], std::set<int>{1})
      << "nothing else is read";
  ASSERT_TRUE(store->keep_contenders(id, {{1}, revision - 1}, kContendersRule));
  EXPECT_EQ(numbers(JobViews(*store).read(id).value()), shown) << "an outcome came since";
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
  let_pass(std::chrono::seconds(61));
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
  EXPECT_EQ(trials(id).size(),
            load_context(*store, stored(id)).value().space.preparation().sizes.size());
}

// What an older or a newer version stored: another number of choices, choices that are not offered
// here, decisions in another order; asked, or told without having been asked.
TEST_F(JobLoopTest, a_log_of_another_search_space_ends_its_job_with_the_reason_and_no_other) {
  using Genome = std::vector<int>;
  const std::vector<std::function<void(Genome&)>> strange = {
      [](Genome& g) { g.front() = 1000; },
      [](Genome& g) { g.back() = 2'000'000'000; },
      [](Genome& g) { g[g.size() / 2] = -1; },
      [](Genome& g) { g.push_back(0); },
      [](Genome& g) { g.pop_back(); },
      [](Genome& g) { g.clear(); },
      [](Genome& g) { std::ranges::rotate(g, g.begin() + 1); },
  };
  for (std::size_t i = 0; i < strange.size(); ++i) {
    for (const SearchStep step : {SearchStep::kAsk, SearchStep::kTell}) {
      SCOPED_TRACE(i);
      fill();
      start();
      const JobId begun = post(1000, "random");
      const JobId other = post(4, "random");
      while (trials(begun).size() < 5) {
        fleet->step();
        ASSERT_TRUE(loop->step().has_value());
      }
      Genome genome = trials(begun).back().genome;
      strange[i](genome);
      const int number = static_cast<int>(trials(begun).size()) + 1;
      Plan plan;
      plan.height = 32 * number;
      plan.width = 32;
      const auto added = store->commit(
          {{},
           {TrialAdded{begun, number, wire::plan_sha256(plan), wire::plan_to_json(plan),
                       TrialOrigin::kSearch, genome},
            SearchLogged{begun, step, "{\"trial\":" + std::to_string(number) + "}"}}});
      ASSERT_TRUE(added.has_value()) << added.error().message;
      start();  // the new version
      run_to_rest();
      EXPECT_EQ(stored(begun).state, JobState::kFailed);
      EXPECT_NE(stored(begun).reason.find("trial " + std::to_string(number) +
                                          " of job 1 is a plan of another search space: the job "
                                          "was begun by another version; submit it again"),
                std::string::npos)
          << stored(begun).reason;
      EXPECT_EQ(stored(other).state, JobState::kSucceeded) << stored(other).reason;
    }
  }
}

// The sizes of all plans that were tried, by height.
std::set<int> heights_of(const std::vector<Trial>& trials) {
  std::set<int> heights;
  for (const Trial& trial : trials) {
    heights.insert(wire::parse_plan(trial.plan_json).value().height);
  }
  return heights;
}

TEST_F(JobLoopTest, what_inspecting_and_preparing_left_out_is_in_no_trial_and_the_job_goes_on) {
  fleet->set_twist([](const wire::TaskDocument& task, wire::TaskResult& result) {
    if (auto* summary = std::get_if<ModelSummary>(&result)) {
      summary->tried = Tried{.sizes = {{224, 224, "Add \"p\" is fixed"}, {416, 416, ""}}};
    } else if (auto* prepared = std::get_if<wire::PrepareResult>(&result)) {
      const auto& params = std::get<wire::PrepareParams>(task.params);
      EXPECT_EQ(params.resolutions.size(), 6U);
      prepared->guidance.left_out = {{256, 256, "no room for that"}};
      prepared->guidance.why_no_int8 = "no layer can be int8";
    }
  });
  start();
  const JobId id = post(40, "random");
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  const std::set<int> heights = heights_of(trials(id));
  EXPECT_GT(heights.size(), 1U);
  EXPECT_FALSE(heights.contains(224) || heights.contains(256));
  for (const Trial& trial : trials(id)) {
    EXPECT_FALSE(wire::parse_plan(trial.plan_json).value().quantization);
  }
  expect_consistent(id, static_cast<int>(trials(id).size()));
}

TEST_F(JobLoopTest, a_job_of_int8_alone_on_a_model_that_cannot_be_int8_fails_with_the_reason) {
  fleet->set_twist([](const wire::TaskDocument&, wire::TaskResult& result) {
    if (auto* summary = std::get_if<ModelSummary>(&result)) {
      summary->tried = Tried{.why_no_int8 = "conv \"c\" has computed weights"};
    }
  });
  start();
  NewJob job = wanted({"ov"});
  job.space.precisions = {Precision::kInt8};
  const JobId id = add(job);
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kFailed);
  EXPECT_NE(stored(id).reason.find("conv \"c\" has computed weights"), std::string::npos)
      << stored(id).reason;
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
