// Which members of the fronts are worth a training of their own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/jobs/tuning.h"
#include "core/plan.h"
#include "wire/plan_json.h"
#include "wire/tuning_json.h"

namespace pare::coordinator {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Plan narrower(int number) {
  Plan plan;
  plan.height = plan.width = 64;
  plan.widths["g" + std::to_string(number)] = 8;
  return plan;
}

Plan the_original() {
  Plan plan = narrower(1);
  plan.widths.clear();
  return plan;
}

// Fronts and the trials on them, told by speed-up and points lost.
class Chosen : public testing::Test {
 protected:
  void on_front(std::size_t front, int number, double speedup, double lost, const Plan& plan) {
    while (fronts.size() <= front) fronts.emplace_back();
    FrontMember member;
    member.trial = number;
    member.speedup = speedup;
    member.map_lost = lost;
    fronts[front].members.push_back(member);
    Trial trial;
    trial.number = number;
    trial.plan_json = wire::plan_to_json(plan);
    trials.push_back(trial);
  }
  // The original, and six members ever faster: 3 is the fastest within 1.0 point, 5 the knee.
  void a_front() {
    on_front(0, 1, 1.0, 0, the_original());
    on_front(0, 2, 1.05, 0.3, narrower(2));
    on_front(0, 3, 1.1, 0.9, narrower(3));
    on_front(0, 4, 1.3, 1.8, narrower(4));
    on_front(0, 5, 1.8, 3.0, narrower(5));
    on_front(0, 6, 1.9, 9.0, narrower(6));
    on_front(0, 7, 2.0, 20.0, narrower(7));
  }
  std::vector<int> choose(int most) { return choose_to_tune(fronts, trials, most); }

  std::vector<TargetFront> fronts;
  std::vector<Trial> trials;
};

TEST_F(Chosen, the_fastest_within_a_point_comes_first_then_the_knee_then_what_lies_between) {
  a_front();
  EXPECT_THAT(choose(1), ElementsAre(3));
  EXPECT_THAT(choose(2), ElementsAre(3, 5));
  EXPECT_THAT(choose(3), ElementsAre(3, 5, 4));
}

TEST_F(Chosen, more_than_lie_there_come_from_behind_the_knee_and_then_from_before) {
  a_front();
  EXPECT_THAT(choose(5), ElementsAre(3, 5, 4, 6, 7));
  EXPECT_THAT(choose(9), ElementsAre(3, 5, 4, 6, 7, 2));
}

TEST_F(Chosen, where_none_is_within_a_point_the_one_that_loses_least_comes_first) {
  on_front(0, 2, 1.1, 4.0, narrower(2));
  on_front(0, 3, 1.3, 9.0, narrower(3));
  EXPECT_THAT(choose(1), ElementsAre(2));
}

TEST_F(Chosen, what_narrows_nothing_is_of_no_use_or_chosen_in_another_way_is_left_out) {
  Plan skips = narrower(2);
  skips.widths.clear();
  skips.skip = {"block"};
  Plan by_norm = narrower(3);
  by_norm.importance = Importance::kL2;
  Plan unrepaired = narrower(4);
  unrepaired.reconstruction = Reconstruction::kNone;
  Plan tuned = narrower(5);
  tuned.weights = Weights::kTuned;
  on_front(0, 2, 1.1, 0.1, skips);
  on_front(0, 3, 1.2, 0.2, by_norm);
  on_front(0, 4, 1.3, 0.3, unrepaired);
  on_front(0, 5, 1.4, 0.4, tuned);
  on_front(0, 6, 1.5, 0.5, narrower(6));
  fronts[0].members.back().useful = false;
  EXPECT_THAT(choose(3), IsEmpty());
  EXPECT_THAT(choose_to_tune({}, {}, 3), IsEmpty());
}

TEST_F(Chosen, fronts_take_turns_and_no_weights_are_trained_twice) {
  a_front();
  Plan int8 = narrower(3);
  int8.quantization = QuantizationPlan{};
  int8.height = 32;
  on_front(1, 8, 2.0, 0.5, int8);  // the weights of 3
  on_front(1, 9, 3.0, 2.0, narrower(9));
  EXPECT_THAT(choose(2), ElementsAre(3, 5));  // one each: the second's is the first's
  EXPECT_THAT(choose(3), ElementsAre(3, 5, 9));
}

TEST_F(Chosen, the_order_in_which_members_and_trials_come_changes_nothing) {
  a_front();
  std::ranges::reverse(fronts[0].members);
  std::ranges::reverse(trials);
  EXPECT_THAT(choose(3), ElementsAre(3, 5, 4));
}

TEST(TuningNote, says_what_became_of_each_and_that_their_trials_come_on_top) {
  Job job;
  EXPECT_EQ(tuning_note(job), "");
  job.tuning_json = wire::tuning_to_json({});
  EXPECT_THAT(tuning_note(job), HasSubstr("nothing was tuned"));
  Tuning tuning;
  tuning.members = {{.trial = 3, .state = TuningState::kTuned, .tuned_trial = 13},
                    {.trial = 5,
                     .state = TuningState::kKept,
                     .before = 1,
                     .after = 1,
                     .reason = "training brought nothing"}};
  job.tuning_json = wire::tuning_to_json(tuning);
  EXPECT_EQ(wire::parse_tuning(job.tuning_json).value(), tuning);
  EXPECT_EQ(tuning_note(job),
            "1 of 2 chosen members were tuned alone (beyond the budget: trials 13); trial 5 stays "
            "as it was: training brought nothing");
}

TEST(TrainedForm, is_the_same_for_plans_that_differ_in_size_and_precision_alone) {
  Plan plan = narrower(1);
  Plan other = plan;
  other.height = 32;
  other.floats = Precision::kBf16;
  other.quantization = QuantizationPlan{};
  other.layers["l"] = {.int8 = false};
  other.weights = Weights::kTuned;
  EXPECT_EQ(trained_form(plan), trained_form(other));
  other.skip = {"block"};
  EXPECT_NE(trained_form(plan), trained_form(other));
}

TEST(OriginOfWeights, is_one_word_for_each_way) {
  Plan plan;
  EXPECT_EQ(origin_of_weights(plan), "original");
  plan.widths["g"] = 8;
  plan.reconstruction = Reconstruction::kNone;
  EXPECT_EQ(origin_of_weights(plan), "cut");
  plan.reconstruction = Reconstruction::kIndependent;
  EXPECT_EQ(origin_of_weights(plan), "closed_form");
  plan.weights = Weights::kSupernet;
  EXPECT_EQ(origin_of_weights(plan), "inherited");
  plan.weights = Weights::kTuned;
  EXPECT_EQ(origin_of_weights(plan), "tuned");
}

}  // namespace
}  // namespace pare::coordinator
