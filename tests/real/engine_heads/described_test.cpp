// Real detectors whose heads only a card describes: they find what they find by their own.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/passes/resize_input.h"
#include "tests/real/engine_heads/detector.h"

namespace pare::engine {
namespace {

using enum HeadFunction;
using enum HeadPart;
using test::unwrap;

HeadDescription yolox() {
  return {.strides = {8, 16, 32},
          .outputs =
              {{.columns = {{kBox, kNone, false}, {kObjectness, kSigmoid}, {kClasses, kSigmoid}}}},
          .box = {.from = BoxFrom::kCentreSize}};
}

HeadDescription yolov8() {
  return {
      .strides = {8, 16, 32},
      .outputs = {{.layout = HeadLayout::kColumnsFirst, .columns = {{kBox}, {kClasses, kSigmoid}}}},
      .box = {.held = BoxHeld::kCentreSize, .bins = 16, .origin = 0.5}};
}

HeadDescription yolov5() {
  return {.strides = {8, 16, 32},
          .boxes_per_cell = 3,
          .cells_first = false,
          .outputs = {{.columns = {{kBox}, {kObjectness, kSigmoid}, {kClasses, kSigmoid}}}},
          .box = {.from = BoxFrom::kCentreSize,
                  .unit = BoxUnit::kAnchor,
                  .held = BoxHeld::kCentreSize,
                  .centre = kSigmoid,
                  .size = kSquaredSigmoid}};
}

double largest_difference(const std::vector<Detection>& a, const std::vector<Detection>& b) {
  double worst = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    for (const double difference :
         {a[i].box.x - b[i].box.x, a[i].box.y - b[i].box.y, a[i].box.width - b[i].box.width,
          a[i].box.height - b[i].box.height, a[i].score - b[i].score}) {
      worst = std::max(worst, std::abs(difference));
    }
  }
  return worst;
}

std::vector<std::filesystem::path> images() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(test::kData / "coco/val")) {
    paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  paths.resize(8);
  return paths;
}

// At its own size and at a smaller one, on eight images.
void expect_the_same(const std::string& file, const HeadDescription& description) {
  SCOPED_TRACE(file);
  const Graph graph = unwrap(import_onnx_file(test::kData / "models" / file));
  const Observation seen = unwrap(observe(graph));
  const HeadMatch known = unwrap(find_head(graph, seen));
  const auto found = find_described_head(graph, seen, known.head, description);
  ASSERT_TRUE(found) << found.error().message;
  const HeadMatch& described = found.value();
  const auto height = static_cast<int>(graph.inputs[0].shape[2]);
  for (const int side : {height, height - 96}) {
    SCOPED_TRACE(side);
    const auto at_size = [&](const HeadMatch& match) {
      const Graph body = cut(graph, seen, match);
      return unwrap(
          attach_head(unwrap(resize_input(body, unwrap(observe(body)), side, side)), match));
    };
    const test::Detector by_head(at_size(known), known.head);
    test::Detector by_card(at_size(described), known.head);
    by_card.head = unwrap(head_for(known.head, described.description));
    std::size_t boxes = 0;
    for (const std::filesystem::path& path : images()) {
      const Image image = unwrap(read_image(path));
      const auto expected = by_head.detect(image, {.score_threshold = 0.25});
      const auto actual = by_card.detect(image, {.score_threshold = 0.25});
      ASSERT_EQ(actual.size(), expected.size());
      EXPECT_LT(largest_difference(actual, expected), 0.05);
      boxes += expected.size();
    }
    EXPECT_GT(boxes, 10U);
  }
}

TEST(RealDescribedHead, it_finds_what_the_detector_finds_by_its_own) {
  expect_the_same("yolox_nano_416.onnx", yolox());
  expect_the_same("yolov8n_640.onnx", yolov8());
  expect_the_same("yolov5n_640.onnx", yolov5());
}

}  // namespace
}  // namespace pare::engine
