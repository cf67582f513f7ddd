#include "coordinator/jobs/prediction.h"

#include <gtest/gtest.h>

#include "tests/coordinator/jobs/job_loop_fixture.h"
#include "wire/plan_json.h"

namespace pare::coordinator {
namespace {

class PredictionTest : public JobLoopFixture {
 protected:
  Result<std::vector<std::vector<PredictedOutcome>>> ask(JobId id, const std::vector<Plan>& plans) {
    const auto context = load_context(*store, stored(id)).value();
    return predict(context, trials(id), plans);
  }
};

TEST_F(PredictionTest, a_tried_plan_is_expected_near_what_it_measured) {
  start();
  const JobId id = post(40, "random");
  run_to_rest();
  for (const Trial& trial : trials(id)) {
    const auto answer = ask(id, {wire::parse_plan(trial.plan_json).value()});
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    ASSERT_EQ(answer.value()[0].size(), 2U);
    const PredictedOutcome& on = answer.value()[0][0];
    EXPECT_EQ(on.target, "ov");
    EXPECT_EQ(on.works, 1);
    ASSERT_EQ(on.metrics.size(), 3U);
    EXPECT_EQ(name_of(on.metrics[0].metric), "map_50_95");
    EXPECT_EQ(name_of(on.metrics[1].metric), "latency_ms");
    EXPECT_EQ(name_of(on.metrics[2].metric), "peak_memory_bytes");  // whatever the job is after
    for (const PredictedMetric& metric : on.metrics) {
      EXPECT_LT(metric.value.low, metric.value.mean);
      EXPECT_LT(metric.value.mean, metric.value.high);
    }
    const TargetRecord& record = trial.on_target.at("ov");
    EXPECT_LE(on.metrics[1].value.low, record.latency->median.count());
    EXPECT_GE(on.metrics[1].value.high, record.latency->median.count());
  }
}

TEST_F(PredictionTest, trials_of_another_search_space_say_nothing) {
  start();
  const JobId id = post(12, "random");
  run_to_rest();
  const auto context = load_context(*store, stored(id)).value();
  std::vector<Trial> all = trials(id);
  const std::vector<Plan> plans = {wire::parse_plan(all[0].plan_json).value()};
  for (std::size_t i = 4; i < all.size(); ++i) all[i].genome.front() = 1000 * static_cast<int>(i);
  const auto few = predict(context, all, plans);
  ASSERT_FALSE(few.has_value());
  EXPECT_EQ(few.error().message,
            "job 1 has 4 trials that ended: predictions take 8 that were measured on a target");
  all[4].genome.clear();
  EXPECT_FALSE(predict(context, all, plans).has_value());
}

TEST_F(PredictionTest, a_job_of_few_trials_and_a_plan_outside_the_space_are_refused) {
  start();
  const JobId few = post(5);
  const JobId enough = post(12);
  run_to_rest();
  const Plan original = wire::parse_plan(trials(few)[0].plan_json).value();
  const auto early = ask(few, {original});
  ASSERT_FALSE(early.has_value());
  EXPECT_EQ(early.error().code, ErrorCode::kConflict);
  EXPECT_EQ(early.error().message,
            "job 1 has 5 trials that ended: predictions take 8 that were measured on a target");
  Plan elsewhere = original;
  elsewhere.widths["no such group"] = 8;
  const auto outside = ask(enough, {elsewhere});
  ASSERT_FALSE(outside.has_value());
  EXPECT_EQ(outside.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(outside.error().message.find("is not in the job's space"), std::string::npos);
}

TEST_F(PredictionTest, what_a_target_does_not_take_is_said) {
  (void)store->add_target({"plain", "onnxruntime", "default", 1, {Precision::kFp32}});
  start();
  const JobId id = post(30, "random", {"ov", "plain"});
  run_to_rest();
  for (const Trial& trial : trials(id)) {
    const Plan plan = wire::parse_plan(trial.plan_json).value();
    const auto answer = ask(id, {plan});
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer.value()[0][1].never, plan.quantization ? "the target does not take int8" : "");
  }
}

}  // namespace
}  // namespace pare::coordinator
