#include "core/half_samples.h"

#include <gtest/gtest.h>

#include <cmath>

namespace pare {
namespace {

TEST(HalfSamples, what_halves_add_to_a_value_is_taken_off_it_times_the_rate_of_its_fading) {
  // Halves stand 0.02 above the whole: with n^(-0.6) the whole stands 0.02 / (2^0.6 - 1) above the
  // truth.
  const std::vector<double> draws = {0.54, 0.50, 0.49, 0.55};
  const auto interval = interval_of(0.5, draws, 0.05);
  ASSERT_TRUE(interval);
  EXPECT_NEAR((interval->low + interval->high) / 2, 0.5 - 0.02 / (std::pow(2, 0.6) - 1), 1e-9);
}

TEST(HalfSamples, a_pair_with_an_empty_half_does_not_count_and_two_pairs_are_needed) {
  EXPECT_FALSE(interval_of(0.5, std::vector<double>{}, 0.05));
  EXPECT_FALSE(interval_of(0.5, std::vector<double>{0.4, 0.6}, 0.05));
  EXPECT_FALSE(interval_of(0.5, std::vector<double>{0.4, 0.6, -1, 0.5}, 0.05));
  const auto with = interval_of(0.5, std::vector<double>{0.4, 0.6, -1, 0.5, 0.45, 0.55}, 0.05);
  const auto without = interval_of(0.5, std::vector<double>{0.4, 0.6, 0.45, 0.55}, 0.05);
  ASSERT_TRUE(with && without);
  EXPECT_EQ(*with, *without);
}

TEST(HalfSamples, a_difference_is_as_sure_as_the_draws_of_both_agree) {
  const std::vector<double> a = {0.50, 0.60, 0.48, 0.62};
  const std::vector<double> b = {0.48, 0.58, 0.46, 0.60};  // always 0.02 below
  const auto loss = interval_of_difference(-0.02, a, b, 0.05);
  ASSERT_TRUE(loss);
  EXPECT_NEAR(loss->low, -0.02, 1e-9);
  EXPECT_NEAR(loss->high, -0.02, 1e-9);
  EXPECT_FALSE(interval_of_difference(-0.02, a, std::vector<double>{0.4, 0.5}, 0.05))
      << "draws of another number do not belong together";
}

TEST(HalfSamples, centred_draws_stand_around_the_value) {
  const auto draws = centred_on(0.4, std::vector<double>{0.5, 0.6, 0.48, 0.62, -1, 0.3});
  EXPECT_NEAR(draws[0], 0.35, 1e-12);
  EXPECT_NEAR(draws[3], 0.47, 1e-12);
  EXPECT_EQ(draws[4], -1);
  EXPECT_EQ(draws[5], -1);
}

TEST(HalfSamples, four_times_the_images_halve_the_interval) {
  EXPECT_NEAR(half_width_with({0.3, 0.4}, 128, 512), 0.025, 1e-12);
}

}  // namespace
}  // namespace pare
