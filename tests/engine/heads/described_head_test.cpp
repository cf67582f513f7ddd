// Heads that only a card describes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "engine/heads/yolox.h"
#include "tests/engine/heads/described_families.h"
#include "tests/engine/heads/dfl_detectors.h"
#include "tests/engine/heads/known_head.h"
#include "tests/engine/heads/small_anchor_maps.h"
#include "tests/engine/heads/small_nanodet.h"
#include "tests/engine/heads/small_yolov5.h"

namespace pare::engine {
namespace {

using namespace test;  // the descriptions, and their words

// Found by the description alone, at three sizes a detector has the outputs and the boxes that it
// has by its own head, and says of its raw channels what that says.
void expect_as_known(const Graph& graph, const HeadDescription& description) {
  const test::KnownHead known(graph);
  const auto described = find_described_head(graph, known.seen, "mine", description);
  ASSERT_TRUE(described) << described.error().message;
  const HeadMatch& match = described.value();
  EXPECT_EQ(match.head, "mine");
  EXPECT_EQ(match.classes, known.match.classes);
  ASSERT_TRUE(match.description);
  const HeadDef by_name = test::unwrap(head_named(known.match.head));
  const HeadDef by_card = test::unwrap(head_for("mine", match.description));
  const auto height = static_cast<int>(graph.inputs[0].shape[2]);
  const auto width = static_cast<int>(graph.inputs[0].shape[3]);
  const int stride = largest_stride(match);
  for (const auto& [h, w] : {std::pair(height, width), std::pair(height + stride, width + stride),
                             std::pair(height, width + 2 * stride)}) {
    SCOPED_TRACE(std::to_string(h) + " x " + std::to_string(w));
    const Graph body = cut(graph, known.seen, match);
    const auto made = attach_head(test::unwrap(resize_input(body, observed(body), h, w)), match);
    ASSERT_TRUE(made) << made.error().message;
    ASSERT_TRUE(verify(made.value())) << verify(made.value()).error().message;
    const Graph expected = known.at(h, w);
    EXPECT_LT(test::difference(expected, made.value()), 1e-5);
    const auto outputs = test::outputs_on_noise(expected);
    EXPECT_EQ(by_card.classes(outputs), known.match.classes);
    const auto boxes = by_card.decode(outputs, h, w, 0.01);
    ASSERT_TRUE(boxes) << boxes.error().message;
    EXPECT_FALSE(boxes.value().empty());
    test::expect_same_boxes(boxes.value(), by_name.decode(outputs, h, w, 0.01).value());
  }
}

Graph small_yolox() {
  const auto body = test::small_yolox_body(6);
  return test::unwrap(append_yolox_tail(body.graph, body.levels, 6, "boxes"));
}

TEST(DescribedHead, a_family_that_only_a_card_describes_has_the_boxes_of_its_own_head) {
  struct Case {
    const char* name;
    Graph graph;
    HeadDescription description;
  };
  const std::vector<Case> cases = {
      {"yolov5_maps", test::small_maps({}), yolov5_maps(false, kMaps)},
      {"yolov5_maps, sigmoids", test::small_maps({.sigmoid = true}), yolov5_maps(true, kMaps)},
      {"yolov5_maps, columns last", test::small_maps({.columns_last = true}),
       yolov5_maps(false, kAnchorMaps)},
      {"nanodet", test::SmallNanodet({}).graph(), nanodet()},
      {"nanodet, two maps", test::SmallNanodet({.joint = false}).graph(), nanodet()},
      {"yolox", small_yolox(), yolox()},
      {"yolov5", test::SmallYolov5({}).graph(), yolov5()},
      {"yolov8", test::SmallDfl({}).graph(), yolov8(kColumnsFirst, BoxHeld::kCentreSize)},
      {"yolov10", test::SmallDfl({.corners = true, .columns_first = false}).graph(),
       yolov8(kRows, BoxHeld::kCorners)},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    expect_as_known(one.graph, one.description);
  }
}

using Role = std::tuple<int, std::size_t, int, int, int>;  // kind, tensor, first, count, anchor

std::vector<Role> roles_in(const HeadMatch& match) {
  std::vector<Role> roles;
  for (const ChannelRange& range : roles_of(match, match.levels[1])) {
    roles.emplace_back(static_cast<int>(range.kind), range.tensor, range.first, range.count,
                       range.anchor);
  }
  std::ranges::sort(roles);
  return roles;
}

TEST(DescribedHead, raw_channels_say_what_they_say_in_a_known_head) {
  for (const auto& [graph, description] :
       {std::pair(test::small_maps({}), yolov5_maps(false, kMaps)),
        std::pair(test::SmallYolov5({}).graph(), yolov5()),
        std::pair(test::SmallNanodet({}).graph(), nanodet()),
        std::pair(test::SmallDfl({.joint = true}).graph(),
                  yolov8(kColumnsFirst, BoxHeld::kCentreSize))}) {
    const test::KnownHead known(graph);
    const auto match = find_described_head(graph, known.seen, "mine", description);
    ASSERT_TRUE(match) << match.error().message;
    EXPECT_EQ(roles_in(match.value()), roles_in(known.match)) << known.match.head;
  }
}

TEST(DescribedHead, anchors_are_learned_where_boxes_are_decoded) {
  const Graph graph = test::SmallYolov5({}).graph();
  const auto match = find_described_head(graph, observed(graph), "mine", yolov5());
  ASSERT_TRUE(match) << match.error().message;
  EXPECT_EQ(match.value().description->anchors.size(), 2U);
  EXPECT_NEAR(match.value().description->anchors[1][2][1], 119, 1e-2);
  EXPECT_EQ(match.value().description->outputs[0].name, graph.outputs[0].name);
}

TEST(DescribedHead, what_stands_behind_a_tensor_that_is_named_is_kept) {
  test::GraphBuilder b;
  const auto map = b.conv(b.input({1, 3, 32, 32}), {.channels = 6, .stride = 4, .name = "map"});
  b.output(b.node("ReduceMax", {map}, {{1}}, {{"keepdims", std::int64_t{0}}})[0]);
  const Graph graph = b.build();
  const HeadDescription head{.strides = {4},
                             .outputs = {{.name = "map",
                                          .layout = kMaps,
                                          .stride = 4,
                                          .columns = {{kBox}, {kClasses, kSigmoid, false}}}}};
  const auto match = find_described_head(graph, observed(graph), "mine", head);
  ASSERT_TRUE(match) << match.error().message;
  EXPECT_EQ(match.value().behind.outputs.size(), 1U);
  EXPECT_EQ(match.value().classes, 2);
  const auto whole = attach_head(cut(graph, observed(graph), match.value()), match.value());
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_LT(test::difference(graph, whole.value()), 1e-6);
}

}  // namespace
}  // namespace pare::engine
