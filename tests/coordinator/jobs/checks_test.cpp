#include "coordinator/jobs/checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/coordinator/jobs/job_loop_fixture.h"
#include "wire/plan_json.h"

namespace pare::coordinator {
namespace {

using testing::HasSubstr;

class Checks : public JobLoopFixture {
 protected:
  // Every check of that runtime finds these rules.
  void forbid(const std::string& runtime, std::vector<AvoidRule> rules) {
    rules_[runtime] = std::move(rules);
    fleet->set_twist([this](const wire::TaskDocument& task, wire::TaskResult& result) {
      const auto* params = std::get_if<wire::CheckParams>(&task.params);
      if (params == nullptr) return;
      const auto at = rules_.find(params->runtime);
      if (at != rules_.end()) std::get<DeviceCheck>(result).avoid = at->second;
    });
  }

  std::size_t check_tasks(JobId id) {
    std::size_t count = 0;
    const TaskFilter of_job{.job = id, .trial = {}, .state = {}};
    const auto tasks = store->tasks(of_job, {0, 10'000}).value();
    for (const Task& task : tasks) {
      count += task.task.kind == TaskKind::kCheck ? 1U : 0U;
    }
    return count;
  }

  std::vector<Plan> plans(JobId id) {
    std::vector<Plan> out;
    for (const Trial& trial : trials(id)) out.push_back(wire::parse_plan(trial.plan_json).value());
    return out;
  }

  std::map<std::string, std::vector<AvoidRule>> rules_;
};

TEST_F(Checks, every_target_is_checked_once_before_the_search) {
  start();
  const JobId id = post(5);
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  const auto checks = store->checks(id).value();
  ASSERT_EQ(checks.size(), 2U);
  EXPECT_EQ(checks[0].target, "ov");
  EXPECT_EQ(checks[0].processor, "a processor");
  EXPECT_EQ(checks[0].measured_by, id);
  EXPECT_EQ(check_tasks(id), 2U);
}

TEST_F(Checks, the_search_waits_for_the_last_check) {
  fleet->set_mishap([](const wire::TaskDocument& task) -> std::optional<wire::TaskFailure> {
    if (task.kind() != TaskKind::kCheck) return std::nullopt;
    return wire::TaskFailure{ErrorCode::kUnsupported, "not now"};
  });
  start();
  const JobId id = post(3);
  bool waited = false;
  while (!stored(id).searching_at) {
    ASSERT_TRUE(loop->step());
    waited |= stored(id).state == JobState::kPreparing && store->checks(id).value().size() == 1;
    fleet->step();
  }
  EXPECT_TRUE(waited);
  EXPECT_EQ(store->checks(id).value().size(), 2U);
  EXPECT_FALSE(stored(id).statistics_sha256.empty());
}

TEST_F(Checks, a_check_that_fails_is_kept_with_its_reason_and_the_search_goes_on) {
  fleet->set_mishap([](const wire::TaskDocument& task) -> std::optional<wire::TaskFailure> {
    if (task.kind() != TaskKind::kCheck) return std::nullopt;
    return wire::TaskFailure{ErrorCode::kUnsupported, "the harness is broken"};
  });
  start();
  const JobId id = post(4);
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  const auto checks = store->checks(id).value();
  for (const TargetCheck& check : checks) {
    EXPECT_EQ(check.reason, "the harness is broken");
  }
}

TEST_F(Checks, a_job_fails_where_no_target_runs_even_a_small_network) {
  fleet->set_twist([](const wire::TaskDocument& task, wire::TaskResult& result) {
    if (task.kind() == TaskKind::kCheck) std::get<DeviceCheck>(result).refused = "no device";
  });
  start();
  const JobId id = post(4);
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kFailed);
  EXPECT_THAT(stored(id).reason, HasSubstr("runs not even a small fp32 network: no device"));
}

TEST_F(Checks, what_every_target_must_avoid_is_not_in_the_space) {
  forbid("openvino", {{ModelTrait::kAny, {}, 8, "8 bits saturate"}});
  forbid("onnxruntime", {{ModelTrait::kAny, {}, 8, "8 bits saturate"}});
  start();
  const JobId id = post(40);
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  expect_consistent(id, 40);  // a loop that starts anew finds the same space
  int quantized = 0;
  for (const Plan& plan : plans(id)) {
    if (!plan.quantization) continue;
    ++quantized;
    EXPECT_EQ(plan.quantization->weight_bits, 7);
  }
  EXPECT_GT(quantized, 0);
}

TEST_F(Checks, int8_leaves_the_space_where_no_target_computes_it_right) {
  forbid("openvino", {{ModelTrait::kAny, {}, {}, "broken"}});
  forbid("onnxruntime", {{ModelTrait::kAny, {}, {}, "broken"}});
  start();
  const JobId id = post(20);
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  for (const Plan& plan : plans(id)) EXPECT_FALSE(plan.quantization);
}

TEST_F(Checks, what_one_target_must_avoid_is_infeasible_there_and_costs_no_evaluation) {
  forbid("openvino", {{ModelTrait::kAny, {}, {}, "int8 is wrong"}});
  start();
  const JobId id = post(30);
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  int avoided = 0;
  for (const Trial& trial : trials(id)) {
    const bool int8 = wire::parse_plan(trial.plan_json).value().quantization.has_value();
    const std::string& reason = trial.on_target.at("ov").infeasible;
    EXPECT_EQ(!reason.empty(), int8) << reason;
    if (!int8) continue;
    ++avoided;
    EXPECT_EQ(reason, "the reality check of \"ov\" found: int8 is wrong");
    EXPECT_TRUE(trial.on_target.at("ort").latency.has_value());
  }
  EXPECT_GT(avoided, 0);
  for (const std::string& evaluated : fleet->evaluated()) {
    EXPECT_FALSE(evaluated.ends_with(" openvino"));
  }
}

TEST_F(Checks, a_check_is_used_again_for_a_day_and_then_made_anew) {
  start();
  const JobId first = post(3);
  run_to_rest();
  clock += std::chrono::hours(23);
  const JobId second = post(3);
  run_to_rest();
  EXPECT_EQ(stored(second).state, JobState::kSucceeded) << stored(second).reason;
  EXPECT_EQ(check_tasks(second), 0U);
  const auto checks = store->checks(second).value();
  for (const TargetCheck& check : checks) {
    EXPECT_EQ(check.measured_by, first);
  }
  clock += std::chrono::hours(2);
  const JobId third = post(3);
  run_to_rest();
  EXPECT_EQ(check_tasks(third), 2U);
}

TEST_F(Checks, a_check_holds_for_its_processor_runtime_and_precision_only) {
  Worker worker;
  worker.profile.device_json = R"({"cpu_model":"a"})";
  worker.profile.pools = {"default"};
  worker.profile.runtimes = {{"rt", "1", {"fp32"}}};
  const Target target{"t", "rt", "default", 1, {}};
  TargetCheck check;
  check.processor = "a";
  check.runtime_version = "1";
  check.result_json = "{}";
  EXPECT_TRUE(reusable({check}, {worker}, target, {}));
  EXPECT_FALSE(reusable({check}, {worker}, target, {.int8 = true})) << "int8 was not looked at";
  EXPECT_FALSE(reusable({check}, {worker}, target, {.floats = true})) << "an engine from before";
  check.result_json = wire::result_to_json(DeviceCheck{});
  EXPECT_TRUE(reusable({check}, {worker}, target, {.floats = true}));
  EXPECT_FALSE(reusable({check}, {}, target, {})) << "nobody serves it";
  Worker other = worker;
  other.profile.device_json = R"({"cpu_model":"b"})";
  EXPECT_FALSE(reusable({check}, {worker, other}, target, {}));
  other.state = WorkerState::kLost;
  EXPECT_TRUE(reusable({check}, {worker, other}, target, {}));
  worker.profile.runtimes[0].version = "2";
  EXPECT_FALSE(reusable({check}, {worker}, target, {}));
}

// --- the canary ---

class Canary : public JobLoopFixture {
 protected:
  void SetUp() override {
    JobLoopFixture::SetUp();
    fleet.emplace(*store, 1, 1U);  // one device, one reference
  }

  // The n-th benchmark of a target sees the n-th reading; the last one stays.
  void sing(std::vector<double> readings) {
    readings_ = std::move(readings);
    fleet->set_twist([this](const wire::TaskDocument& task, wire::TaskResult& result) {
      if (task.kind() != TaskKind::kBenchmark) return;
      auto& benchmark = std::get<Measurement>(result);
      const double reading = readings_[std::min(sung_++, readings_.size() - 1)];
      benchmark.canary = CanaryPair{reading, reading};
    });
  }

  std::vector<double> readings_;
  std::size_t sung_ = 0;
};

TEST_F(Canary, a_doubtful_measurement_is_made_again_and_the_one_that_agrees_is_kept) {
  sing({2.0, 2.4, 2.0});  // the second trial's first measurement is off
  start();
  const JobId id = post(2, "random", {"ov"});
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  EXPECT_GE(sung_, 4U) << "and what is on the front once more at the end";
  EXPECT_LE(sung_, 5U);
  for (const Trial& trial : trials(id)) EXPECT_EQ(trial.on_target.at("ov").latency->suspect, "");
  // One by the check and one of each measurement, but for the doubtful one.
  EXPECT_EQ(store->canary_readings(id, "ov").value().size(), 1 + sung_ - 1);
}

TEST_F(Canary, after_two_more_a_measurement_is_accepted_and_marked) {
  sing({2.0, 2.4, 2.5, 2.6, 2.0});
  JobLoopOptions options;
  options.trials_in_flight = 1;
  start(options);
  const JobId id = post(2, "random", {"ov"});
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  EXPECT_EQ(trials(id)[0].on_target.at("ov").latency->suspect, "");
  EXPECT_THAT(trials(id)[1].on_target.at("ov").latency->suspect,
              HasSubstr("slower than usual in this job"));
}

TEST_F(Canary, a_measurement_that_fails_when_it_is_made_again_leaves_the_first_one) {
  sing({2.0, 2.4});
  fleet->set_mishap([this](const wire::TaskDocument& task) -> std::optional<wire::TaskFailure> {
    if (task.kind() != TaskKind::kBenchmark || sung_ < 2) return std::nullopt;
    return wire::TaskFailure{ErrorCode::kUnsupported, "out of memory"};
  });
  JobLoopOptions options;
  options.trials_in_flight = 1;
  start(options);
  const JobId id = post(2, "random", {"ov"});
  run_to_rest();
  const TargetRecord record = trials(id)[1].on_target.at("ov");
  EXPECT_EQ(record.infeasible, "");
  EXPECT_NE(record.latency->suspect, "");
}

}  // namespace
}  // namespace pare::coordinator
