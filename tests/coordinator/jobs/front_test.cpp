#include "coordinator/jobs/front.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/half_samples.h"
#include "tests/coordinator/jobs/made_records.h"
#include "tests/search/small_detector.h"
#include "wire/plan_json.h"

namespace pare::coordinator {
namespace {

using std::chrono::seconds;

const ModelSummary kModel = search::small_detector(10);

Plan original_plan() {
  Plan plan;
  plan.height = plan.width = 416;
  return plan;
}

Trial measured(int number, const Plan& plan, double map, double latency_ms, std::int64_t macs) {
  Trial trial;
  trial.number = number;
  trial.plan_json = wire::plan_to_json(plan);
  trial.plan_sha256 = wire::plan_sha256(plan);
  trial.candidate_sha256 = std::string(64, 'e');
  trial.state = TrialState::kFinished;
  trial.bytes = 1000 * number;
  trial.macs = macs;
  TargetRecord& record = trial.on_target["t"];
  record.accuracy = scored(map, 64, std::string(64, 'f'));
  record.latency = timed(latency_ms, 0.1);
  return trial;
}

Plan narrower(int group) {
  Plan plan = original_plan();
  plan.widths["group" + std::to_string(group)] = 8;
  return plan;
}

std::vector<int> numbers(const std::vector<FrontMember>& members) {
  std::vector<int> out;
  for (const FrontMember& member : members) out.push_back(member.trial);
  return out;
}

class FrontTest : public testing::Test {
 protected:
  std::vector<Trial> trials = {
      measured(1, original_plan(), 0.400, 10.0, 10'000),  // the original
      measured(2, narrower(1), 0.395, 8.0, 9'000),        // half a point lost, faster
      measured(3, narrower(2), 0.395, 9.0, 9'500),        // beaten by 2
      measured(4, narrower(3), 0.300, 4.0, 5'000),        // ten points lost, much faster
      measured(5, narrower(4), 0.389, 7.0, 8'000),        // 1.1 points lost
  };
  NewJob job;
};

TEST_F(FrontTest, the_front_is_what_nothing_else_beats_fastest_first) {
  const TargetFront front = front_of(trials, "t", job, kModel);
  EXPECT_EQ(numbers(front.members), (std::vector<int>{4, 5, 2, 1}));
  ASSERT_TRUE(front.original.has_value());
  EXPECT_EQ(front.original->trial, 1);
  EXPECT_EQ(front.original->description, "the original");
}

TEST_F(FrontTest, what_lacks_a_block_or_has_a_smaller_kernel_is_not_the_original) {
  Plan skips = original_plan();
  skips.skip = {"block"};
  Plan shrinks = original_plan();
  shrinks.kernels = {{"layer", 1}};
  trials.push_back(measured(6, skips, 0.399, 9.9, 9'900));
  trials.push_back(measured(7, shrinks, 0.398, 9.8, 9'800));
  EXPECT_FALSE(is_original(skips, kModel));
  EXPECT_FALSE(is_original(shrinks, kModel));
  EXPECT_EQ(front_of(trials, "t", job, kModel).original->trial, 1);
}

TEST_F(FrontTest, members_are_compared_with_the_original) {
  const TargetFront front = front_of(trials, "t", job, kModel);
  EXPECT_NEAR(front.members[0].map_lost, 10.0, 1e-9);
  EXPECT_NEAR(front.members[0].speedup, 2.5, 1e-9);
  ASSERT_TRUE(front.fastest.has_value());
  EXPECT_EQ(front.fastest->trial, 2) << "5 is faster and loses 1.1 points";
}

// Halves of the images: what is hard about one half is hard for everybody.
std::vector<double> halves(double map, double flattered) {
  std::vector<double> draws;
  for (int pair = 1; pair <= 4; ++pair) {
    draws.push_back(map + flattered + 0.01 * pair);
    draws.push_back(map + flattered - 0.01 * pair);
  }
  return draws;
}

TEST_F(FrontTest, an_interval_stands_below_an_accuracy_that_few_images_flatter) {
  trials[1].on_target["t"].accuracy->draws = halves(0.395, 0.01);
  const TargetFront front = front_of(trials, "t", job, kModel);
  const FrontMember& member = front.members[2];
  ASSERT_EQ(member.trial, 2);
  ASSERT_TRUE(member.map);
  EXPECT_NEAR((member.map->low + member.map->high) / 2, 0.395 - 0.01 / kBiasGrowth, 1e-9);
  EXPECT_FALSE(member.lost) << "the original has no draws";
  EXPECT_FALSE(front.members[1].map) << "nor has this one";
}

TEST_F(FrontTest, what_is_lost_has_an_interval_on_the_same_images) {
  trials[0].on_target["t"].accuracy->draws = halves(0.400, 0.01);
  trials[1].on_target["t"].accuracy->draws = halves(0.395, 0.01);
  trials[1].on_target["t"].accuracy->draws[0] += 0.002;
  const TargetFront front = front_of(trials, "t", job, kModel);
  ASSERT_TRUE(front.members[2].lost);
  const ConfidenceInterval& lost = *front.members[2].lost;
  EXPECT_NEAR((lost.low + lost.high) / 2, 0.5, 1e-9) << "around what was lost, in points";
  EXPECT_GT(lost.low, 0.2) << "the halves differ by 8 points, but for both";
  EXPECT_LT(lost.high, 0.8);
  EXPECT_EQ(front.members[3].lost->low, 0) << "the original against itself";
  trials[1].on_target["t"].accuracy->images = 32;
  EXPECT_FALSE(front_of(trials, "t", job, kModel).members[2].lost) << "of other images";
}

TEST_F(FrontTest, images_that_chose_nothing_have_the_last_word) {
  trials[0].on_target["t"].accuracy->held_back = {0.41, 64, halves(0.41, 0.01)};
  trials[1].on_target["t"].accuracy->held_back = {0.39, 64, halves(0.39, 0.01)};
  const TargetFront front = front_of(trials, "t", job, kModel);
  ASSERT_TRUE(front.fastest && front.fastest->held_back);
  EXPECT_NEAR(*front.fastest->held_back->map_lost, 2.0, 1e-9) << "half a point on the others";
  EXPECT_NEAR(front.fastest->held_back->lost->low, 2.0, 1e-9) << "in every half of them";
  EXPECT_EQ(front.note, "");
}

TEST_F(FrontTest, a_choice_that_nothing_checked_says_what_more_images_would_bring) {
  trials[0].on_target["t"].accuracy->draws = halves(0.400, 0);
  trials[1].on_target["t"].accuracy->draws = halves(0.395, 0);
  for (std::size_t i = 0; i < 8; i += 2) trials[1].on_target["t"].accuracy->draws[i] += 0.004;
  const TargetFront front = front_of(trials, "t", job, kModel);
  EXPECT_NE(front.note.find("the 64 images that it was scored on chose it"), std::string::npos);
  EXPECT_NE(front.note.find("of 512, half held back"), std::string::npos) << front.note;
}

TEST_F(FrontTest, what_is_of_no_use_is_hidden_unless_asked_for) {
  trials.push_back(measured(6, narrower(5), 0.100, 3.0, 4'000));   // a quarter of the accuracy
  trials.push_back(measured(7, narrower(6), 0.410, 12.0, 9'900));  // slower than the original
  const TargetFront front = front_of(trials, "t", job, kModel);
  EXPECT_EQ(numbers(front.members), (std::vector<int>{6, 4, 5, 2, 1, 7}));
  EXPECT_EQ(numbers(filtered(front.members, {})), (std::vector<int>{4, 5, 2, 1}));
  FrontFilter everything;
  everything.all = true;
  EXPECT_EQ(numbers(filtered(front.members, everything)), numbers(front.members));
  job.constraints = {{{MetricKind::kMap5095}, {}, 0.05, ""}};  // so little will do
  EXPECT_EQ(numbers(filtered(front_of(trials, "t", job, kModel).members, {})),
            (std::vector<int>{6, 4, 5, 2, 1}));
}

TEST_F(FrontTest, the_hypervolume_is_that_of_the_definition) {
  trials.resize(2);
  // (1 - mAP, log latency) against (0.8, log 10 and a hundredth): two steps.
  const double faster = std::log(10.0) - std::log(8.0);
  EXPECT_NEAR(front_of(trials, "t", job, kModel).hypervolume, 0.2 * 0.01 + 0.195 * faster, 1e-12);
  job.constraints = {{{MetricKind::kMap5095}, {}, 0.3, ""}};
  EXPECT_NEAR(front_of(trials, "t", job, kModel).hypervolume, 0.2 * 0.01 + 0.195 * faster, 1e-12);
  job.constraints = {{{MetricKind::kMap5095}, {}, 0.1, ""}};  // so little will do
  EXPECT_NEAR(front_of(trials, "t", job, kModel).hypervolume, 0.3 * 0.01 + 0.295 * faster, 1e-12);
}

TEST_F(FrontTest, what_breaks_a_constraint_is_not_on_the_front) {
  job.constraints = {{{MetricKind::kMap5095}, {}, 0.35, ""},
                     {{MetricKind::kLatencyMs}, 9.5, {}, "t"}};
  const TargetFront front = front_of(trials, "t", job, kModel);
  EXPECT_EQ(numbers(front.members), (std::vector<int>{5, 2}));
  EXPECT_TRUE(front.original.has_value()) << "it is shown whatever the constraints";
  job.constraints = {{{MetricKind::kLatencyMs}, 0.1, {}, "another target"}};
  EXPECT_EQ(front_of(trials, "t", job, kModel).members.size(), 4U);
}

TEST_F(FrontTest, another_accuracy_can_be_an_objective_or_a_constraint) {
  const double small[] = {0.20, 0.10, 0.15, 0.05, 0.11};
  for (Trial& trial : trials) {
    trial.on_target["t"].accuracy->figures["map_small"] = small[trial.number - 1];
  }
  job.constraints = {{{MetricKind::kMapSmall}, {}, 0.105, ""}};
  EXPECT_EQ(numbers(front_of(trials, "t", job, kModel).members), (std::vector<int>{5, 3, 1}));
  job.constraints.clear();
  job.objectives = {{MetricKind::kMapSmall}, {MetricKind::kLatencyMs}};
  const TargetFront front = front_of(trials, "t", job, kModel);
  EXPECT_EQ(numbers(front.members), (std::vector<int>{4, 5, 3, 1})) << "5 beats 2";
  EXPECT_EQ(front.members.back().figures.at("map_small"), 0.20);
}

TEST_F(FrontTest, three_objectives_keep_what_is_smallest_too) {
  job.objectives.push_back({MetricKind::kBytes});
  trials[2].bytes = 500;  // beaten by 2 in all else
  EXPECT_EQ(numbers(front_of(trials, "t", job, kModel).members), (std::vector<int>{4, 5, 2, 3, 1}));
}

TEST_F(FrontTest, memory_can_be_a_constraint_or_an_objective) {
  for (Trial& trial : trials) {
    trial.on_target["t"].latency->peak_memory_bytes = 100 * (10 - trial.number);
  }
  job.constraints = {{{MetricKind::kPeakMemoryBytes}, 650, {}, ""}};
  EXPECT_EQ(numbers(front_of(trials, "t", job, kModel).members), (std::vector<int>{4, 5}));
  job.constraints.clear();
  job.objectives.push_back({MetricKind::kPeakMemoryBytes});
  const TargetFront front = front_of(trials, "t", job, kModel);
  EXPECT_EQ(numbers(front.members), (std::vector<int>{4, 5, 2, 3, 1})) << "3 takes less than 2";
  EXPECT_EQ(front.members.front().latency.peak_memory_bytes, 600);
}

TEST_F(FrontTest, trials_that_are_infeasible_unfinished_or_elsewhere_are_not_counted) {
  trials[1].on_target["t"].infeasible = "outputs differ";
  trials[3].on_target["t"].latency.reset();
  trials[4].on_target.clear();
  const TargetFront front = front_of(trials, "t", job, kModel);
  EXPECT_EQ(numbers(front.members), (std::vector<int>{3, 1}));
  EXPECT_TRUE(front_of(trials, "u", job, kModel).members.empty());
}

TEST_F(FrontTest, without_the_original_there_is_a_front_but_no_comparison) {
  trials.erase(trials.begin());
  const TargetFront front = front_of(trials, "t", job, kModel);
  EXPECT_FALSE(front.original.has_value());
  EXPECT_FALSE(front.fastest.has_value());
  EXPECT_EQ(front.hypervolume, 0);
  EXPECT_EQ(front.members.size(), 3U);
}

TEST_F(FrontTest, a_filter_keeps_what_is_within_every_bound) {
  const std::vector<FrontMember> all = front_of(trials, "t", job, kModel).members;
  EXPECT_EQ(numbers(filtered(all, {})), numbers(all));
  EXPECT_EQ(numbers(filtered(all, {8.0, 0.389, {}})), (std::vector<int>{5, 2}));
  EXPECT_EQ(numbers(filtered(all, {{}, {}, 2000})), (std::vector<int>{2, 1}));
}

TEST(Describe, a_plan_is_told_in_one_line) {
  Plan plan = narrower(1);
  EXPECT_EQ(describe(plan, 7'700, 10'000, kModel),
            "416x416, fp32, 1 of 10 groups narrower, 23 % fewer MACs");
  plan.widths.clear();
  plan.height = 320;
  plan.quantization = QuantizationPlan{.weight_bits = 7,
                                       .ranges = RangeMethod::kPercentile,
                                       .placement = QdqPlacement::kConvolutions};
  plan.layers["layer0"].int8 = false;
  EXPECT_EQ(describe(plan, {}, {}, kModel),
            "320x416, int8 (7 bit, percentile, convolutions only), 1 of 10 layers in fp32");
  plan.layers.clear();
  plan.floats = Precision::kBf16;
  EXPECT_EQ(describe(plan, {}, {}, kModel),
            "320x416, int8 (7 bit, percentile, convolutions only), the rest in bf16");
  plan.quantization.reset();
  EXPECT_EQ(describe(plan, {}, {}, kModel), "320x416, bf16");
}

TEST(Progress, time_left_follows_from_the_trials_that_ended) {
  Job job;
  job.state = JobState::kSearching;
  Budget budget;
  budget.trials = 40;
  const auto progress = [&](const TrialCounts& counts, double searched) {
    job.trials = counts;
    job.searched_seconds = searched;
    return progress_of(job, budget);
  };
  EXPECT_EQ(progress({}, 0).share, 0) << "preparing still";
  job.searching_at = TimePoint(seconds(1000));
  EXPECT_FALSE(progress({4, 0, 0}, 5).seconds_left.has_value());
  const Progress quarter = progress({14, 8, 2}, 50);
  EXPECT_DOUBLE_EQ(quarter.share, 0.25);
  EXPECT_DOUBLE_EQ(*quarter.seconds_left, 150);
  budget.seconds = 100;
  const Progress bounded = progress({14, 8, 2}, 50);
  EXPECT_DOUBLE_EQ(bounded.share, 0.5);
  EXPECT_DOUBLE_EQ(*bounded.seconds_left, 50);
  job.state = JobState::kSucceeded;
  EXPECT_EQ(progress({14, 12, 2}, 110).share, 1);
}

}  // namespace
}  // namespace pare::coordinator
