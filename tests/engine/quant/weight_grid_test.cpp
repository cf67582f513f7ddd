#include "engine/quant/weight_grid.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <set>

namespace pare::engine {
namespace {

constexpr std::array kGridsOfFour = {WeightStorage{4, WeightGrid::kLinear},
                                     WeightStorage{4, WeightGrid::kPowerOfTwo},
                                     WeightStorage{4, WeightGrid::kCodebook}};

// As trained weights are: a bell, some channels far larger than others, some weights zero.
Tensor trained_weights(std::uint32_t seed, Shape shape = {12, 8, 3, 3}) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<std::size_t>(element_count(shape)));
  const std::size_t each = values.size() / static_cast<std::size_t>(shape[0]);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float size = std::ldexp(1.0F, static_cast<int>(i / each % 5));
    values[i] = i % 11 == 0 ? 0 : size * normal(random);
  }
  return Tensor::of<float>(std::move(shape), values);
}

double squared_error(const Tensor& weights, const GriddedWeights& grid, std::size_t axis = 0) {
  const Tensor values = values_of(grid, weights.shape(), axis);
  double error = 0;
  for (std::size_t i = 0; i < values.values<float>().size(); ++i) {
    error += std::pow(double{values.values<float>()[i]} - weights.values<float>()[i], 2);
  }
  return error;
}

TEST(WeightGrid, has_no_more_levels_than_its_bits_and_keeps_zeros) {
  for (const WeightStorage storage :
       {WeightStorage{8}, kGridsOfFour[0], kGridsOfFour[1], kGridsOfFour[2]}) {
    const Tensor weights = trained_weights(1);
    const auto grid = put_on_grid(weights, 0, storage);
    ASSERT_TRUE(grid);
    EXPECT_LE(grid.value().levels.size(), 1U << storage.bits);
    EXPECT_TRUE(std::ranges::is_sorted(grid.value().levels));
    EXPECT_EQ(grid.value().scales.size(), 12U);
    const Tensor values = values_of(grid.value(), weights.shape(), 0);
    for (std::size_t i = 0; i < values.values<float>().size(); ++i) {
      if (weights.values<float>()[i] == 0) {
        EXPECT_EQ(values.values<float>()[i], 0);
      }
    }
  }
}

TEST(WeightGrid, more_bits_and_levels_of_its_own_cost_less) {
  for (const std::uint32_t seed : {1U, 2U, 3U}) {
    const Tensor weights = trained_weights(seed);
    const double eight = squared_error(weights, put_on_grid(weights, 0, {8}).value());
    const double linear = squared_error(weights, put_on_grid(weights, 0, kGridsOfFour[0]).value());
    const double powers = squared_error(weights, put_on_grid(weights, 0, kGridsOfFour[1]).value());
    const double own = squared_error(weights, put_on_grid(weights, 0, kGridsOfFour[2]).value());
    EXPECT_LT(20 * eight, linear);
    EXPECT_LT(linear, powers);
    EXPECT_LT(own, linear);
  }
}

TEST(WeightGrid, weights_that_are_on_the_grid_stay_as_they_are) {
  std::mt19937 random(5);
  std::uniform_int_distribution<int> level(-7, 7);
  std::vector<float> values(64);
  for (float& value : values) value = 0.25F * static_cast<float>(level(random));
  values[0] = values[32] = 0.25F * 7;
  const Tensor weights = Tensor::of<float>({2, 32}, values);
  EXPECT_EQ(values_of(put_on_grid(weights, 0, kGridsOfFour[0]).value(), weights.shape(), 0),
            weights);
}

TEST(WeightGrid, scales_follow_the_axis_of_the_output_channels) {
  const Tensor turned = trained_weights(3, {64, 16});
  std::vector<float> columns(1024);
  for (std::size_t i = 0; i < 64; ++i) {
    for (std::size_t j = 0; j < 16; ++j) columns[j * 64 + i] = turned.values<float>()[i * 16 + j];
  }
  const Tensor weights = Tensor::of<float>({16, 64}, columns);
  const auto by_column = put_on_grid(weights, 1, kGridsOfFour[0]).value();
  EXPECT_EQ(by_column.scales, put_on_grid(turned, 0, kGridsOfFour[0]).value().scales);
  EXPECT_DOUBLE_EQ(squared_error(weights, by_column, 1),
                   squared_error(turned, put_on_grid(turned, 0, kGridsOfFour[0]).value()));
}

TEST(WeightGrid, refuses_what_it_cannot_put_there) {
  const Tensor weights = trained_weights(1);
  EXPECT_FALSE(put_on_grid(weights, 0, {16}));
  EXPECT_FALSE(put_on_grid(weights, 4, {8}));
  EXPECT_FALSE(put_on_grid(Tensor::of<float>({0, 3}, {}), 0, {8}));
  const std::array bad = {1.0F, std::numeric_limits<float>::quiet_NaN()};
  EXPECT_FALSE(put_on_grid(Tensor::of<float>({2, 1}, bad), 0, {4}));
}

}  // namespace
}  // namespace pare::engine
