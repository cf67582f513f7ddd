#include "engine/onnx/element_types.h"

#include <gtest/gtest.h>

#include "tests/support/graph_builder.h"

namespace pare::engine {
namespace {

using test::GraphBuilder;

TEST(ElementTypes, follow_what_operators_make_of_them) {
  GraphBuilder b;
  const auto x = b.conv(b.input({1, 3, 8, 8}), {.channels = 2});
  const auto half = b.node("Cast", {x}, {{1, 2, 8, 8}}, {{"to", std::int64_t{10}}}).front();
  const auto shape = b.node("Shape", {half}, {{4}}).front();
  b.output(half);
  const auto types = element_types(b.build());
  EXPECT_EQ(types.at(x), DType::kFloat32);
  EXPECT_EQ(types.at(half), DType::kFloat16);
  EXPECT_EQ(types.at(shape), DType::kInt64);
}

// A stranger's file may say so, and libonnx divides by it.
TEST(ElementTypes, do_not_depend_on_a_stride_of_zero) {
  GraphBuilder b;
  const auto x = b.conv(b.input({1, 3, 8, 8}), {.channels = 2});
  b.output(x);
  Graph graph = b.build();
  for (Node& node : graph.nodes) node.attributes["strides"] = std::vector<std::int64_t>{0, 0};
  EXPECT_EQ(element_types(graph).at(x), DType::kFloat32);
}

}  // namespace
}  // namespace pare::engine
