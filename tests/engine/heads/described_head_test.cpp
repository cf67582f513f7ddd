// Heads that only a card describes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "engine/heads/yolox.h"
#include "tests/engine/heads/dfl_detectors.h"
#include "tests/engine/heads/known_head.h"
#include "tests/engine/heads/small_anchor_maps.h"
#include "tests/engine/heads/small_nanodet.h"
#include "tests/engine/heads/small_yolov5.h"

namespace pare::engine {
namespace {

using enum HeadFunction;
using enum HeadLayout;
using enum HeadPart;
using test::observed;
using ::testing::HasSubstr;

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

HeadOutput map_of(int index, int stride, HeadLayout layout, std::vector<HeadColumns> columns) {
  return {.index = index, .layout = layout, .stride = stride, .columns = std::move(columns)};
}

HeadDescription yolov5_maps(bool sigmoid, HeadLayout layout) {
  HeadDescription head{.strides = {8, 16, 32},
                       .anchors = {{{10, 13}, {16, 30}, {33, 23}},
                                   {{30, 61}, {62, 45}, {59, 119}},
                                   {{116, 90}, {156, 198}, {373, 326}}}};
  for (int i = 0; i < 3; ++i) {
    head.outputs.push_back(map_of(
        i, 8 << i, layout,
        {{kBox, kNone, false}, {kObjectness, kSigmoid, sigmoid}, {kClasses, kSigmoid, sigmoid}}));
    head.outputs.back().columns[0].applied = sigmoid;
  }
  head.box = {.from = BoxFrom::kCentreSize,
              .unit = BoxUnit::kAnchor,
              .centre = kSigmoid,
              .size = kSquaredSigmoid,
              .reach = {2}};
  return head;
}

HeadDescription nanodet() {
  HeadDescription head{.strides = {8, 16, 32}};
  for (int i = 0; i < 3; ++i) {
    head.outputs.push_back(map_of(i, 8 << i, kRows, {{kClasses, kSigmoid}}));
  }
  for (int i = 0; i < 3; ++i) head.outputs.push_back(map_of(3 + i, 8 << i, kRows, {{kBox}}));
  head.box = {.bins = test::SmallNanodet::kBins, .origin = 0.5};
  return head;
}

HeadDescription yolox() {
  return {.strides = {8, 16, 32},
          .outputs =
              {{.name = "boxes",
                .columns = {{kBox, kNone, false}, {kObjectness, kSigmoid}, {kClasses, kSigmoid}}}},
          .box = {.from = BoxFrom::kCentreSize}};
}

HeadDescription yolov5() {
  return {.strides = {4, 8},
          .boxes_per_cell = 3,
          .cells_first = false,
          .outputs = {{.columns = {{kBox}, {kObjectness, kSigmoid}, {kClasses, kSigmoid}}}},
          .box = {.from = BoxFrom::kCentreSize,
                  .unit = BoxUnit::kAnchor,
                  .held = BoxHeld::kCentreSize,
                  .centre = kSigmoid,
                  .size = kSquaredSigmoid,
                  .reach = {2}}};
}

HeadDescription yolov8(HeadLayout layout, BoxHeld held) {
  return {.strides = {8, 16, 32},
          .outputs = {{.layout = layout, .columns = {{kBox}, {kClasses, kSigmoid}}}},
          .box = {.held = held, .bins = 16, .origin = 0.5}};
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

TEST(DescribedHead, what_does_not_fit_is_refused_with_field_and_value) {
  struct Case {
    std::function<void(HeadDescription&)> wrong;
    const char* said;
  };
  using Head = HeadDescription;
  const std::vector<Case> cases = {
      {[](Head& h) { h.outputs[1].index = 9; },
       "head_description.outputs[1].index: 9: the model has 3 outputs"},
      {[](Head& h) { h.outputs[0].name = "nonesuch"; },
       "head_description.outputs[0].name: \"nonesuch\": the model has no such output"},
      {[](Head& h) { h.outputs[2].index = 0; }, "head_description.outputs[2].name: \"conv_"},
      {[](Head& h) { h.outputs[0].layout = kRows; },
       "head_description.outputs[0].layout: \"rows\": \"conv_"},
      {[](Head& h) { h.outputs[0].stride = 4; },
       "head_description.outputs[0].stride: 4: is none of the strides"},
      {[](Head& h) { h.outputs[0].stride = 0; },
       "head_description.outputs[0].layout: \"maps\": maps are of one stride"},
      {[](Head& h) {
         h.strides = {8, 16, 16};
       },
       "head_description.strides: 16: stands there twice"},
      {[](Head& h) { h.anchors.pop_back(); },
       "head_description.anchors: of 2 strides: there are 3 strides"},
      {[](Head& h) { h.anchors.clear(), h.boxes_per_cell = 3; },
       "head_description.anchors: none: boxes that are told from anchors need them"},
      {[](Head& h) { h.outputs[0].columns.erase(h.outputs[0].columns.begin()); },
       "head_description.outputs: 0 of \"box\" at the stride 8: must be one"},
      {[](Head& h) {
         h.outputs[0].columns.push_back({kOther, kNone, true, 40});
       },
       "head_description.outputs[0].columns: 45 and classes: \"conv_"},
      {[](Head& h) { h.outputs[0].columns[2].applied = true; }, "classes is not the sigmoid of a"},
      {[](Head& h) { h.outputs[0].columns[0].function = kExp; },
       "head_description.outputs[0].columns[0].function: \"exp\": what a box's numbers go through"},
      {[](Head& h) { h.outputs[0].columns[1].function = kSoftmax; },
       "head_description.outputs[0].columns[1].function: \"softmax\": no function of "
       "\"objectness\""},
      {[](Head& h) { h.box.from = BoxFrom::kDistances; },
       "head_description.box.unit: \"anchor\": distances are in strides or pixels"},
      {[](Head& h) { h.box.bins = 8; }, "head_description.box.bins: 8: only distances without"},
      {[](Head& h) { h.box.size = kSigmoid; }, "head_description.box.size: \"sigmoid\": a size's"},
      {[](Head& h) { h.box.centre = kExp; }, "head_description.box.centre: \"exp\": a centre's"},
      {[](Head& h) { h.outputs.clear(); }, "head_description.outputs: none: name the outputs"},
  };
  const Graph graph = test::small_maps({});
  const Observation seen = observed(graph);
  for (const Case& one : cases) {
    HeadDescription description = yolov5_maps(false, kMaps);
    one.wrong(description);
    const auto match = find_described_head(graph, seen, "mine", description);
    ASSERT_FALSE(match) << one.said;
    EXPECT_EQ(match.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(match.error().message, HasSubstr(one.said));
  }
}

TEST(DescribedHead, a_decoded_box_that_is_told_otherwise_is_refused) {
  const Graph graph = test::SmallDfl({}).graph();
  const Observation seen = observed(graph);
  const auto fails = [&](HeadDescription head, const char* said) {
    const auto match = find_described_head(graph, seen, "mine", head);
    ASSERT_FALSE(match) << said;
    EXPECT_THAT(match.error().message, HasSubstr(said));
  };
  HeadDescription head = yolov8(kColumnsFirst, BoxHeld::kCentreSize);
  head.box.origin = 0;
  fails(head, "stride 8, cell 0, box 0: the box is not told from distances");
  head = yolov8(kColumnsFirst, BoxHeld::kCorners);
  fails(head, "the box is not told from distances as the description says");
  head = yolov8(kColumnsFirst, BoxHeld::kCentreSize);
  head.strides = {8, 16};
  fails(head, "as strides and boxes a cell have it");
}

TEST(DescribedHead, outputs_of_another_shape_are_not_read) {
  const HeadDef head = test::unwrap(head_for("mine", yolov5_maps(false, kMaps)));
  const auto outputs = test::outputs_on_noise(test::small_maps({}));
  EXPECT_TRUE(head.decode(outputs, 64, 128, 0.5));
  const auto other = head.decode(outputs, 96, 128, 0.5);
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, HasSubstr("expected (1, 21, 12, 16), (1, 21, 6, 8)"));
  EXPECT_FALSE(head.decode({}, 64, 128, 0.5));
}

}  // namespace
}  // namespace pare::engine
