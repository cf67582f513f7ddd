#include "engine/graph/layout.h"

#include <gtest/gtest.h>

#include <numeric>

namespace pare::engine {
namespace {

Layout channels(int axis, std::vector<Symbol> symbols) {
  return {{axis}, std::move(symbols)};
}

std::vector<Symbol> counted(std::size_t count) {
  std::vector<Symbol> symbols(count);
  std::iota(symbols.begin(), symbols.end(), 1U);
  return symbols;
}

TEST(Layout, a_channel_shuffle_interleaves_the_halves) {
  const Shape whole{1, 6, 4, 5}, halves{1, 2, 3, 4, 5}, turned{1, 3, 2, 4, 5};
  const Layout split = reshape(channels(1, counted(6)), whole, halves).value();
  EXPECT_EQ(split.axes, (std::vector<int>{1, 2}));
  const Layout mixed = transpose(split, halves, std::vector<int>{0, 2, 1, 3, 4});
  EXPECT_EQ(reshape(mixed, turned, whole).value(), channels(1, {1, 4, 2, 5, 3, 6}));
}

TEST(Layout, a_flattened_map_repeats_each_channel_for_every_position) {
  const Layout flat = reshape(channels(1, {1, 2, 3}), {1, 3, 1, 2}, {1, 6}).value();
  EXPECT_EQ(flat, channels(1, {1, 1, 2, 2, 3, 3}));
  EXPECT_EQ(reshape(flat, {1, 6}, {1, 3, 2, 1}).value(), channels(1, {1, 2, 3}));
}

TEST(Layout, dimensions_of_one_come_and_go_without_moving_channels) {
  EXPECT_EQ(reshape(channels(1, {1, 2}), {1, 2, 1, 1}, {1, 2}).value(), channels(1, {1, 2}));
  EXPECT_EQ(reshape(channels(1, {1, 2}), {1, 2}, {1, 1, 2, 1}).value(), channels(2, {1, 2}));
}

TEST(Layout, a_reshape_that_does_not_hold_the_same_elements_is_refused) {
  const auto refused = reshape(channels(1, {1, 2}), {1, 2}, {1, 3});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "it turns 1x2 into 1x3");
}

TEST(Layout, concatenation_fills_in_fixed_channels) {
  const std::vector<Layout> inputs{channels(1, {1, 2}), Layout{}};
  const std::vector<Shape> shapes{{1, 2, 3}, {1, 1, 3}};
  EXPECT_EQ(concatenate(inputs, shapes, 1), channels(1, {1, 2, kFixed}));
}

TEST(Layout, taking_indices_along_one_of_two_axes_keeps_the_other) {
  const Layout grid{{0, 1}, {1, 2, 3, 4, 5, 6}};
  const std::vector<std::int64_t> second{1};
  EXPECT_EQ(take(grid, {2, 3}, 0, second), (Layout{{0, 1}, {4, 5, 6}}));
  EXPECT_EQ(take(grid, {2, 3}, 1, second), (Layout{{0, 1}, {2, 5}}));
}

TEST(Layout, selecting_rows_of_a_tensor_copies_whole_rows) {
  const std::vector<float> values{0, 1, 2, 3, 4, 5};
  const Tensor tensor = Tensor::of<float>({3, 2}, values);
  const std::vector<std::int64_t> rows{2, 0}, column{1};
  EXPECT_EQ(select(tensor, 0, rows), Tensor::of<float>({2, 2}, std::vector<float>{4, 5, 0, 1}));
  EXPECT_EQ(select(tensor, 1, column), Tensor::of<float>({3, 1}, std::vector<float>{1, 3, 5}));
}

}  // namespace
}  // namespace pare::engine
