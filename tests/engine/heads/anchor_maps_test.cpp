// YOLOv5 and YOLOv7 that end in their raw maps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/heads/yolov5_maps.h"
#include "engine/heads/yolov7_maps.h"
#include "tests/engine/heads/known_head.h"
#include "tests/engine/heads/small_anchor_maps.h"

namespace pare::engine {
namespace {

using test::observed;
using test::RawMap;
using ::testing::HasSubstr;

using test::MapWriting;
using test::small_maps;

constexpr int kClasses = test::kMapClasses;
constexpr int kColumns = test::kMapColumns;

// From the published code of YOLOv5, with its anchors at the strides 8, 16, 32 and 64.
std::vector<Detection> by_hand(int strides, const HeadLevel& level,
                               const std::vector<RawMap>& maps) {
  static const double three[3][6] = {
      {10, 13, 16, 30, 33, 23}, {30, 61, 62, 45, 59, 119}, {116, 90, 156, 198, 373, 326}};
  static const double four[4][6] = {{19, 27, 44, 40, 38, 94},
                                    {96, 68, 86, 152, 180, 137},
                                    {140, 301, 303, 264, 238, 542},
                                    {436, 615, 739, 380, 925, 792}};
  const int at = level.stride == 8 ? 0 : level.stride == 16 ? 1 : level.stride == 32 ? 2 : 3;
  const double* anchors = strides == 3 ? three[at] : four[at];
  std::vector<Detection> found;
  for (int a = 0; a < 3; ++a) {
    for (std::int64_t y = 0; y < maps[0].ny(); ++y) {
      for (std::int64_t x = 0; x < maps[0].nx(); ++x) {
        const auto s = [&](int c) { return test::sigmoid_of(maps[0].at(a * kColumns + c, y, x)); };
        const double w = 4 * s(2) * s(2) * anchors[2 * a];
        const double h = 4 * s(3) * s(3) * anchors[2 * a + 1];
        const double cx = (2 * s(0) - 0.5 + static_cast<double>(x)) * level.stride;
        const double cy = (2 * s(1) - 0.5 + static_cast<double>(y)) * level.stride;
        for (int c = 0; c < kClasses; ++c) {
          found.push_back({{cx - w / 2, cy - h / 2, w, h}, s(4) * s(5 + c), c});
        }
      }
    }
  }
  return found;
}

TEST(AnchorMaps, every_way_of_writing_them_is_decoded_as_by_hand_at_three_sizes) {
  const std::vector<MapWriting> writings = {{},
                                            {.opset = 11, .columns_last = true},
                                            {.strides = 4},
                                            {.sigmoid = true},
                                            {.columns_last = true, .sigmoid = true},
                                            {.coarse_first = true}};
  for (std::size_t i = 0; i < writings.size(); ++i) {
    SCOPED_TRACE(i);
    const int strides = writings[i].strides;
    test::expect_decoded_as(small_maps(writings[i]), "yolov5_maps",
                            [&](const HeadLevel& level, const std::vector<RawMap>& maps) {
                              return by_hand(strides, level, maps);
                            });
  }
}

TEST(AnchorMaps, those_of_yolov7_have_its_anchors_and_go_by_name) {
  const Graph graph = small_maps({});
  const auto match = find_head(graph, observed(graph), "yolov7_maps");
  ASSERT_TRUE(match) << match.error().message;
  EXPECT_EQ(match.value().levels[0].anchors[0][1], 16);
  const auto outputs = test::outputs_on_noise(graph);
  const auto five = head_yolov5_maps().decode(outputs, 64, 128, 0).value();
  const auto seven = head_yolov7_maps().decode(outputs, 64, 128, 0).value();
  ASSERT_EQ(five.size(), seven.size());
  EXPECT_NEAR(seven[0].box.width / five[0].box.width, 1.2, 1e-9);
}

TEST(AnchorMaps, other_maps_are_refused) {
  const Graph graph = small_maps({.anchors = 2});
  const auto match = find_head(graph, observed(graph), "yolov5_maps");
  ASSERT_FALSE(match);
  EXPECT_THAT(match.error().message, HasSubstr("is not three anchors of 5 + classes numbers"));
  const auto outputs = test::outputs_on_noise(small_maps({}));
  EXPECT_FALSE(head_yolov5_maps().decode(outputs, 96, 128, 0));
  EXPECT_THAT(head_yolov5_maps().decode({}, 64, 128, 0).error().message,
              HasSubstr("head yolov5_maps: outputs "));
}

}  // namespace
}  // namespace pare::engine
