// A detector that is a known head but for one thing says which, and what does not fit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/heads/yolox.h"
#include "tests/engine/heads/dfl_detectors.h"
#include "tests/engine/heads/face_detectors.h"
#include "tests/engine/heads/small_anchor_maps.h"
#include "tests/engine/heads/small_detectors.h"
#include "tests/engine/heads/small_fastestdet.h"
#include "tests/engine/heads/small_nanodet.h"
#include "tests/engine/heads/small_yolov5.h"

namespace pare::engine {
namespace {

using ::testing::HasSubstr;

struct Case {
  const char* said;
  Graph graph;
};

// YOLOX whose classes are behind a ReLU.
Graph other_yolox() {
  const auto body = test::small_yolox_body(6);
  Graph graph = append_yolox_tail(body.graph, body.levels, 6, "boxes").value();
  int sigmoids = 0;
  for (Node& node : graph.nodes) {
    if (node.op == "Sigmoid" && node.name.starts_with("decode/") && ++sigmoids == 2) {
      node.op = "Relu";
    }
  }
  return graph;
}

// CenterNet without the sigmoid of its heat map.
Graph other_centernet() {
  test::GraphBuilder b;
  const auto x = b.conv(b.input({1, 3, 32, 48}), {.channels = 8, .stride = 4});
  for (const int channels : {3, 2, 2}) b.output(b.conv(x, {.channels = channels, .kernel = 1}));
  return b.build();
}

TEST(NearlyAHead, it_is_said_which_and_what_does_not_fit) {
  const std::vector<Case> cases = {
      {"nearly yolov8, but the box of row 0", test::SmallDfl({.centre = 0}).graph()},
      {"nearly yolov10, but the box of row 0",
       test::SmallDfl({.corners = true, .centre = 0}).graph()},
      {"nearly yolov6, but the box of row 0", test::SmallDfl({.ones = true, .centre = 0}).graph()},
      {"nearly yolov5, but row 0", test::SmallYolov5({.grid_shift = 1}).graph()},
      {"nearly yolov3, but row 0", test::SmallYolov5({.exp = true, .grid_shift = 1}).graph()},
      {"nearly yolov5_maps, but \"conv_", test::small_maps({.anchors = 2})},
      {"nearly yolox, but \"", other_yolox()},
      {"nearly nanodet, but at the stride 8 the outputs are not scores",
       test::SmallNanodet({.distances_first = true}).graph()},
      {"nearly fastestdet, but \"relu_", test::SmallFastestdet({.sigmoid = false}).graph()},
      {"nearly centernet, but \"conv_1\" is made by Conv", other_centernet()},
      {"nearly yunet, but at the stride 8", test::SmallFaces({.sigmoid = false}).graph()},
      {"nearly scrfd, but at the stride 8",
       test::SmallFaces({.anchors = 2, .scores = 1, .sigmoid = false}).graph()},
  };
  for (const Case& one : cases) {
    const auto match = find_head(one.graph, test::observed(one.graph));
    ASSERT_FALSE(match) << match.value().head << ", not: " << one.said;
    EXPECT_THAT(match.error().message, HasSubstr(one.said));
  }
}

}  // namespace
}  // namespace pare::engine
