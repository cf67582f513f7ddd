#include "engine/pipeline/output_shares.h"

#include <gtest/gtest.h>

#include <numeric>

namespace pare::engine {
namespace {

// Of a head with tensors of these channels on each of `levels` maps.
Detector detector_with(const std::string& head, const std::vector<int>& channels, int levels,
                       int classes, int bins = 0, std::size_t anchors = 0) {
  Detector detector;
  detector.head.head = head;
  detector.head.classes = classes;
  detector.head.bins = bins;
  for (int l = 0; l < levels; ++l) {
    HeadLevel level;
    level.anchors.resize(anchors);
    for (std::size_t t = 0; t < channels.size(); ++t) {
      const std::string name = "t" + std::to_string(l) + std::to_string(t);
      level.tensors.push_back(name);
      detector.body.outputs.push_back({name, DType::kFloat32, {1, channels[t], 4, 4}});
      detector.observed.shapes[name] = {1, channels[t], 4, 4};
    }
    detector.head.levels.push_back(std::move(level));
  }
  return detector;
}

Detector yolov5() {
  return detector_with("yolov5", {255}, 3, 80, 0, 3);
}

Detector yolox() {
  return detector_with("yolox", {4, 1, 80}, 3, 80);
}

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

// yolov5: 3 anchors of (4 + 1 + 80) in one tensor; yolox: three tensors.  The same detector, said
// in two ways.
TEST(OutputShares, roles_count_the_same_in_one_tensor_and_in_several) {
  const auto joined = output_shares(yolov5());
  const auto apart = output_shares(yolox());
  double box = 0;
  for (std::size_t anchor = 0; anchor < 3; ++anchor) {
    for (std::size_t c = 0; c < 4; ++c) box += joined.at("t00")[85 * anchor + c];
  }
  EXPECT_NEAR(sum(joined.at("t00")), 1.0 / 3, 1e-12);
  EXPECT_NEAR(box, sum(apart.at("t00")), 1e-12);
  EXPECT_NEAR(sum(apart.at("t00")), 4 * sum(apart.at("t01")), 1e-12);
  EXPECT_NEAR(sum(apart.at("t02")), sum(apart.at("t01")), 1e-12);
}

TEST(OutputShares, scores_before_distances_are_told_apart) {
  const auto joined = output_shares(detector_with("nanodet", {80 + 4 * 8}, 4, 80, 8));
  const auto apart = output_shares(detector_with("nanodet", {80, 4 * 8}, 4, 80, 8));
  EXPECT_NEAR(joined.at("t00")[0], apart.at("t00")[0], 1e-12);
  EXPECT_NEAR(joined.at("t00")[111], apart.at("t01")[0], 1e-12);
  EXPECT_NEAR(sum(apart.at("t01")), 4 * sum(apart.at("t00")), 1e-12);
}

TEST(OutputShares, outputs_that_are_not_understood_count_the_same) {
  const auto shares = output_shares(detector_with("raw", {4, 12}, 2, 0));
  for (const auto& [tensor, of_channel] : shares) EXPECT_NEAR(sum(of_channel), 0.25, 1e-12);
}

TEST(OutputShares, all_sum_to_one) {
  for (const Detector& detector :
       {yolov5(), yolox(), detector_with("nanodet", {80, 16}, 3, 80, 4),
        detector_with("yolov8", {64, 80}, 3, 80, 16), detector_with("ssd", {6, 12}, 4, 1, 0, 3),
        detector_with("fastestdet", {1, 4, 80}, 1, 80), detector_with("raw", {7}, 3, 0)}) {
    double total = 0;
    for (const auto& [tensor, of_channel] : output_shares(detector)) total += sum(of_channel);
    EXPECT_NEAR(total, 1, 1e-12) << detector.head.head;
  }
}

TEST(OutputShares, every_channel_of_a_head_that_is_known_counts) {
  for (const Detector& detector : {yolov5(), yolox(), detector_with("nanodet", {80 + 16}, 3, 80, 4),
                                   detector_with("fastestdet", {1, 4, 80}, 1, 80)}) {
    for (const auto& [tensor, of_channel] : output_shares(detector)) {
      for (const double share : of_channel) EXPECT_GT(share, 0) << detector.head.head;
    }
  }
}

}  // namespace
}  // namespace pare::engine
