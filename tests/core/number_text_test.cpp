// Numbers as people read them.
#include "core/number_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace pare {
namespace {

TEST(NumberText, numbers_keep_three_digits_that_matter) {
  EXPECT_EQ(milliseconds(6.0312), "6.03");
  EXPECT_EQ(milliseconds(71.94), "71.9");
  EXPECT_EQ(milliseconds(123.4), "123");
  EXPECT_EQ(percent_points(0.33379), "33.38");
  EXPECT_EQ(byte_size(7869123), "7.50 MiB");
  EXPECT_EQ(byte_size(12), "12 B");
  EXPECT_EQ(count_text(4.5e9), "4.50 G");
  EXPECT_EQ(duration_text(59.4), "59 s");
  EXPECT_EQ(duration_text(185), "3 min 05 s");
  EXPECT_EQ(duration_text(3725), "1 h 02 min");
  EXPECT_EQ(duration_text(-1), "0 s");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(12345), "12.3 k");
  EXPECT_EQ(byte_size(1536), "1.5 KiB");
  EXPECT_EQ(short_sha("0123456789abcdef"), "0123456789");
}

TEST(NumberText, the_largest_number_has_a_text_too) {
  EXPECT_GT(milliseconds(std::numeric_limits<double>::max()).size(), 300U);
}

}  // namespace
}  // namespace pare
