#include "engine/quant/quantize_weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace pare::engine {
namespace {

Tensor random_weights(Shape shape, unsigned seed) {
  std::mt19937 rng(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<std::size_t>(element_count(shape)));
  for (float& value : values) value = normal(rng);
  return Tensor::of<float>(std::move(shape), values);
}

TEST(QuantizeWeights, no_weight_is_off_by_more_than_half_a_level_of_its_channel) {
  for (const int bits : {8, 7}) {
    const Tensor weights = random_weights({6, 4, 3, 3}, 11);
    const auto quantized = quantize_weights(weights, bits);
    ASSERT_TRUE(quantized);
    const auto levels = quantized.value().values.values<std::int8_t>();
    for (std::size_t i = 0; i < levels.size(); ++i) {
      const float scale = quantized.value().scales[i / 36];
      EXPECT_LE(std::abs(weights.values<float>()[i] - scale * static_cast<float>(levels[i])),
                0.5001F * scale);
      EXPECT_LE(std::abs(levels[i]), bits == 8 ? 127 : 63);
    }
  }
}

TEST(QuantizeWeights, a_channel_of_zeros_stays_zero_with_a_positive_scale) {
  const std::vector<float> zeros(8, 0.0F);
  const auto quantized = quantize_weights(Tensor::of<float>({2, 4}, zeros), 8);
  ASSERT_TRUE(quantized);
  EXPECT_GT(quantized.value().scales[0], 0);
  EXPECT_EQ(quantized.value().values.values<std::int8_t>()[0], 0);
}

TEST(QuantizeWeights, other_bits_and_types_are_refused) {
  EXPECT_FALSE(quantize_weights(random_weights({2, 2}, 1), 4));
  const std::vector<std::int64_t> integers{1, 2};
  EXPECT_FALSE(quantize_weights(Tensor::of<std::int64_t>({2}, integers), 8));
}

TEST(QuantizeBias, is_exact_to_half_a_level_and_never_overflows) {
  const std::vector<float> bias{0.3F, -1e30F};
  const Tensor quantized = quantize_bias(Tensor::of<float>({2}, bias), 0.01F, {0.02F, 0.02F});
  EXPECT_EQ(quantized.values<std::int32_t>()[0], 1500);
  EXPECT_LT(quantized.values<std::int32_t>()[1], -2'000'000'000);
}

}  // namespace
}  // namespace pare::engine
