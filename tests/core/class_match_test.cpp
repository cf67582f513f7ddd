#include "core/class_match.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pare {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ClassMatch, names_go_by_their_spelling_first_and_then_without_case_blanks_and_punctuation) {
  const auto match = match_classes({"Missing_hole", "mouse-bite", "short"}, 3,
                                   {"mouse bite", "short", "missing_hole"});
  ASSERT_TRUE(match) << match.error().message;
  EXPECT_THAT(match.value().category_of, ElementsAre(2, 0, 1));
  EXPECT_THAT(
      match.value().notes,
      ElementsAre(HasSubstr("\"Missing_hole\" of the model is taken for category \"missing_hole\""),
                  HasSubstr("\"mouse-bite\" of the model is taken for category \"mouse bite\"")));
}

TEST(ClassMatch, a_spelling_that_leaves_a_choice_matches_nothing) {
  const auto match = match_classes({"t shirt", "cat"}, 2, {"T-Shirt", "tshirt", "cat"});
  ASSERT_TRUE(match);
  EXPECT_THAT(match.value().category_of, ElementsAre(-1, 2));
  const auto exact = match_classes({"tshirt", "T Shirt"}, 2, {"T-Shirt", "tshirt"});
  EXPECT_THAT(exact.value().category_of, ElementsAre(1, 0))
      << "the exact one is no choice any more";
}

TEST(ClassMatch, what_is_left_over_on_either_side_is_said) {
  const auto match = match_classes({"crack", "dust"}, 2, {"crack", "short", "void"});
  ASSERT_TRUE(match);
  EXPECT_THAT(
      match.value().notes,
      ElementsAre("no class of the model is called \"short\", \"void\" (2 of 3 categories): "
                  "all their boxes count as missed",
                  "no category of the dataset is called \"dust\" (1 of 2 classes): what the "
                  "model finds of them is left out"));
}

TEST(ClassMatch, names_of_which_none_fits_are_refused_with_both_sides) {
  const auto match = match_classes({"defect crack"}, 1, {"crack", "short"});
  ASSERT_FALSE(match);
  EXPECT_EQ(match.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(match.error().message,
              HasSubstr("classes \"defect crack\", categories \"crack\", \"short\""));
  EXPECT_FALSE(match_classes({"--"}, 1, {"__"})) << "nothing is left of either name";
}

TEST(ClassMatch, without_names_classes_go_by_number_if_there_are_as_many) {
  EXPECT_THAT(match_classes({}, 2, {"crack", "short"}).value().category_of, ElementsAre(0, 1));
  EXPECT_THAT(match_classes({}, 80, {"crack", "short"}).error().message,
              HasSubstr("the model has 80 classes and no names, the dataset has 2 categories"));
}

}  // namespace
}  // namespace pare
