#include "engine/quant/calibrate.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>
#include <span>

#include "engine/quant/activation_histogram.h"

namespace pare::engine {
namespace {

constexpr std::array kAllMethods = {RangeMethod::kMinMax, RangeMethod::kPercentile,
                                    RangeMethod::kEntropy, RangeMethod::kMse,
                                    RangeMethod::kMseAfterActivation};

Distribution distribution_of(const std::vector<float>& values) {
  ActivationHistogram histogram(1);
  EXPECT_TRUE(
      histogram.add(Tensor::of<float>({1, 1, static_cast<std::int64_t>(values.size())}, values)));
  return histogram.distribution({});
}

// A bulk around `centre` and a few values that lie far out.
std::vector<float> with_outliers(float centre, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> bulk(centre, 1.0F);
  std::vector<float> values(50'000);
  for (float& value : values) value = bulk(random);
  for (int i = 0; i < 5; ++i) values[static_cast<std::size_t>(i) * 1'000] = 60.0F;
  return values;
}

double silu(double x) {
  return x / (1 + std::exp(-x));
}

// Mean squared error of eight bits with that range, behind a function; on the values themselves.
template <typename Function>
double error_of(const std::vector<float>& values, ActivationScale scale, Function behind) {
  double error = 0;
  for (const float x : values) {
    const double level =
        std::clamp(std::nearbyint(double{x} / scale.scale) + scale.zero_point, 0.0, 255.0);
    const double becomes = (level - scale.zero_point) * scale.scale;
    error += std::pow(behind(becomes) - behind(x), 2);
  }
  return error / static_cast<double>(values.size());
}

TEST(Calibrate, every_range_holds_zero_and_lies_within_the_values) {
  for (const float centre : {-3.0F, 0.0F, 3.0F}) {
    const Distribution values = distribution_of(with_outliers(centre, 1));
    for (const RangeMethod method : kAllMethods) {
      const Range range = choose_range(values, {.method = method});
      EXPECT_LE(range.low, 0);
      EXPECT_GE(range.high, 0);
      EXPECT_GE(range.low, values.limit.low);
      EXPECT_LE(range.high, values.limit.high);
      EXPECT_GT(range.high, range.low);
    }
  }
}

TEST(Calibrate, a_symmetric_range_is_as_long_on_either_side_and_has_its_zero_in_the_middle) {
  const Distribution values = distribution_of(with_outliers(1.0F, 2));
  for (const RangeMethod method : kAllMethods) {
    const Range range = choose_range(values, {.method = method, .symmetric = true});
    EXPECT_EQ(range.low, -range.high);
    EXPECT_EQ(scale_of(range, true).zero_point, 128);
  }
}

TEST(Calibrate, mse_finds_a_range_that_no_other_shrunk_one_beats_on_the_values_themselves) {
  const auto identity = [](double x) { return x; };
  for (const std::uint32_t seed : {3U, 4U}) {
    const std::vector<float> values = with_outliers(0.5F, seed);
    const Distribution pooled = distribution_of(values);
    const Range best = choose_range(pooled, {.method = RangeMethod::kMse});
    const double least = error_of(values, scale_of(best, false), identity);
    for (const double low : {1.0, 0.8, 0.6}) {
      for (const double high : {1.0, 0.5, 0.2, 0.1}) {
        const Range other{static_cast<float>(pooled.limit.low * low),
                          static_cast<float>(pooled.limit.high * high)};
        EXPECT_LT(least, 1.1 * error_of(values, scale_of(other, false), identity));
      }
    }
  }
}

TEST(Calibrate, scored_behind_silu_the_negative_side_is_cut_and_the_error_there_is_smaller) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal(-6.0F, 5.0F);
  std::vector<float> values(50'000);
  for (float& value : values) value = normal(random);
  const Distribution pooled = distribution_of(values);
  const Range plain = choose_range(pooled, {.method = RangeMethod::kMse});
  const Range behind = choose_range(
      pooled, {.method = RangeMethod::kMseAfterActivation, .followed_by = FollowedBy::kSilu});
  EXPECT_GT(behind.low, plain.low + 5);
  EXPECT_LT(error_of(values, scale_of(behind, false), silu),
            0.5 * error_of(values, scale_of(plain, false), silu));
}

TEST(Calibrate, what_nothing_follows_is_calibrated_as_by_mse) {
  const Distribution values = distribution_of(with_outliers(0.0F, 6));
  EXPECT_EQ(choose_range(values, {.method = RangeMethod::kMseAfterActivation}),
            choose_range(values, {.method = RangeMethod::kMse}));
}

TEST(Calibrate, entropy_gives_up_far_outliers_and_keeps_an_even_spread) {
  const Distribution outliers = distribution_of(with_outliers(2.0F, 7));
  EXPECT_LT(choose_range(outliers, {.method = RangeMethod::kEntropy}).high, 20.0F);
  std::mt19937 random(8);
  std::uniform_real_distribution<float> even(0.0F, 10.0F);
  std::vector<float> values(50'000);
  for (float& value : values) value = even(random);
  EXPECT_GT(choose_range(distribution_of(values), {.method = RangeMethod::kEntropy}).high, 8.5F);
}

TEST(Calibrate, nothing_but_zero_has_a_scale_all_the_same) {
  const Distribution zeros = distribution_of({0.0F, 0.0F});
  for (const RangeMethod method : kAllMethods) {
    EXPECT_EQ(scale_of(choose_range(zeros, {.method = method}), false).scale, 1.0F);
  }
}

TEST(Calibrate, means_are_those_of_the_values_and_of_what_eight_bits_leave_of_them) {
  const std::vector<float> values = with_outliers(0.5F, 9);
  const Distribution pooled = distribution_of(values);
  const ActivationScale scale = scale_of({-1.0F, 2.0F}, false);
  double sum = 0;
  double clipped = 0;
  for (const float x : values) {
    sum += x;
    clipped += std::clamp(x, -1.0F, 2.0F);
  }
  const auto count = static_cast<double>(values.size());
  EXPECT_NEAR(mean(pooled), sum / count, 0.02);
  EXPECT_NEAR(quantized_mean(pooled, scale), clipped / count, 0.02);
}

TEST(Calibrate, halved_channels_are_pooled_as_halved_values_would_be) {
  std::mt19937 random(10);
  std::normal_distribution<float> normal(1.0F, 4.0F);
  std::vector<float> values(4'000);
  for (float& value : values) value = normal(random);
  std::vector<float> divided = values;
  for (std::size_t i = 0; i < divided.size(); ++i) divided[i] *= i < 2'000 ? 0.25F : 2.0F;
  ActivationHistogram before(2);
  ActivationHistogram after(2);
  ASSERT_TRUE(before.add(Tensor::of<float>({1, 2, 2'000}, values)));
  ASSERT_TRUE(after.add(Tensor::of<float>({1, 2, 2'000}, divided)));
  const std::array channels = {0, 1};
  const std::array halvings = {2, -1};
  const Distribution a = before.distribution(channels, halvings);
  const Distribution b = after.distribution(channels);
  EXPECT_EQ(a.limit, b.limit);
  EXPECT_EQ(choose_range(a, {.method = RangeMethod::kMse}),
            choose_range(b, {.method = RangeMethod::kMse}));
}

}  // namespace
}  // namespace pare::engine
