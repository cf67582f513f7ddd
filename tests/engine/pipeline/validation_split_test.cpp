#include "engine/pipeline/validation_split.h"

#include <gtest/gtest.h>

#include <set>

namespace pare::engine {
namespace {

Dataset dataset_of(int images) {
  Dataset dataset;
  dataset.labelled = true;
  for (int i = 1; i <= images; ++i) {
    DatasetImage image;
    image.id = 10 * i;
    dataset.validation.push_back(image);
    dataset.ground_truth.push_back({10 * i, {}});
  }
  return dataset;
}

std::set<std::int64_t> ids(const Dataset& dataset) {
  std::set<std::int64_t> out;
  for (const DatasetImage& image : dataset.validation) out.insert(image.id);
  return out;
}

TEST(ValidationSplit, every_image_is_in_one_part_with_its_boxes) {
  const Dataset whole = dataset_of(201);
  const auto [choosing, held_back] = split_validation(whole, 0.5);
  EXPECT_EQ(choosing.validation.size(), 100U);
  EXPECT_EQ(held_back.validation.size(), 101U);
  std::set<std::int64_t> both = ids(choosing);
  both.merge(ids(held_back));
  EXPECT_EQ(both, ids(whole));
  EXPECT_EQ(held_back.ground_truth.size(), 101U);
  for (const ImageGroundTruth& truth : held_back.ground_truth) {
    EXPECT_TRUE(ids(held_back).contains(truth.image_id));
  }
}

TEST(ValidationSplit, the_order_of_the_images_does_not_matter_and_a_share_of_none_keeps_all) {
  Dataset turned = dataset_of(50);
  std::reverse(turned.validation.begin(), turned.validation.end());
  EXPECT_EQ(ids(split_validation(turned, 0.3).held_back),
            ids(split_validation(dataset_of(50), 0.3).held_back));
  const auto [choosing, held_back] = split_validation(turned, 0);
  EXPECT_EQ(choosing.validation.size(), 50U);
  EXPECT_TRUE(held_back.validation.empty());
}

TEST(ValidationSplit, it_does_not_follow_the_order_in_which_images_were_taken) {
  const auto held_back = ids(split_validation(dataset_of(200), 0.5).held_back);
  const auto early = std::distance(held_back.begin(), held_back.lower_bound(1010));
  EXPECT_GT(early, 35);
  EXPECT_LT(early, 65);
}

TEST(ValidationSplit, detections_go_with_their_images) {
  const auto [choosing, held_back] = split_validation(dataset_of(4), 0.5);
  std::vector<ImageDetections> found;
  for (int i = 1; i <= 4; ++i) found.push_back({10 * i, {}});
  EXPECT_EQ(of_dataset(found, choosing).size(), 2U);
  EXPECT_EQ(of_dataset(found, held_back).size(), 2U);
}

}  // namespace
}  // namespace pare::engine
