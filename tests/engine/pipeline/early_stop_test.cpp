#include "engine/pipeline/early_stop.h"

#include <gtest/gtest.h>

#include <random>

namespace pare::engine {
namespace {

// Images of three boxes; a detector finds each with its own probability, a little off.
class EarlyStopTest : public testing::Test {
 protected:
  explicit EarlyStopTest(int images = 64) {
    dataset.labelled = true;
    dataset.categories = {{1, "crack"}, {2, "dent"}};
    for (int i = 1; i <= images; ++i) {
      ImageGroundTruth truth{i, {}};
      for (int b = 0; b < 3; ++b) {
        truth.boxes.push_back(
            {.box = {40.0 * b, 10, 20, 20}, .area = 400, .crowd = false, .category = b % 2});
      }
      dataset.ground_truth.push_back(truth);
    }
  }

  std::vector<ImageDetections> found(double share, unsigned seed, std::size_t images = 64) const {
    std::mt19937 rng(seed);
    std::uniform_real_distribution<double> uniform;
    std::vector<ImageDetections> out;
    for (std::size_t i = 0; i < images; ++i) {
      ImageDetections image{dataset.ground_truth[i].image_id, {}};
      for (const GroundTruthBox& truth : dataset.ground_truth[i].boxes) {
        const double luck = uniform(rng);
        if (luck < share) image.detections.push_back({truth.box, 1 - luck / 2, truth.category});
      }
      out.push_back(image);
    }
    return out;
  }

  Dataset dataset;
};

TEST_F(EarlyStopTest, a_candidate_that_is_far_behind_is_stopped_and_what_it_would_reach_is_said) {
  const EarlyStop stop(dataset, {found(0.9, 1)});
  const auto look = stop.look(found(0.4, 2, 16));
  ASSERT_TRUE(look.has_value()) << look.error().message;
  ASSERT_TRUE(look.value().has_value());
  EXPECT_NEAR(*look.value(), 0.4, 0.15);
}

TEST_F(EarlyStopTest, one_that_is_as_good_or_better_goes_on) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const EarlyStop stop(dataset, {found(0.6, seed)});
    EXPECT_FALSE(stop.look(found(0.9, seed + 100, 16)).value().has_value()) << seed;
    EXPECT_FALSE(stop.look(found(0.6, seed, 16)).value().has_value()) << "the rival itself";
  }
}

TEST_F(EarlyStopTest, equals_are_rarely_stopped) {
  int stopped = 0;
  for (unsigned seed = 1; seed <= 100; ++seed) {
    const EarlyStop stop(dataset, {found(0.6, seed)});
    stopped += stop.look(found(0.6, seed + 1000, 32)).value().has_value() ? 1 : 0;
  }
  EXPECT_LE(stopped, 5);
}

TEST_F(EarlyStopTest, any_rival_will_do_and_none_stops_nothing) {
  const EarlyStop stop(dataset, {found(0.3, 1), found(0.9, 2)});
  EXPECT_TRUE(stop.look(found(0.4, 3, 32)).value().has_value());
  const EarlyStop none(dataset, {});
  EXPECT_FALSE(none.has_rivals());
  EXPECT_FALSE(none.look(found(0.1, 3, 32)).value().has_value());
}

TEST_F(EarlyStopTest, images_without_boxes_decide_nothing) {
  for (ImageGroundTruth& truth : dataset.ground_truth) truth.boxes.clear();
  const EarlyStop stop(dataset, {found(0.9, 1)});
  const auto look = stop.look(found(0.4, 2, 16));
  ASSERT_TRUE(look.has_value()) << look.error().message;
  EXPECT_FALSE(look.value().has_value());
}

}  // namespace
}  // namespace pare::engine
