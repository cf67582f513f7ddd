#include "engine/detect/bootstrap.h"

#include <gtest/gtest.h>

#include <random>

#include "core/check.h"

namespace pare::engine {
namespace {

constexpr int kImages = 60;
constexpr int kClasses = 3;

std::vector<ImageGroundTruth> truth() {
  std::vector<ImageGroundTruth> images;
  for (int i = 0; i < kImages; ++i) {
    ImageGroundTruth image{.image_id = i, .boxes = {}};
    for (int c = 0; c < 2; ++c) {
      image.boxes.push_back({{100.0 * c, 0, 40, 40}, 1600, false, (i + c) % 2});
    }
    images.push_back(image);
  }
  return images;
}

// Finds each box with probability `hit`, and nothing of class `blind`.
CocoEvaluation model(double hit, int blind, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<ImageDetections> found;
  for (const ImageGroundTruth& image : truth()) {
    ImageDetections here{.image_id = image.image_id, .detections = {}};
    for (const GroundTruthBox& g : image.boxes) {
      const double luck = static_cast<double>(random() >> 11) * 0x1.0p-53;
      const bool seen = luck < hit && g.category != blind;
      if (seen) here.detections.push_back({g.box, 0.5 + luck / 4, g.category});
    }
    found.push_back(here);
  }
  auto made = CocoEvaluation::make(truth(), found, kClasses);
  PARE_CHECK(made.has_value(), "the test's own data");
  return std::move(made).value();
}

TEST(Bootstrap, a_model_against_itself_differs_by_nothing_in_every_draw) {
  const auto same = paired_bootstrap(model(0.7, -1, 1), model(0.7, -1, 1), {.resamples = 50});
  ASSERT_TRUE(same) << same.error().message;
  const Interval all = same.value().by_area[0];
  EXPECT_TRUE(all.present);
  EXPECT_EQ(all.value, 0);
  EXPECT_EQ(all.low, 0);
  EXPECT_EQ(all.high, 0);
  EXPECT_TRUE(same.value().lost_classes.empty());
}

TEST(Bootstrap, a_worse_model_has_its_interval_below_zero_around_the_difference) {
  const auto worse = paired_bootstrap(model(0.9, -1, 1), model(0.5, -1, 2), {.resamples = 300});
  ASSERT_TRUE(worse);
  const Interval all = worse.value().by_area[0];
  EXPECT_LT(all.low, all.value);
  EXPECT_LT(all.value, all.high);
  EXPECT_LT(all.high, 0);
  EXPECT_NEAR(all.value, -0.4, 0.15);
  EXPECT_EQ(worse.value().images, kImages);
}

TEST(Bootstrap, sizes_and_classes_without_ground_truth_are_absent) {
  const auto pair = paired_bootstrap(model(0.9, -1, 1), model(0.5, -1, 2), {.resamples = 20});
  ASSERT_TRUE(pair);
  EXPECT_FALSE(pair.value().by_area[static_cast<std::size_t>(AreaRange::kSmall)].present);
  EXPECT_TRUE(pair.value().by_area[static_cast<std::size_t>(AreaRange::kMedium)].present);
  ASSERT_EQ(pair.value().by_class.size(), 3U);
  EXPECT_TRUE(pair.value().by_class[1].present);
  EXPECT_FALSE(pair.value().by_class[2].present);
}

TEST(Bootstrap, a_class_that_is_lost_is_named) {
  const auto pair = paired_bootstrap(model(0.9, -1, 1), model(0.9, 1, 1), {.resamples = 20});
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair.value().lost_classes, (std::vector{1}));
  EXPECT_EQ(pair.value().by_class[0].value, 0);
  EXPECT_LT(pair.value().by_class[1].high, -0.5);
}

TEST(Bootstrap, the_seed_decides_the_interval_and_nothing_else_does) {
  const CocoEvaluation one = model(0.6, -1, 3);
  const auto first = bootstrap_map(one, {.resamples = 40, .seed = 5});
  const auto again = bootstrap_map(one, {.resamples = 40, .seed = 5});
  const auto other = bootstrap_map(one, {.resamples = 40, .seed = 6});
  ASSERT_TRUE(first && again && other);
  EXPECT_EQ(first.value().low, again.value().low);
  EXPECT_EQ(first.value().high, again.value().high);
  EXPECT_NE(first.value().low, other.value().low);
  EXPECT_EQ(first.value().value, other.value().value);
}

// Binomial: a share p of n boxes has a standard error of sqrt(p (1 - p) / n); n = 120 here.
TEST(Bootstrap, the_interval_is_as_wide_as_theory_says) {
  const auto wide = bootstrap_map(model(0.6, -1, 3), {.resamples = 1000});
  ASSERT_TRUE(wide);
  const double width = wide.value().high - wide.value().low;
  EXPECT_NEAR(width, 2 * 1.96 * 0.0447, 0.04);
}

// At alpha 0.9 the ends are the quantiles 0.45 and 0.55, on both sides of the middle.
TEST(Bootstrap, half_of_alpha_lies_on_each_side) {
  const auto narrow = bootstrap_map(model(0.6, -1, 3), {.resamples = 1000, .alpha = 0.9});
  const auto wide = bootstrap_map(model(0.6, -1, 3), {.resamples = 1000, .alpha = 0.05});
  ASSERT_TRUE(narrow && wide);
  EXPECT_LT(narrow.value().low, narrow.value().high);
  const double below = narrow.value().low - wide.value().low;
  const double above = wide.value().high - narrow.value().high;
  EXPECT_GT(below, 0.05);
  EXPECT_GT(above, 0.05);
}

TEST(Bootstrap, what_cannot_be_compared_is_refused) {
  const CocoEvaluation good = model(0.5, -1, 1);
  const auto empty = CocoEvaluation::make(std::vector<ImageGroundTruth>{{1, {}}}, {}, kClasses);
  ASSERT_TRUE(empty);
  EXPECT_EQ(bootstrap_map(empty.value(), {}).error().message,
            "bootstrap: none of 1 images has ground truth");
  EXPECT_EQ(bootstrap_map(good, {.resamples = 0}).error().message, "bootstrap: resamples 0");
  EXPECT_EQ(bootstrap_map(good, {.alpha = 1}).error().message,
            "bootstrap: alpha 1.000000 is not between 0 and 1");
  EXPECT_EQ(paired_bootstrap(good, empty.value(), {}).error().message,
            "bootstrap: A has 60 images and 3 categories, B 1 and 3, and they must be the same "
            "ones");
}

}  // namespace
}  // namespace pare::engine
