// Heads of models that go on behind their boxes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/passes/resize_input.h"
#include "tests/engine/heads/family_detectors.h"
#include "tests/engine/heads/small_detectors.h"
#include "tests/engine/heads/small_yolov5.h"
#include "tests/support/behind_the_head.h"

namespace pare::engine {
namespace {

using test::Behind;
using test::observed;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Case {
  const char* name;
  Graph (*build)();
};

Behind rows() {
  return Behind(test::SmallYolov5({}).graph());
}

const Case kCases[] = {
    {"rows_and_indices",
     [] {
       Behind b = rows();
       b.selected();
       return b.with_outputs({{b.rows(), DType::kFloat32}, {"selected", DType::kInt64}});
     }},
    {"detections",
     [] {
       Behind b = rows();
       return b.with_outputs({{b.detections(), DType::kFloat32}});
     }},
    {"boxes_and_labels",
     [] {
       Behind b = rows();
       b.boxes();
       b.labels();
       return b.with_outputs({{"dets", DType::kFloat32}, {"labels", DType::kInt64}});
     }},
    {"rows_and_anchors",
     [] {
       Graph graph = rows().with_outputs({{rows().rows(), DType::kFloat32}});
       graph.constants.emplace("anchors", test::random_tensor({3, 2}, 7));
       graph.outputs.push_back({"anchors", DType::kFloat32, {3, 2}});
       return graph;
     }},
};

class FindHeadWithin : public testing::TestWithParam<Case> {};

TEST_P(FindHeadWithin, the_head_is_found_and_all_outputs_come_back_as_they_were) {
  const Graph graph = GetParam().build();
  const Observation seen = observed(graph);
  EXPECT_FALSE(find_head(graph, seen));
  const auto match = find_head_within(graph, seen);
  ASSERT_TRUE(match) << match.error().message;
  EXPECT_EQ(match.value().head, "yolov5");
  EXPECT_EQ(match.value().classes, test::SmallYolov5::kClasses);
  EXPECT_THAT(match.value().outputs, ElementsAre(rows().rows()));
  const Graph body = cut(graph, seen, match.value());
  const auto again = attach_head(body, match.value());
  ASSERT_TRUE(again) << again.error().message;
  ASSERT_TRUE(verify(again.value())) << verify(again.value()).error().message;
  const auto expected = make_openvino_runner(graph).value()->run(
      {test::random_tensor(graph.inputs[0].shape, 5, 0, 1)});
  auto runner = make_openvino_runner(again.value());
  ASSERT_TRUE(runner) << runner.error().message;
  const auto actual = runner.value()->run({test::random_tensor(graph.inputs[0].shape, 5, 0, 1)});
  ASSERT_TRUE(expected) << expected.error().message;
  ASSERT_TRUE(actual) << actual.error().message;
  ASSERT_EQ(actual.value().size(), expected.value().size());
  for (std::size_t o = 0; o < expected.value().size(); ++o) {
    EXPECT_LT(test::relative_error(actual.value()[o], expected.value()[o]), 1e-5)
        << graph.outputs[o].name;
  }
}

TEST_P(FindHeadWithin, what_stands_behind_follows_to_another_size) {
  const Graph graph = GetParam().build();
  const Observation seen = observed(graph);
  const auto match = find_head_within(graph, seen);
  ASSERT_TRUE(match) << match.error().message;
  const Graph body = cut(graph, seen, match.value());
  const auto small = resize_input(body, observed(body), 16, 24);
  ASSERT_TRUE(small) << small.error().message;
  const auto whole = attach_head(small.value(), match.value());
  ASSERT_TRUE(whole) << whole.error().message;
  const auto outputs = make_openvino_runner(whole.value())
                           .value()
                           ->run({test::random_tensor({1, 3, 16, 24}, 5, 0, 1)});
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_EQ(outputs.value().size(), graph.outputs.size());
}

INSTANTIATE_TEST_SUITE_P(Cases, FindHeadWithin, testing::ValuesIn(kCases),
                         [](const auto& param) { return std::string(param.param.name); });

// Boxes and scores as they are, or as the NMS wants them: it takes scores by class.
Graph with_nms(const test::PpyoloeWriting& how) {
  Graph graph = test::small_ppyoloe(how);
  const std::string boxes = graph.outputs[0].name;
  std::string scores = graph.outputs[1].name;
  if (how.scores == test::Laid::kRows) {
    graph.nodes.push_back({"turned",
                           "Transpose",
                           "",
                           {scores},
                           {"turned"},
                           {{"perm", std::vector<std::int64_t>{0, 2, 1}}}});
    scores = "turned";
  }
  graph.constants["most"] = Tensor::of<std::int64_t>({1}, std::vector<std::int64_t>{100});
  graph.constants["iou"] = Tensor::of<float>({1}, std::vector{0.5F});
  graph.constants["score"] = Tensor::of<float>({1}, std::vector{0.01F});
  graph.nodes.push_back(
      {"nms", "NonMaxSuppression", "", {boxes, scores, "most", "iou", "score"}, {"selected"}, {}});
  graph.nodes.push_back({"best", "ReduceMax", "", {graph.outputs[1].name}, {"best"}, {}});
  graph.outputs = {{"selected", DType::kInt64, {}}, {"best", DType::kFloat32, {}}};
  return graph;
}

TEST(FindHeadWithin, two_tensors_before_an_nms_are_a_head) {
  for (const test::Laid scores : {test::Laid::kColumnsFirst, test::Laid::kRows}) {
    const Graph graph = with_nms({.scores = scores});
    const Observation seen = observed(graph);
    EXPECT_FALSE(find_head(graph, seen));
    const auto match = find_head_within(graph, seen);
    ASSERT_TRUE(match) << match.error().message;
    EXPECT_EQ(match.value().head, "ppyoloe");
    ASSERT_EQ(match.value().outputs.size(), 2U);
    const Graph body = cut(graph, seen, match.value());
    const auto whole = attach_head(body, match.value());
    ASSERT_TRUE(whole) << whole.error().message;
    EXPECT_EQ(whole.value().outputs.size(), 2U);
    // Read again, by the card that this makes.
    const auto again = find_described_head(graph, seen, "ppyoloe", *match.value().description);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again.value().description, match.value().description);
    EXPECT_EQ(again.value().outputs, match.value().outputs);
  }
}

TEST(FindHeadWithinRefuses, a_tail_that_reads_more_than_the_heads_outputs) {
  Graph graph = kCases[1].build();
  const std::string stem = graph.nodes.front().outputs[0];
  graph.nodes.push_back({"more", "ReduceMean", "", {stem}, {"more"}, {}});
  graph.outputs.push_back({"more", DType::kFloat32, {}});
  const auto match = find_head_within(graph, observed(graph));
  EXPECT_FALSE(match);
}

TEST(FindHeadWithinRefuses, a_tensor_that_is_not_there_by_name) {
  const Graph graph = kCases[1].build();
  EXPECT_THAT(find_head_within(graph, observed(graph), "yolov5", {"nonesuch"}).error().message,
              HasSubstr("nonesuch"));
}

TEST(FindHeadWithin, a_card_may_say_which_tensor_it_is) {
  const Graph graph = kCases[2].build();
  const auto match = find_head_within(graph, observed(graph), "", {rows().rows()});
  ASSERT_TRUE(match) << match.error().message;
  EXPECT_EQ(match.value().head, "yolov5");
}

}  // namespace
}  // namespace pare::engine
