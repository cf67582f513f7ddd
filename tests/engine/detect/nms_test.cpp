#include "engine/detect/nms.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace pare::engine {
namespace {

Detection at(double x, double score, int category = 0) {
  return {.box = {x, 0, 10, 10}, .score = score, .category = category};
}

std::vector<double> scores(const std::vector<Detection>& detections) {
  std::vector<double> all;
  for (const Detection& d : detections) all.push_back(d.score);
  return all;
}

TEST(Nms, a_box_goes_when_it_overlaps_a_better_one_by_more_than_the_threshold) {
  // Shifted by 5 of 10 pixels: 50 shared of 150, exactly one third.
  const std::vector<Detection> boxes = {at(0, 0.5), at(5, 0.9)};
  EXPECT_EQ(scores(nms(boxes, {.iou_threshold = 0.3})), (std::vector{0.9}));
  EXPECT_EQ(scores(nms(boxes, {.iou_threshold = 50.0 / 150.0})), (std::vector{0.9, 0.5}));
}

TEST(Nms, fast_suppression_lets_suppressed_boxes_suppress) {
  EXPECT_EQ(scores(nms({at(0, 0.9), at(4, 0.8), at(8, 0.7)},
                       {.iou_threshold = 0.4, .kind = NmsKind::kFast})),
            (std::vector{0.9}));
}

TEST(Nms, weighted_suppression_keeps_what_greedy_keeps_and_draws_it_to_what_went) {
  const std::vector<Detection> boxes = {at(0, 0.8), at(4, 0.4), at(40, 0.5)};
  const auto kept = nms(boxes, {.iou_threshold = 0.4, .kind = NmsKind::kWeighted});
  ASSERT_EQ(scores(kept), (std::vector{0.8, 0.5}));
  // Overlaps 1 and 60 of 140: (0.8 * 0 + 0.4 * 3/7 * 4) / (0.8 + 0.4 * 3/7).
  EXPECT_NEAR(kept[0].box.x, 0.4 * 3 / 7 * 4 / (0.8 + 0.4 * 3 / 7), 1e-12);
  EXPECT_NEAR(kept[0].box.width, 10, 1e-12);
  EXPECT_EQ(kept[1].box, at(40, 0.5).box);
}

TEST(Nms, soft_suppression_takes_score_and_no_box_that_keeps_some) {
  const std::vector<Detection> boxes = {at(0, 0.9), at(5, 0.8), at(100, 0.5)};  // a third
  const auto linear = nms(boxes, {.iou_threshold = 0.3, .kind = NmsKind::kSoftLinear});
  ASSERT_EQ(linear.size(), 3U);
  EXPECT_NEAR(linear[1].score, 0.8 * 2 / 3, 1e-12);
  EXPECT_EQ(linear[2].score, 0.5);
  const auto gaussian = nms(boxes, {.kind = NmsKind::kSoftGaussian, .sigma = 0.5});
  ASSERT_EQ(gaussian.size(), 3U);
  EXPECT_NEAR(gaussian[1].score, 0.8 * std::exp(-2.0 / 9), 1e-12);
  EXPECT_EQ(nms(boxes, {.iou_threshold = 0.3, .score_threshold = 0.6, .kind = NmsKind::kSoftLinear})
                .size(),
            1U);
}

// What is told apart by class, or does not overlap, is the same to all of them.
TEST(Nms, all_kinds_agree_where_nothing_overlaps) {
  std::vector<Detection> boxes;
  for (int i = 0; i < 40; ++i) boxes.push_back(at(i / 2 * 20, 0.02 * (i + 1), i % 2));
  const auto greedy = nms(boxes, {});
  EXPECT_EQ(greedy.size(), 40U);
  for (const auto& [kind, name] : kNmsKindNames) {
    const auto other = nms(boxes, {.kind = kind});
    EXPECT_EQ(scores(other), scores(greedy)) << name;
  }
}

TEST(Nms, a_suppressed_box_suppresses_nothing) {
  EXPECT_EQ(scores(nms({at(0, 0.9), at(4, 0.8), at(8, 0.7)}, {.iou_threshold = 0.4})),
            (std::vector{0.9, 0.7}));
}

TEST(Nms, classes_suppress_each_other_only_when_agnostic) {
  const std::vector<Detection> boxes = {at(0, 0.9, 0), at(1, 0.8, 1)};
  EXPECT_EQ(nms(boxes, {.class_aware = true}).size(), 2U);
  EXPECT_EQ(nms(boxes, {.class_aware = false}).size(), 1U);
}

TEST(Nms, of_equal_scores_the_earlier_candidate_wins) {
  const auto kept = nms({at(1, 0.5), at(0, 0.5)}, {});
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].box.x, 1);
}

TEST(Nms, a_score_at_the_threshold_and_a_number_that_is_not_finite_are_no_candidates) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  Detection wide = at(300, 0.9);
  wide.box.width = infinity;
  EXPECT_EQ(scores(nms({at(0, 0.01), at(100, nan), at(nan, 0.9), wide, at(200, 0.02)},
                       {.score_threshold = 0.01})),
            (std::vector{0.02}));
}

TEST(Nms, stopping_early_equals_suppressing_all_and_cutting_afterwards) {
  std::mt19937_64 random(7);
  std::vector<Detection> boxes;
  for (int i = 0; i < 400; ++i) {
    const auto number = random();
    boxes.push_back({.box = {double(number % 61), double(number / 61 % 61), 20, 20},
                     .score = double(number >> 40 & 63) / 64,
                     .category = int(number >> 50 & 3)});
  }
  auto all = nms(boxes, {.iou_threshold = 0.5, .max_detections = 400});
  ASSERT_GT(all.size(), 30U);
  all.resize(30);
  EXPECT_EQ(scores(nms(boxes, {.iou_threshold = 0.5, .max_detections = 30})), scores(all));
}

}  // namespace
}  // namespace pare::engine
