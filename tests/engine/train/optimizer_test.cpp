#include "engine/train/run/optimizer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>

namespace pare::engine {
namespace {

RunState state_of(const torch::Tensor& values, std::int64_t steps) {
  RunState state;
  state.steps = steps;
  state.values = values.clone();
  for (torch::Tensor RunState::*part :
       {&RunState::average, &RunState::first_moment, &RunState::second_moment, &RunState::best}) {
    state.*part = torch::zeros_like(values);
  }
  return state;
}

TEST(Optimizer, steps_are_those_of_adamw) {
  torch::manual_seed(1);
  const torch::Tensor start = torch::randn({50});
  torch::Tensor theirs = start.clone().set_requires_grad(true);
  OptimizerOptions options;
  options.rate = 1e-2;
  options.weight_decay = 0.1;
  options.largest_gradient = 1e9;
  torch::optim::AdamW adamw(
      {theirs}, torch::optim::AdamWOptions(1e-2).betas({0.9, 0.997}).eps(1e-8).weight_decay(0.1));
  RunState state = state_of(start, 40);
  for (; state.step < 10; ++state.step) {
    const torch::Tensor gradient = torch::randn({50});
    theirs.mutable_grad() = gradient;
    for (auto& group : adamw.param_groups()) {
      group.options().set_lr(1e-2 * rate_share(state.step, 40, options));
    }
    adamw.step();
    EXPECT_TRUE(take_step(gradient, options, state));
  }
  EXPECT_LT((theirs.detach() - state.values).abs().max().item<double>(), 1e-5);
}

TEST(Optimizer, the_rate_rises_and_then_falls_to_its_last_share) {
  const OptimizerOptions options;
  EXPECT_NEAR(rate_share(0, 1000, options), 1.0 / 50, 1e-9);
  EXPECT_NEAR(rate_share(49, 1000, options), 1, 1e-9);
  EXPECT_NEAR(rate_share(525, 1000, options), 0.51, 1e-2);
  EXPECT_NEAR(rate_share(1000, 1000, options), 0.02, 1e-9);
  EXPECT_EQ(rate_share(9, 0, options), rate_share(9, 1000, options));
}

TEST(Optimizer, a_step_that_is_not_finite_changes_nothing_and_three_in_a_row_halve_the_rate) {
  const torch::Tensor start = torch::ones({4});
  RunState state = state_of(start, 100);
  torch::Tensor bad = torch::ones({4});
  bad[2] = std::numeric_limits<float>::quiet_NaN();
  for (; state.step < 2; ++state.step) EXPECT_FALSE(take_step(bad, {}, state));
  EXPECT_TRUE(take_step(torch::ones({4}), {}, state));
  ++state.step;
  EXPECT_EQ(state.rate_factor, 1);
  const torch::Tensor before = state.values.clone(), moment = state.first_moment.clone();
  for (; state.step < 6; ++state.step) EXPECT_FALSE(take_step(bad, {}, state));
  EXPECT_EQ(state.rate_factor, 0.5);
  EXPECT_EQ(state.skipped, 5);
  EXPECT_TRUE(torch::equal(state.values, before));
  EXPECT_TRUE(torch::equal(state.first_moment, moment));
}

class Kept : public testing::Test {
 protected:
  Kept() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~Kept() override { std::filesystem::remove_all(folder_); }

  static RunState at_step(std::int64_t step) {
    RunState state = state_of(torch::arange(6).to(torch::kFloat32) + step, 90);
    state.step = step;
    state.rate_factor = 0.25;
    state.curve = {{3, {0.5, 0.25}}, {6, {0.4, 0.2}}};
    return state;
  }

  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / "pare_run_state";
  std::filesystem::path file_ = folder_ / "state";
  std::vector<std::string> notes_;
};

TEST_F(Kept, a_state_comes_back_as_it_was) {
  EXPECT_FALSE(load_state("run", file_, notes_).value().has_value());
  ASSERT_TRUE(save_state(at_step(7), "run", file_));
  const RunState back = load_state("run", file_, notes_).value().value();
  EXPECT_EQ(back.step, 7);
  EXPECT_EQ(back.steps, 90);
  EXPECT_EQ(back.rate_factor, 0.25);
  EXPECT_TRUE(torch::equal(back.values, at_step(7).values));
  ASSERT_EQ(back.curve.size(), 2U);
  EXPECT_EQ(back.curve[1].step, 6);
  EXPECT_EQ(back.curve[1].losses, (std::vector<double>{0.4, 0.2}));
  EXPECT_TRUE(notes_.empty());
}

TEST_F(Kept, a_truncated_state_is_passed_over_for_the_one_before_and_said) {
  ASSERT_TRUE(save_state(at_step(7), "run", file_));
  ASSERT_TRUE(save_state(at_step(14), "run", file_));
  std::filesystem::resize_file(file_, std::filesystem::file_size(file_) / 2);
  EXPECT_EQ(load_state("run", file_, notes_).value()->step, 7);
  ASSERT_EQ(notes_.size(), 1U);
  EXPECT_NE(notes_[0].find(file_.string()), std::string::npos);
}

TEST_F(Kept, the_state_of_another_run_is_refused_by_name) {
  ASSERT_TRUE(save_state(at_step(7), "seed 1", file_));
  const auto refused = load_state("seed 2", file_, notes_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(refused.error().message.find("seed 1, this one is seed 2"), std::string::npos);
}

}  // namespace
}  // namespace pare::engine
