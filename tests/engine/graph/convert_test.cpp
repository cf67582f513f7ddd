#include "engine/graph/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace pare::engine {
namespace {

using testing::ElementsAre;

Tensor floats(const std::vector<float>& values) {
  return Tensor::of<float>({std::ssize(values)}, values);
}

TEST(Convert, every_half_comes_back_as_it_was) {
  for (unsigned bits = 0; bits < 0x10000U; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = half_to_float(half);
    if (std::isnan(value)) continue;
    ASSERT_EQ(float_to_half(value), half) << bits;
  }
}

TEST(Convert, a_half_is_the_nearest_one) {
  EXPECT_EQ(half_to_float(float_to_half(1.0F + 0x1p-11F)), 1.0F);  // halves to even
  EXPECT_EQ(half_to_float(float_to_half(1.0F + 3 * 0x1p-11F)), 1.0F + 0x1p-9F);
  EXPECT_EQ(half_to_float(float_to_half(65519.0F)), 65504.0F);
  EXPECT_TRUE(std::isinf(half_to_float(float_to_half(65520.0F))));
  EXPECT_EQ(half_to_float(float_to_half(-1e-10F)), 0.0F);
  EXPECT_TRUE(std::isnan(half_to_float(float_to_half(std::nanf("")))));
}

TEST(Convert, integers_are_rounded_and_clamped) {
  const Tensor bytes =
      converted(floats({-3, 0.5F, 1.5F, 254.6F, 1e9F, std::nanf("")}), DType::kUint8);
  EXPECT_THAT(bytes.values<std::uint8_t>(), ElementsAre(0, 0, 2, 255, 255, 0));
  EXPECT_THAT(converted(bytes, DType::kFloat32).values<float>(), ElementsAre(0, 0, 2, 255, 255, 0));
  EXPECT_THAT(converted(floats({-1e30F, 1e30F}), DType::kInt64).values<std::int64_t>(),
              ElementsAre(std::numeric_limits<std::int64_t>::min(),
                          std::numeric_limits<std::int64_t>::max()));
}

TEST(Convert, what_float32_does_not_reach_is_its_largest) {
  const std::vector<double> wide = {1e300, -1e300, 0.1};
  EXPECT_THAT(
      converted(Tensor::of<double>({3}, wide), DType::kFloat32).values<float>(),
      ElementsAre(std::numeric_limits<float>::max(), -std::numeric_limits<float>::max(), 0.1F));
}

TEST(Convert, float32_and_integers_stay_as_they_are) {
  const Tensor tensor = floats({1});
  EXPECT_EQ(with_float32(tensor).bytes().data(), tensor.bytes().data());
  EXPECT_EQ(with_float32(converted(tensor, DType::kInt8)).dtype(), DType::kInt8);
  EXPECT_EQ(with_float32(converted(tensor, DType::kFloat16)), tensor);
}

}  // namespace
}  // namespace pare::engine
