#include "core/result.h"

#include <gtest/gtest.h>

namespace pare {
namespace {

TEST(ErrorCode, each_stands_in_the_table_at_its_own_place_and_is_found_by_its_name) {
  for (std::size_t i = 0; i < kErrorCodes.size(); ++i) {
    const ErrorCode code = kErrorCodes[i].code;
    EXPECT_EQ(static_cast<std::size_t>(code), i);
    EXPECT_EQ(error_code_named(name_of(code)), code);
    EXPECT_GE(error_code_facts(code).http_status, 400);
  }
  EXPECT_EQ(error_code_named("no_such_code"), std::nullopt);
}

TEST(ErrorCode, what_the_machine_lacks_may_come_back_and_a_bug_of_ours_does_not) {
  EXPECT_TRUE(is_retryable(ErrorCode::kUnavailable));
  EXPECT_TRUE(is_retryable(ErrorCode::kResourceExhausted));
  EXPECT_FALSE(is_retryable(ErrorCode::kInternal));
  EXPECT_FALSE(is_retryable(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace pare
