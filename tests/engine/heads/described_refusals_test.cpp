// Descriptions of heads that do not fit the detector, or contradict themselves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/engine/heads/described_families.h"
#include "tests/engine/heads/dfl_detectors.h"
#include "tests/engine/heads/known_head.h"
#include "tests/engine/heads/small_anchor_maps.h"

namespace pare::engine {
namespace {

using namespace test;  // the descriptions, and their words
using ::testing::HasSubstr;

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
