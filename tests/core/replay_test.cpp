#include "core/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace pare {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ChannelGroup group(const std::string& name, int channels, std::vector<int> widths) {
  ChannelGroup made;
  made.name = name;
  made.channels = channels;
  made.widths = std::move(widths);
  return made;
}

Layer layer(const std::string& name) {
  Layer made;
  made.name = name;
  made.op = "Conv";
  return made;
}

ModelSummary model() {
  ModelSummary summary;
  summary.card.head = "yolox";
  summary.stride = 32;
  summary.groups = {group("stem", 16, {8, 16}), group("neck", 32, {8, 16, 24, 32})};
  for (const char* name : {"stem", "neck", "boxes"}) {
    summary.layers.push_back(layer(name));
  }
  return summary;
}

Plan plan() {
  Plan plan;
  plan.height = 256;
  plan.width = 320;
  plan.widths = {{"neck", 16}};
  plan.quantization = QuantizationPlan{};
  plan.layers["stem"].int8 = false;
  return plan;
}

TEST(Replay, the_same_graph_has_nothing_to_say) {
  const ReplayReport report = check_replay(plan(), model(), model());
  EXPECT_THAT(report.obstacles, IsEmpty());
  EXPECT_THAT(report.warnings, IsEmpty());
}

TEST(Replay, blocks_and_kernels_that_are_not_there_are_obstacles) {
  ModelSummary other = model();
  other.stages = {{{{"neck", {"neck"}, {}}}}};
  other.kernels = {{"stem", {3}}};
  Plan wanted = plan();
  wanted.skip = {"neck"};
  wanted.kernels = {{"stem", 3}};
  EXPECT_THAT(check_replay(wanted, other, std::nullopt).obstacles, IsEmpty());
  wanted.skip = {"head"};
  wanted.kernels = {{"stem", 1}};
  EXPECT_THAT(check_replay(wanted, other, std::nullopt).obstacles,
              ElementsAre(HasSubstr("skips block 'head', which the model does not have"),
                          HasSubstr("layer 'stem' a kernel of 1x1, which it cannot have")));
}

TEST(Replay, a_group_that_is_not_there_is_an_obstacle) {
  ModelSummary other = model();
  other.groups[1].name = "neck.conv";
  EXPECT_THAT(check_replay(plan(), other, std::nullopt).obstacles,
              ElementsAre("the plan narrows group 'neck', which the model does not have"));
}

TEST(Replay, a_layer_that_is_not_there_is_an_obstacle) {
  ModelSummary other = model();
  other.layers[0].name = "input";
  EXPECT_THAT(check_replay(plan(), other, std::nullopt).obstacles,
              ElementsAre("the plan has a word on layer 'stem', which the model does not have"));
}

TEST(Replay, a_width_that_the_group_cannot_have_is_an_obstacle) {
  for (const auto& [channels, widths] :
       {std::pair(8, std::vector<int>{8}), std::pair(30, std::vector<int>{10, 20, 30})}) {
    ModelSummary other = model();
    other.groups[1].channels = channels;
    other.groups[1].widths = widths;
    const auto obstacles = check_replay(plan(), other, std::nullopt).obstacles;
    ASSERT_EQ(obstacles.size(), 1U);
    EXPECT_THAT(obstacles[0], HasSubstr("has " + std::to_string(channels) + " there"));
  }
}

TEST(Replay, an_input_that_is_no_multiple_of_the_stride_is_an_obstacle) {
  ModelSummary other = model();
  other.stride = 128;
  EXPECT_THAT(check_replay(plan(), other, std::nullopt).obstacles,
              ElementsAre("the plan's input of 256x320 is no multiple of the model's stride 128"));
}

TEST(Replay, a_group_that_is_as_wide_as_the_plan_wants_it_is_a_warning) {
  ModelSummary other = model();
  other.groups[1] = group("neck", 16, {8, 16});
  const ReplayReport report = check_replay(plan(), other, std::nullopt);
  EXPECT_THAT(report.obstacles, IsEmpty());
  EXPECT_THAT(report.warnings, ElementsAre(HasSubstr("group 'neck' to 16 channels")));
}

TEST(Replay, what_differs_from_the_original_is_a_warning_that_names_it) {
  ModelSummary other = model();
  other.card.head = "yolov5";
  other.groups[0].channels = 24;
  other.layers.push_back(layer("extra"));
  const ReplayReport report = check_replay(plan(), other, model());
  EXPECT_THAT(report.obstacles, IsEmpty());
  EXPECT_THAT(report.warnings, ElementsAre("the model's head is yolov5, the original's was yolox",
                                           "the model has 4 layers, the original had 3",
                                           "layers that the original did not have: 'extra'",
                                           "group 'stem' has 24 channels, the original had 16"));
  EXPECT_THAT(check_replay(plan(), model(), other).warnings,
              testing::Contains("layers of the original that the model does not have: 'extra'"));
}

TEST(Replay, weights_of_a_super_network_are_left_behind_with_a_warning) {
  Plan inherited = plan();
  inherited.weights = Weights::kSupernet;
  const auto report = check_replay(inherited, model(), std::nullopt);
  EXPECT_THAT(report.obstacles, IsEmpty());
  EXPECT_THAT(report.warnings, ElementsAre(HasSubstr("closed form instead")));
}

TEST(Replay, weights_that_were_trained_for_the_plan_alone_are_left_behind_with_another_warning) {
  Plan tuned = plan();
  tuned.weights = Weights::kTuned;
  const auto report = check_replay(tuned, model(), std::nullopt);
  EXPECT_THAT(report.obstacles, IsEmpty());
  EXPECT_THAT(report.warnings, ElementsAre(testing::AllOf(HasSubstr("trained for it alone"),
                                                          HasSubstr("closed form instead"))));
}

TEST(Replay, a_long_list_of_names_is_cut) {
  ModelSummary other = model();
  for (int i = 0; i < 9; ++i) {
    other.layers.push_back(layer("extra" + std::to_string(i)));
  }
  EXPECT_THAT(check_replay(plan(), other, model()).warnings,
              testing::Contains(HasSubstr("'extra4' and 4 more")));
}

}  // namespace
}  // namespace pare
