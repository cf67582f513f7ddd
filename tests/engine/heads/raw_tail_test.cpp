#include "engine/heads/raw_tail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/heads/small_detectors.h"
#include "tests/engine/heads/small_fastestdet.h"
#include "tests/engine/heads/small_nanodet.h"
#include "tests/engine/heads/small_yolov5.h"

namespace pare::engine {
namespace {

using test::observed;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Two maps, one of them an output as it is, the other behind a sigmoid and a reshape.
Graph two_outputs() {
  test::GraphBuilder b;
  const auto x = b.relu(b.conv(b.input({1, 3, 16, 16}), {.channels = 8}));
  b.output(b.conv(x, {.channels = 4}));
  const auto scaled = b.mul(b.conv(x, {.channels = 2}), b.constant({1, 2, 1, 1}));
  b.output(b.reshape(b.sigmoid(scaled), {1, 512}));
  return b.build();
}

TEST(RawHead, the_tail_is_what_follows_the_last_convolutions) {
  const Graph graph = two_outputs();
  const auto match = find_head(graph, observed(graph), kRawHead);
  ASSERT_TRUE(match) << match.error().message;
  EXPECT_THAT(match.value().outputs, ElementsAre("conv_1", "reshape_0"));
  ASSERT_EQ(match.value().levels.size(), 1U);
  EXPECT_THAT(match.value().levels[0].tensors, ElementsAre("conv_1", "conv_2"));
  EXPECT_EQ(match.value().tail.nodes.size(), 3U);
  EXPECT_EQ(largest_stride(match.value()), 0) << "there is no other size";
  const Graph body = cut(graph, observed(graph), match.value());
  ASSERT_TRUE(verify(body)) << verify(body).error().message;
  for (const Node& node : body.nodes) EXPECT_THAT(node.op, testing::AnyOf("Conv", "Relu"));
}

TEST(RawHead, cut_and_attached_again_it_computes_the_same) {
  for (const Graph& graph : {two_outputs(), test::SmallYolov5({}).graph(),
                             test::SmallNanodet({}).graph(), test::SmallFastestdet({}).graph()}) {
    const auto match = find_head(graph, observed(graph), kRawHead);
    ASSERT_TRUE(match) << match.error().message;
    const auto again = attach_head(cut(graph, observed(graph), match.value()), match.value());
    ASSERT_TRUE(again) << again.error().message;
    ASSERT_TRUE(verify(again.value())) << verify(again.value()).error().message;
    EXPECT_EQ(test::difference(graph, again.value()), 0);
  }
}

TEST(RawHead, a_body_that_lacks_what_the_tail_reads_is_refused) {
  const Graph graph = two_outputs();
  const auto match = find_head(graph, observed(graph), kRawHead);
  ASSERT_TRUE(match) << match.error().message;
  Graph body = cut(graph, observed(graph), match.value());
  for (Node& node : body.nodes) {
    if (node.outputs[0] == "conv_2") node.outputs[0] = "other";
  }
  EXPECT_THAT(attach_kept(body, match.value().tail).error().message,
              HasSubstr("no node makes \"conv_2\""));
}

}  // namespace
}  // namespace pare::engine
