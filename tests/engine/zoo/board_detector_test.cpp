#include "engine/zoo/board_detector.h"

#include <gtest/gtest.h>

#include "engine/executor/observe.h"
#include "engine/heads/head.h"
#include "engine/onnx/onnx_io.h"

namespace pare::engine {
namespace {

TEST(BoardDetector, its_graph_is_sound_and_the_yolox_head_is_found_in_it) {
  const ZooDetector detector = make_board_detector(6, 128, 1);
  const auto sound = verify(detector.graph);
  ASSERT_TRUE(sound) << sound.error().message;
  const auto observed = observe(detector.graph);
  ASSERT_TRUE(observed) << observed.error().message;
  const auto match = find_head(detector.graph, observed.value());
  ASSERT_TRUE(match) << match.error().message;
  EXPECT_EQ(match.value().head, "yolox");
  EXPECT_EQ(match.value().classes, 6);
  ASSERT_EQ(match.value().levels.size(), 3U);
  EXPECT_EQ(match.value().levels[2].tensors, detector.levels[2].tensors);
}

TEST(BoardDetector, the_seed_decides_the_weights) {
  const std::string first = export_onnx(make_board_detector(6, 128, 1).graph);
  EXPECT_EQ(first, export_onnx(make_board_detector(6, 128, 1).graph));
  EXPECT_NE(first, export_onnx(make_board_detector(6, 128, 2).graph));
}

}  // namespace
}  // namespace pare::engine
