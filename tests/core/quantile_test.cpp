#include "core/quantile.h"

#include <gtest/gtest.h>

#include <vector>

namespace pare {
namespace {

TEST(Quantile, is_linear_between_order_statistics_and_ends_at_the_extremes) {
  const std::vector<double> ascending{1, 2, 4, 8, 16};
  EXPECT_EQ(quantile(ascending, 0), 1);
  EXPECT_EQ(quantile(ascending, 0.5), 4);
  EXPECT_EQ(quantile(ascending, 0.875), 12);
  EXPECT_EQ(quantile(ascending, 1), 16);
  EXPECT_EQ(quantile(std::vector<double>{3}, 0.7), 3);
}

}  // namespace
}  // namespace pare
