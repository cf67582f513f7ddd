#include "core/output_fingerprint.h"

#include <gtest/gtest.h>

namespace pare {
namespace {

const OutputFingerprint kScored = {{"boxes", {.mean = 100, .deviation = 50, .peak = 400}},
                                   {"scores", {.mean = 0.01, .deviation = 0.02, .peak = 0.9}}};

OutputFingerprint with(const std::string& output, const OutputMoments& moments) {
  OutputFingerprint made = kScored;
  made[output] = moments;
  return made;
}

TEST(OutputFingerprint, of_the_same_answers_does_not_differ_nor_by_what_rounding_moves) {
  EXPECT_EQ(difference_between(kScored, kScored), "");
  EXPECT_EQ(difference_between(kScored, with("boxes", {102, 49, 390})), "");
}

TEST(OutputFingerprint, says_which_moment_of_which_output_is_furthest) {
  EXPECT_EQ(difference_between(kScored, with("boxes", {125, 50, 400})),
            "the machine that timed it answers otherwise than the one that scored it, most of all "
            "in output \"boxes\": its mean is 50 % of its spread away");
  EXPECT_NE(difference_between(kScored, with("scores", {0.01, 0.01, 0.9})).find("deviation"),
            std::string::npos);
  EXPECT_NE(difference_between(kScored, with("scores", {0.01, 0.02, 0.4})).find("peak"),
            std::string::npos);
  EXPECT_NE(difference_between(kScored, with("scores", {0.01, 0.02, 0.9, 0.5})).find("finite"),
            std::string::npos);
}

TEST(OutputFingerprint, of_outputs_that_are_not_on_both_sides_says_nothing) {
  EXPECT_EQ(difference_between(kScored, {}), "");
  EXPECT_EQ(difference_between({}, kScored), "");
  EXPECT_EQ(difference_between(kScored, {{"other", {1, 2, 3}}}), "");
}

TEST(OutputFingerprint, of_a_constant_output_that_moved_differs) {
  EXPECT_NE(
      difference_between({{"flat", {.mean = 1, .peak = 1}}}, {{"flat", {.mean = 2, .peak = 2}}}),
      "");
}

}  // namespace
}  // namespace pare
