#include "engine/pipeline/agreement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "engine/pipeline/comparison.h"

namespace pare::engine {
namespace {

using ::testing::HasSubstr;
using Values = std::vector<float>;

TEST(Agreement, is_one_for_equal_outputs_and_zero_for_opposite_or_missing_ones) {
  const Values some = {1, -2, 3};
  EXPECT_EQ(agreement(some, some), 1);
  EXPECT_EQ(agreement(some, Values{-1, 2, -3}), 0);
  EXPECT_EQ(agreement(some, Values{0, 0, 0}), 0);
  EXPECT_EQ(agreement(Values{0, 0}, Values{0, 0}), 1);
}

// |c - t| = 5, |t| = 10, |c| = 5
TEST(Agreement, is_one_less_the_distance_over_both_norms) {
  EXPECT_DOUBLE_EQ(agreement(Values{6, 8}, Values{3, 4}), 1 - 5.0 / 15.0);
}

TEST(Agreement, lies_in_the_unit_interval_is_symmetric_and_ignores_the_scale) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  for (int i = 0; i < 100; ++i) {
    Values t(7), c(7), t8(7), c8(7);
    for (std::size_t k = 0; k < 7; ++k) {
      t[k] = normal(random);
      c[k] = normal(random);
      t8[k] = 8 * t[k];
      c8[k] = 8 * c[k];
    }
    const double found = agreement(t, c);
    EXPECT_GE(found, 0);
    EXPECT_LE(found, 1);
    EXPECT_DOUBLE_EQ(found, agreement(c, t));
    EXPECT_NEAR(found, agreement(t8, c8), 1e-12);
  }
}

TEST(Agreement, of_a_value_that_is_not_finite_is_none) {
  EXPECT_EQ(agreement(Values{1, 2}, Values{1, std::nanf("")}), 0);
  EXPECT_EQ(agreement(Values{1, 2}, Values{1, std::numeric_limits<float>::infinity()}), 0);
}

TEST(Agreement, a_value_that_is_not_finite_in_the_original_either_is_left_out) {
  const float nan = std::nanf("");
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(agreement(Values{1, nan, -infinity}, Values{1, nan, -infinity}), 1);
  EXPECT_EQ(agreement(Values{1, infinity}, Values{1, -infinity}), 0);
  EXPECT_EQ(agreement(Values{1, nan}, Values{1, 2}), 0);
}

TEST(Agreement, of_each_image_survives_the_file) {
  const auto read = parse_agreements(agreements_to_json({{7, 0.25}, {9, 1}}));
  ASSERT_TRUE(read);
  ASSERT_EQ(read.value().size(), 2U);
  EXPECT_EQ(read.value()[1].image_id, 9);
  EXPECT_EQ(read.value()[0].value, 0.25);
  EXPECT_THAT(parse_agreements("[{}]").error().message, HasSubstr("cannot be read"));
}

TEST(CompareAgreement, two_candidates_are_judged_on_the_same_images) {
  std::vector<ImageAgreement> a;
  std::vector<ImageAgreement> b;
  for (int i = 0; i < 50; ++i) {
    a.push_back({i, 0.9 + 0.001 * (i % 7)});
    b.push_back({i, 0.8 + 0.001 * (i % 5)});
  }
  const auto worse = compare_agreement(a, b, 0.005, 0.05, 1);
  ASSERT_TRUE(worse);
  EXPECT_EQ(worse.value().verdict, AccuracyVerdict::kWorse);
  EXPECT_EQ(worse.value().labels, LabelSource::kRawOutputs);
  EXPECT_LT(worse.value().low, worse.value().delta);
  EXPECT_EQ(compare_agreement(a, a, 0.005, 0.05, 1).value().verdict, AccuracyVerdict::kNotWorse);
  b.pop_back();
  EXPECT_THAT(compare_agreement(a, b, 0.005, 0.05, 1).error().message,
              HasSubstr("A has agreements of 50 images, B of 49"));
}

TEST(Sentence, says_what_the_accuracy_is) {
  AccuracyAb accuracy;
  EXPECT_THAT(sentence_of({}, accuracy, 0.05, {}), HasSubstr("0.0 mAP points above"));
  accuracy.labels = LabelSource::kTeacher;
  EXPECT_THAT(sentence_of({}, accuracy, 0.05, {}), HasSubstr("0.0 teacher mAP points above"));
  accuracy.labels = LabelSource::kRawOutputs;
  EXPECT_THAT(sentence_of({}, accuracy, 0.05, {}),
              HasSubstr("0.0 points of agreement with the original above"));
}

}  // namespace
}  // namespace pare::engine
