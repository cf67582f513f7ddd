#include "engine/detect/half_samples.h"

#include <gtest/gtest.h>

#include <random>

#include "core/check.h"
#include "core/half_samples.h"
#include "tests/simulation/map_experiments.h"

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

constexpr double kAlpha = 0.05;

TEST(HalfSamples, a_model_against_itself_differs_by_nothing_in_every_draw) {
  const auto same = paired_intervals(model(0.7, -1, 1), model(0.7, -1, 1), kAlpha, {});
  ASSERT_TRUE(same) << same.error().message;
  const Interval all = same.value().by_area[0];
  EXPECT_TRUE(all.present);
  EXPECT_EQ(all.value, 0);
  EXPECT_EQ(all.low, 0);
  EXPECT_EQ(all.high, 0);
  EXPECT_TRUE(same.value().lost_classes.empty());
}

TEST(HalfSamples, a_worse_model_has_its_interval_below_zero_around_the_difference) {
  const auto worse = paired_intervals(model(0.9, -1, 1), model(0.5, -1, 2), kAlpha, {});
  ASSERT_TRUE(worse);
  const Interval all = worse.value().by_area[0];
  EXPECT_NEAR(all.value, (all.low + all.high) / 2, 1e-12);
  EXPECT_LT(all.high, 0);
  EXPECT_NEAR(all.value, -0.4, 0.15);
  EXPECT_EQ(worse.value().images, kImages);
}

TEST(HalfSamples, sizes_and_classes_without_ground_truth_are_absent) {
  const auto pair = paired_intervals(model(0.9, -1, 1), model(0.5, -1, 2), kAlpha, {});
  ASSERT_TRUE(pair);
  EXPECT_FALSE(pair.value().by_area[static_cast<std::size_t>(AreaRange::kSmall)].present);
  EXPECT_TRUE(pair.value().by_area[static_cast<std::size_t>(AreaRange::kMedium)].present);
  ASSERT_EQ(pair.value().by_class.size(), 3U);
  EXPECT_TRUE(pair.value().by_class[1].present);
  EXPECT_FALSE(pair.value().by_class[2].present);
}

TEST(HalfSamples, a_class_that_is_lost_is_named) {
  const auto pair = paired_intervals(model(0.9, -1, 1), model(0.9, 1, 1), kAlpha, {});
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair.value().lost_classes, (std::vector{1}));
  EXPECT_EQ(pair.value().by_class[0].value, 0);
  EXPECT_LT(pair.value().by_class[1].high, -0.5);
}

TEST(HalfSamples, the_seed_decides_the_draws_and_nothing_else_does) {
  const CocoEvaluation one = model(0.6, -1, 3);
  const auto first = half_sample_draws(one, {.seed = 5});
  const auto again = half_sample_draws(one, {.seed = 5});
  const auto other = half_sample_draws(one, {.seed = 6});
  ASSERT_TRUE(first && again && other);
  EXPECT_EQ(first.value().size(), 80U);
  EXPECT_EQ(first.value(), again.value());
  EXPECT_NE(first.value(), other.value());
}

// Binomial: a share p of n boxes has a standard error of sqrt(p (1 - p) / n); n = 120 here.
TEST(HalfSamples, the_interval_is_as_wide_as_theory_says) {
  const auto draws = half_sample_draws(model(0.6, -1, 3), {.pairs = 500});
  ASSERT_TRUE(draws);
  const auto wide = interval_of(0.6, draws.value(), kAlpha);
  const auto narrow = interval_of(0.6, draws.value(), 0.5);
  ASSERT_TRUE(wide && narrow);
  EXPECT_NEAR(wide->high - wide->low, 2 * 1.96 * 0.0447, 0.04);
  EXPECT_NEAR((narrow->high - narrow->low) / (wide->high - wide->low), 0.6745 / 1.96, 1e-3);
}

// Of 400 intervals of which 95 % hold, 20 do not, give or take 4.4; 32 are two and three quarters
// above.  On each side 10 are expected, give or take 3.2: 19 are.
TEST(HalfSamples, intervals_of_an_mAP_and_of_a_loss_hold_in_95_of_100_experiments_on_both_sides) {
  const simulation::Population population;
  const auto truth = simulation::map_truth(population, 100'000);
  const auto found = simulation::map_coverage(population, truth, 128, 400, 1);
  for (const auto& coverage : {found.map, found.loss}) {
    EXPECT_GE(coverage.held, 0.92);
    EXPECT_LE(coverage.below, 19.0 / 400);
    EXPECT_LE(coverage.above, 19.0 / 400);
  }
}

// Half of these classes have a box or two, which flatters them more than their halves can show: the
// halves' own mean leaves the truth below 18 of 100 intervals.
TEST(HalfSamples, intervals_hold_where_most_classes_are_rare) {
  const simulation::Population population{
      .classes = 80, .objects = 7, .rarity = 1, .false_alarms = 7};
  const auto truth = simulation::map_truth(population, 60'000);
  const auto found = simulation::map_coverage(population, truth, 128, 80, 1);
  EXPECT_GE(found.map.held, 0.9);
  EXPECT_GE(found.loss.held, 0.9);
}

TEST(HalfSamples, are_moved_together_for_what_few_boxes_add) {
  const CocoEvaluation one = model(0.6, -1, 3);
  const auto raw = half_sample_draws(one, {}).value();
  const auto levelled = levelled_half_sample_draws(one, {}).value();
  ASSERT_EQ(levelled.size(), raw.size());
  for (std::size_t i = 1; i < raw.size(); ++i) {
    EXPECT_NEAR(levelled[i] - raw[i], levelled[0] - raw[0], 1e-12);
  }
}

// A class of one image is in one half only: how it would do on other images nobody can say.
TEST(HalfSamples, a_class_that_is_never_in_both_halves_has_no_interval) {
  std::vector<ImageGroundTruth> images = truth();
  images[0].boxes.push_back({{300, 0, 40, 40}, 1600, false, 2});
  const auto made = CocoEvaluation::make(images, {}, kClasses);
  ASSERT_TRUE(made);
  const auto pair = paired_intervals(made.value(), made.value(), kAlpha, {});
  ASSERT_TRUE(pair);
  EXPECT_FALSE(pair.value().by_class[2].present);
  EXPECT_TRUE(pair.value().by_class[1].present);
}

TEST(HalfSamples, one_image_cannot_be_halved_and_the_mean_of_two_pairs_is_the_whole) {
  EXPECT_TRUE(half_sample_means(std::vector{0.5}, {}).value().empty());
  const auto draws = half_sample_means(std::vector{0.1, 0.4, 0.3, 0.8}, {.pairs = 3});
  ASSERT_TRUE(draws);
  for (std::size_t i = 0; i < 6; i += 2) {
    EXPECT_NEAR((draws.value()[i] + draws.value()[i + 1]) / 2, 0.4, 1e-12);
  }
  const auto interval = interval_of(0.4, draws.value(), kAlpha);
  ASSERT_TRUE(interval);
  EXPECT_NEAR((interval->low + interval->high) / 2, 0.4, 1e-12);
}

TEST(HalfSamples, what_cannot_be_compared_is_refused) {
  const CocoEvaluation good = model(0.5, -1, 1);
  const auto empty = CocoEvaluation::make(std::vector<ImageGroundTruth>{{1, {}}}, {}, kClasses);
  ASSERT_TRUE(empty);
  EXPECT_EQ(half_sample_draws(empty.value(), {}).error().message,
            "half samples: none of 1 images has ground truth");
  EXPECT_EQ(half_sample_draws(good, {.pairs = 0}).error().message, "half samples: pairs 0");
  EXPECT_EQ(paired_intervals(good, empty.value(), kAlpha, {}).error().message,
            "half samples: A has 60 images and 3 categories, B 1 and 3, and they must be the same "
            "ones");
}

}  // namespace
}  // namespace pare::engine
