#include "engine/pipeline/comparable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/executor/observe.h"
#include "tests/engine/heads/small_detectors.h"
#include "tests/engine/heads/small_nanodet.h"
#include "tests/engine/heads/small_yolov5.h"
#include "tests/support/behind_the_head.h"

namespace pare::engine {
namespace {

using test::Behind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Comparable comparable(const Graph& graph) {
  return comparable_outputs(graph, test::observed(graph));
}

Behind rows() {
  return Behind(test::SmallYolov5({}).graph());
}

TEST(Comparable, floating_point_outputs_of_one_shape_stand_for_themselves) {
  const Graph graph = test::SmallNanodet({}).graph();
  const Comparable found = comparable(graph);
  ASSERT_EQ(found.tensors.size(), graph.outputs.size());
  for (std::size_t o = 0; o < graph.outputs.size(); ++o) {
    EXPECT_EQ(found.tensors[o], graph.outputs[o].name);
    EXPECT_EQ(found.outputs[o].why_not_compared, "");
    EXPECT_EQ(found.outputs[o].type, "float32");
  }
}

TEST(Comparable, labels_are_compared_by_the_scores_they_are_made_from) {
  Behind b = rows();
  b.boxes();
  b.labels();
  const Comparable found =
      comparable(b.with_outputs({{"dets", DType::kFloat32}, {"labels", DType::kInt64}}));
  EXPECT_THAT(found.tensors, ElementsAre("dets", "probabilities"));
  EXPECT_EQ(found.outputs[0].why_not_compared, "");
  EXPECT_EQ(found.outputs[1].type, "int64");
  EXPECT_THAT(found.outputs[1].why_not_compared, HasSubstr("it holds int64"));
  EXPECT_THAT(found.outputs[1].why_not_compared, HasSubstr("\"probabilities\""));
}

TEST(Comparable, what_nms_leaves_is_compared_by_what_it_reads) {
  Behind b = rows();
  const Comparable found = comparable(b.with_outputs({{b.detections(), DType::kFloat32}}));
  EXPECT_THAT(found.tensors, testing::UnorderedElementsAre(b.rows(), "boxes", "scores"));
  EXPECT_THAT(found.outputs[0].why_not_compared, HasSubstr("depends on what is in the image"));
  EXPECT_THAT(found.outputs[0].shape, testing::Each(-1));
}

TEST(Comparable, an_output_that_is_the_same_for_every_image_says_nothing) {
  Graph graph = test::SmallYolov5({}).graph();
  graph.constants["grid"] = test::random_tensor({1, 4}, 1);
  graph.nodes.push_back({"twice", "Add", "", {"grid", "grid"}, {"twice"}, {}});
  graph.outputs.push_back({"twice", DType::kFloat32, {}});
  const Comparable found = comparable(graph);
  EXPECT_THAT(found.tensors, ElementsAre(graph.outputs[0].name));
  EXPECT_THAT(found.outputs[1].why_not_compared, HasSubstr("the same for every image"));
}

TEST(Comparable, the_part_that_makes_some_tensors_computes_them) {
  Behind b = rows();
  const Graph graph = b.with_outputs({{b.detections(), DType::kFloat32}});
  const auto part = with_outputs(graph, {"scores", b.rows()});
  ASSERT_TRUE(part) << part.error().message;
  ASSERT_TRUE(verify(part.value())) << verify(part.value()).error().message;
  EXPECT_EQ(find_node(part.value(), "selected"), nullptr);
  ASSERT_EQ(part.value().outputs.size(), 2U);
  EXPECT_EQ(part.value().outputs[0].name, "scores");
  EXPECT_EQ(with_outputs(graph, {}).value(), graph);
  EXPECT_THAT(with_outputs(graph, {"nonesuch"}).error().message, HasSubstr("nonesuch"));
}

}  // namespace
}  // namespace pare::engine
