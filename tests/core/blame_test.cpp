#include "core/blame.h"

#include <gtest/gtest.h>

namespace pare {
namespace {

using std::chrono::seconds;

TEST(Blame, an_attempt_is_burnt_by_the_candidate_alone) {
  struct Row {
    ErrorCode code;
    Burden burden;
  };
  const Row table[] = {
      {ErrorCode::kInvalidArgument, Burden::kFinal},
      {ErrorCode::kNotFound, Burden::kFinal},
      {ErrorCode::kConflict, Burden::kFinal},
      {ErrorCode::kUnsupported, Burden::kFinal},
      {ErrorCode::kUnavailable, Burden::kWaits},
      {ErrorCode::kDeadlineExceeded, Burden::kBurns},
      {ErrorCode::kResourceExhausted, Burden::kWaits},
      {ErrorCode::kInternal, Burden::kBurns},
  };
  EXPECT_EQ(std::size(table), kErrorCodes.size()) << "a code without a row";
  for (const Row& row : table) {
    EXPECT_EQ(burden_of(row.code), row.burden) << name_of(row.code);
  }
}

TEST(Blame, a_wait_doubles_from_two_seconds_to_a_minute) {
  const int expected[] = {2, 4, 8, 16, 32, 60, 60};
  for (int n = 1; n <= 7; ++n) EXPECT_EQ(wait_before(n), seconds(expected[n - 1])) << n;
  EXPECT_EQ(wait_before(1'000'000), seconds(60));
  EXPECT_EQ(wait_before(0), seconds(2));
}

}  // namespace
}  // namespace pare
