#include "engine/heads/centernet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/passes/passes.h"
#include "tests/engine/heads/small_detectors.h"
#include "tests/support/run_graph.h"

namespace pare::engine {
namespace {

using test::observed;
using ::testing::HasSubstr;

constexpr int kClasses = 3;

struct Tail {
  bool sigmoid = true;
  bool identities = false;
  int sizes = 2;
};

Graph small_centernet(const Tail& tail) {
  test::GraphBuilder b(4);
  const auto x = b.relu(b.conv(b.input({1, 3, 32, 48}), {.channels = 8, .stride = 2}));
  const auto map = b.relu(b.conv(x, {.channels = 8, .stride = 2}));
  const auto heat = b.conv(map, {.channels = kClasses, .kernel = 1});
  const auto named = [&](const std::string& raw) {
    return tail.identities ? b.node("Identity", {raw}, {b.shape(raw)})[0] : raw;
  };
  b.output(tail.sigmoid ? b.sigmoid(heat) : b.relu(heat));
  b.output(named(b.conv(map, {.channels = tail.sizes, .kernel = 1})));
  b.output(named(b.conv(map, {.channels = 2, .kernel = 1})));
  return b.build();
}

TEST(Centernet, is_recognised_cut_and_attached_again_and_computes_the_same) {
  for (const Tail& tail : {Tail{}, Tail{.identities = true}}) {
    const Graph graph = small_centernet(tail);
    const Observation seen = observed(graph);
    const auto match = find_head(graph, seen);
    ASSERT_TRUE(match) << match.error().message;
    EXPECT_EQ(match.value().head, "centernet");
    EXPECT_EQ(match.value().classes, kClasses);
    EXPECT_EQ(match.value().levels.at(0).stride, 4);
    const auto again = attach_head(cut(graph, seen, match.value()), match.value());
    ASSERT_TRUE(again) << again.error().message;
    ASSERT_TRUE(verify(again.value())) << verify(again.value()).error().message;
    EXPECT_EQ(again.value().outputs, graph.outputs);
    EXPECT_LT(test::largest_error(test::run_graph(again.value()), test::run_graph(graph)), 1e-6);
  }
}

TEST(Centernet, its_roles_cover_every_raw_channel) {
  const Graph graph = small_centernet({});
  const HeadMatch match = find_head(graph, observed(graph)).value();
  int channels = 0;
  for (const ChannelRange& range : roles_of(match, match.levels[0])) channels += range.count;
  EXPECT_EQ(channels, kClasses + 4);
}

TEST(Centernet, a_tail_that_computes_something_else_is_not_taken_for_it) {
  const std::vector<std::pair<Tail, const char*>> table = {
      {{.sigmoid = false}, "not by Sigmoid"}, {{.sizes = 4}, "its outputs are not (1, classes"}};
  for (const auto& [tail, reason] : table) {
    const Graph graph = small_centernet(tail);
    const auto match = find_head(graph, observed(graph), "centernet");
    ASSERT_FALSE(match) << reason;
    EXPECT_EQ(match.error().code, ErrorCode::kUnsupported);
    EXPECT_THAT(match.error().message, HasSubstr(reason));
  }
}

// A map of 2 x 3 cells of 4 pixels, one class: the middle of the upper line is the only peak above
// the threshold.
std::vector<Tensor> three_maps() {
  return {Tensor::of<float>({1, 1, 2, 3}, std::vector<float>{0.2F, 0.9F, 0.3F, 0.1F, 0.8F, 0.1F}),
          Tensor::of<float>({1, 2, 2, 3}, std::vector<float>{0, 2, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0}),
          Tensor::of<float>({1, 2, 2, 3},
                            std::vector<float>{0, 0.25F, 0, 0, 0, 0, 0, 0.5F, 0, 0, 0, 0})};
}

TEST(Centernet, a_cell_that_a_neighbour_exceeds_is_no_detection) {
  const auto found = head_centernet().decode(three_maps(), 8, 12, 0.05);
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found.value().size(), 1U);
  const Detection& d = found.value()[0];
  EXPECT_NEAR(d.score, 0.9, 1e-6);
  EXPECT_EQ(d.category, 0);
  EXPECT_NEAR(d.box.width, 8, 1e-6);
  EXPECT_NEAR(d.box.height, 12, 1e-6);
  EXPECT_NEAR(d.box.x, 1.25 * 4 - 4, 1e-6);
  EXPECT_NEAR(d.box.y, 0.5 * 4 - 6, 1e-6);
  EXPECT_EQ(head_centernet().classes(three_maps()), 1);
}

TEST(Centernet, outputs_of_another_shape_are_refused_with_it) {
  EXPECT_THAT(head_centernet().decode(three_maps(), 9, 12, 0.05).error().message,
              HasSubstr("head centernet: outputs (1, 1, 2, 3), (1, 2, 2, 3), (1, 2, 2, 3) for an "
                        "input of 9 x 12"));
  EXPECT_FALSE(head_centernet().decode({}, 8, 12, 0.05));
}

}  // namespace
}  // namespace pare::engine
