#include "engine/quant/activation_histogram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace pare::engine {
namespace {

Tensor activation(std::int64_t channels, std::vector<float> values) {
  const auto plane = static_cast<std::int64_t>(values.size()) / channels;
  return Tensor::of<float>({1, channels, plane}, values);
}

Range range_of(const ActivationHistogram& histogram, RangeMethod method,
               std::span<const int> kept) {
  return choose_range(histogram.distribution(kept), {.method = method});
}

TEST(ActivationHistogram, min_max_is_exact_and_always_holds_zero) {
  ActivationHistogram histogram(2);
  ASSERT_TRUE(histogram.add(activation(2, {1.5F, 3.25F, -0.125F, -7.0F})));
  EXPECT_EQ(range_of(histogram, RangeMethod::kMinMax, {}), (Range{-7.0F, 3.25F}));
  EXPECT_EQ(range_of(histogram, RangeMethod::kMinMax, std::array{0}), (Range{0, 3.25F}));
  EXPECT_EQ(range_of(histogram, RangeMethod::kMinMax, std::array{1}), (Range{-7.0F, 0}));
}

TEST(ActivationHistogram, percentile_agrees_with_sorting_within_a_bin) {
  std::mt19937 rng(7);
  std::normal_distribution<float> normal(0.5F, 2.0F);
  std::vector<float> values(400'000);
  for (float& value : values) value = normal(rng);
  ActivationHistogram histogram(1);
  ASSERT_TRUE(histogram.add(activation(1, values)));
  const Range range = range_of(histogram, RangeMethod::kPercentile, {});
  std::ranges::sort(values);
  const auto at = [&](double share) {
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size()))];
  };
  EXPECT_NEAR(range.low, at(0.5e-4), std::abs(at(0.5e-4)) / 8);
  EXPECT_NEAR(range.high, at(1 - 0.5e-4), std::abs(at(1 - 0.5e-4)) / 8);
  EXPECT_GT(range.low, range_of(histogram, RangeMethod::kMinMax, {}).low);
}

TEST(ActivationHistogram, a_rare_outlier_moves_min_max_and_not_the_percentile) {
  std::vector<float> values(100'000, 1.0F);
  values[17] = 1000.0F;
  ActivationHistogram histogram(1);
  ASSERT_TRUE(histogram.add(activation(1, values)));
  EXPECT_EQ(range_of(histogram, RangeMethod::kMinMax, {}).high, 1000.0F);
  EXPECT_LT(range_of(histogram, RangeMethod::kPercentile, {}).high, 1.2F);
}

TEST(ActivationHistogram, the_range_of_kept_channels_is_that_of_a_histogram_of_them_alone) {
  std::mt19937 rng(3);
  std::normal_distribution<float> normal;
  std::vector<float> wide(3'000);
  for (std::size_t i = 0; i < wide.size(); ++i) {
    wide[i] = normal(rng) * static_cast<float>(1 + i / 1'000);
  }
  ActivationHistogram all(3);
  ActivationHistogram alone(1);
  ASSERT_TRUE(all.add(activation(3, wide)));
  ASSERT_TRUE(alone.add(activation(1, {wide.begin() + 1'000, wide.begin() + 2'000})));
  for (const RangeMethod method : {RangeMethod::kMinMax, RangeMethod::kPercentile}) {
    EXPECT_EQ(range_of(all, method, std::array{1}), range_of(alone, method, {}));
  }
}

TEST(ActivationHistogram, what_is_stored_comes_back) {
  ActivationHistogram histogram(2);
  ASSERT_TRUE(histogram.add(activation(2, {0.0F, 1e-9F, -3.0F, 1e9F})));
  TensorFile file;
  histogram.store("x", file);
  const auto back = ActivationHistogram::load(file, "x");
  ASSERT_TRUE(back);
  for (const RangeMethod method : {RangeMethod::kMinMax, RangeMethod::kPercentile}) {
    for (const int channel : {0, 1}) {
      EXPECT_EQ(range_of(back.value(), method, std::array{channel}),
                range_of(histogram, method, std::array{channel}));
    }
  }
}

TEST(ActivationHistogram, what_was_not_stored_or_does_not_fit_is_refused_by_name) {
  ActivationHistogram histogram(2);
  ASSERT_TRUE(histogram.add(activation(2, {1.0F, -3.0F})));
  TensorFile file;
  histogram.store("x", file);
  EXPECT_THAT(ActivationHistogram::load(file, "y").error().message, testing::HasSubstr("'y'"));
  file.tensors["x/counts"] = file.tensors["x/limits"];
  EXPECT_THAT(ActivationHistogram::load(file, "x").error().message, testing::HasSubstr("'x'"));
}

TEST(ActivationHistogram, a_value_that_is_not_finite_is_refused_with_its_channel) {
  ActivationHistogram histogram(2);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto refused = histogram.add(activation(2, {0.0F, nan}));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("channel 1"));
  EXPECT_FALSE(histogram.add(activation(3, {1, 2, 3})));
}

}  // namespace
}  // namespace pare::engine
