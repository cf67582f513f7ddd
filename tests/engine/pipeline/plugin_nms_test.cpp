// Models that end in an NMS of TensorRT's.
#include "engine/pipeline/plugin_nms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/onnx/onnx_io.h"
#include "engine/pipeline/detector.h"
#include "tests/engine/heads/family_detectors.h"

namespace pare::engine {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

Graph with_plugin(const std::string& op) {
  Graph graph = test::small_ppyoloe({.scores = test::Laid::kRows});
  const std::vector<std::string> read = {graph.outputs[0].name, graph.outputs[1].name};
  graph.nodes.push_back({"nms", op, "", read, {"count", "dets", "best", "labels"}, {}});
  graph.nodes.push_back({"more", "Identity", "", {"dets"}, {"boxes"}, {}});
  graph.outputs = {{"count", DType::kInt32, {1, 1}},
                   {"boxes", DType::kFloat32, {1, 100, 4}},
                   {"best", DType::kFloat32, {1, 100}},
                   {"labels", DType::kInt32, {1, 100}}};
  return graph;
}

TEST(PluginNms, the_detector_is_opened_up_to_it) {
  for (const char* op : {"EfficientNMS_TRT", "BatchedNMS_TRT", "BatchedNMSDynamic_TRT"}) {
    SCOPED_TRACE(op);
    const std::string onnx = export_onnx(with_plugin(op));
    const auto opened = open_detector(std::as_bytes(std::span(onnx)), {});
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened.value().card.head, "ppyoloe");
    EXPECT_TRUE(opened.value().card.head_description);
    EXPECT_EQ(opened.value().head.outputs.size(), 2U);
    EXPECT_THAT(opened.value().notes,
                Contains(HasSubstr(std::string("(") + op + "), which only TensorRT runs: it is")));
  }
}

TEST(PluginNms, the_card_that_was_completed_opens_it_again) {
  const std::string onnx = export_onnx(with_plugin("EfficientNMS_TRT"));
  const auto bytes = std::as_bytes(std::span(onnx));
  const ModelCard card = open_detector(bytes, {}).value().card;
  const auto again = open_detector(bytes, {card.head, card.preprocessing, card.height, card.width,
                                           card.classes, card.scored, card.head_description});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again.value().card, card);
}

TEST(PluginNms, other_graphs_stay_as_they_are) {
  std::vector<std::string> notes;
  const Graph graph = test::small_ppyoloe({});
  const Graph same = without_plugin_nms(graph, notes);
  EXPECT_EQ(same.nodes.size(), graph.nodes.size());
  EXPECT_EQ(same.outputs, graph.outputs);
  EXPECT_TRUE(notes.empty());
}

}  // namespace
}  // namespace pare::engine
