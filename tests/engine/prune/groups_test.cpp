#include "engine/prune/groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/ops/all_ops.h"
#include "tests/engine/prune/flow_blocks.h"
#include "tests/engine/prune/pruning_check.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// images -> conv "stem" of `channels`
struct Net {
  GraphBuilder builder;
  std::string stem;
  explicit Net(int channels)
      : stem(builder.conv(builder.input({1, 3, 8, 8}), {.channels = channels, .name = "stem"})) {}
  std::string last(const std::string& x) {
    return builder.conv(x, {.channels = 2, .name = "last"});
  }
  Analysed analysed(const std::string& x) {
    builder.output(last(x));
    return analyse(builder.build());
  }
};

std::vector<std::string> names(const Analysed& model, const std::vector<std::size_t>& nodes) {
  std::vector<std::string> found;
  for (const std::size_t n : nodes) found.push_back(model.graph.nodes[n].name);
  return found;
}

std::string reason_of(const Analysed& model, const std::string& layer) {
  for (const Frozen& frozen : model.groups.frozen) {
    if (model.graph.nodes[frozen.node].name == layer) return frozen.reason;
  }
  return "";
}

TEST(Groups, both_branches_of_a_residual_add_are_one_group) {
  Net net(8);
  const std::string branch = net.builder.conv(net.stem, {.channels = 8, .name = "branch"});
  const Analysed model = net.analysed(net.builder.add(net.stem, branch));
  ASSERT_EQ(model.groups.groups.size(), 1U);
  const Group& group = model.groups.groups[0];
  EXPECT_EQ(group.name, "stem");
  EXPECT_EQ(group.units.size(), 8U);
  EXPECT_THAT(names(model, group.producers), ElementsAre("stem", "branch"));
  EXPECT_THAT(names(model, group.consumers), ElementsAre("branch", "last"));
}

TEST(Groups, a_depthwise_convolution_carries_the_channels_it_reads) {
  Net net(8);
  const Analysed model =
      net.analysed(net.builder.conv(net.stem, {.channels = 8, .groups = 8, .name = "depthwise"}));
  ASSERT_EQ(model.groups.groups.size(), 1U);
  EXPECT_THAT(names(model, model.groups.groups[0].carriers), ElementsAre("depthwise"));
  EXPECT_THAT(names(model, model.groups.groups[0].producers), ElementsAre("stem"));
}

TEST(Groups, the_last_convolution_is_frozen_because_of_the_output_that_it_makes) {
  Net net(8);
  EXPECT_EQ(reason_of(net.analysed(net.stem), "last"), "they reach the output last");
}

TEST(Groups, an_operator_that_is_not_understood_freezes_what_it_touches_by_name) {
  Net net(8);
  const Analysed model = net.analysed(
      net.builder.node("LRN", {net.stem}, {{1, 8, 8, 8}}, {{"size", std::int64_t{3}}}, "lrn")[0]);
  EXPECT_THAT(model.groups.groups, IsEmpty());
  EXPECT_EQ(reason_of(model, "stem"), "LRN lrn is an operator that Pare does not understand");
}

// Channels of the first and of the last unit of a group in a tensor.
std::vector<int> channels_of_unit(const Analysed& model, const std::string& tensor, Symbol unit) {
  std::vector<int> found;
  const std::vector<Symbol>& symbols = model.groups.layouts.at(tensor).symbols;
  for (std::size_t c = 0; c < symbols.size(); ++c) {
    if (symbols[c] == unit) found.push_back(static_cast<int>(c));
  }
  return found;
}

TEST(Groups, in_a_few_groups_of_a_convolution_the_same_channels_of_all_go_together) {
  Net net(8);
  const Analysed model =
      net.analysed(net.builder.conv(net.stem, {.channels = 12, .groups = 2, .name = "grouped"}));
  ASSERT_EQ(model.groups.groups.size(), 2U);
  const Group &read = model.groups.groups[0], &made = model.groups.groups[1];
  EXPECT_EQ(read.units.size(), 4U);
  EXPECT_EQ(made.units.size(), 6U);
  EXPECT_THAT(channels_of_unit(model, "stem", read.units[1]), ElementsAre(1, 5));
  EXPECT_THAT(channels_of_unit(model, "grouped", made.units[1]), ElementsAre(1, 7));
  EXPECT_THAT(read.consumers, IsEmpty());
  EXPECT_THAT(names(model, read.readers), ElementsAre("grouped"));
}

TEST(Groups, of_many_groups_of_a_convolution_whole_ones_go) {
  Net net(8);
  const Analysed model =
      net.analysed(net.builder.conv(net.stem, {.channels = 12, .groups = 4, .name = "grouped"}));
  ASSERT_EQ(model.groups.groups.size(), 1U);
  const Group& group = model.groups.groups[0];
  EXPECT_EQ(group.units.size(), 4U);
  EXPECT_THAT(channels_of_unit(model, "stem", group.units[1]), ElementsAre(2, 3));
  EXPECT_THAT(channels_of_unit(model, "grouped", group.units[1]), ElementsAre(3, 4, 5));
  EXPECT_THAT(names(model, group.carriers), ElementsAre("grouped"));
}

TEST(Groups, attention_offers_the_keys_and_the_values_of_all_heads) {
  Net net(24);
  const Analysed model = net.analysed(positional_attention(net.builder, net.stem, 2, 5));
  // stem; q and k; v; the projection that goes to the last convolution
  ASSERT_EQ(model.groups.groups.size(), 4U);
  const Group &keys = model.groups.groups[1], &values = model.groups.groups[2];
  EXPECT_EQ(keys.units.size(), 5U);
  EXPECT_EQ(values.units.size(), 12U);
  // q and k of the first head, then of the second, whose 22 channels follow.
  EXPECT_THAT(channels_of_unit(model, "conv_0", keys.units[1]), ElementsAre(1, 6, 23, 28));
  EXPECT_THAT(channels_of_unit(model, "conv_0", values.units[1]), ElementsAre(11, 33));
  EXPECT_THAT(names(model, keys.readers), ElementsAre("matmul_0"));
  EXPECT_THAT(names(model, values.consumers), ElementsAre("conv_2"));
}

TEST(Groups, where_heads_outnumber_their_channels_whole_heads_go) {
  Net net(8);
  const Analysed model = net.analysed(positional_attention(net.builder, net.stem, 4, 2));
  ASSERT_EQ(model.groups.groups.size(), 3U);
  EXPECT_EQ(model.groups.groups[1].units.size(), 4U);
  EXPECT_THAT(channels_of_unit(model, "conv_0", model.groups.groups[1].units[1]),
              ElementsAre(6, 7, 8, 9, 10, 11));
}

TEST(Groups, a_use_of_an_operator_that_is_not_understood_says_why) {
  Net net(8);
  const Analysed model = net.analysed(net.builder.slice(net.stem, 1, 0, 8, 2));
  EXPECT_THAT(reason_of(model, "stem"), HasSubstr("it takes channels in steps of 2"));
}

TEST(Groups, a_channel_that_is_broadcast_over_others_stays) {
  Net net(8);
  const std::string one = net.builder.conv(net.stem, {.channels = 1, .name = "mask"});
  const std::string eight = net.builder.conv(net.stem, {.channels = 8, .name = "eight"});
  const Analysed model = net.analysed(net.builder.mul(eight, one));
  EXPECT_EQ(reason_of(model, "mask"), "one channel meets several");
  EXPECT_EQ(reason_of(model, "eight"), "");
}

TEST(Groups, channels_spread_over_two_dimensions_go_together_where_more_than_data_moves) {
  Net net(8);
  const std::string apart = net.builder.sigmoid(net.builder.reshape(net.stem, {1, 2, 4, 8, 8}));
  const Analysed model = net.analysed(net.builder.reshape(apart, {1, 8, 8, 8}));
  ASSERT_EQ(model.groups.groups.size(), 1U);
  EXPECT_EQ(model.groups.groups[0].units.size(), 4U);
  EXPECT_THAT(channels_of_unit(model, "stem", model.groups.groups[0].units[1]), ElementsAre(1, 5));
}

TEST(Groups, a_channel_shuffle_is_proved_to_be_a_selection_of_channels) {
  Net net(6);
  const Analysed model = net.analysed(net.builder.channel_shuffle(net.stem, 2));
  ASSERT_EQ(model.groups.shuffles.size(), 1U);
  EXPECT_EQ(model.groups.shuffles[0].source, "stem");
  EXPECT_THAT(model.groups.shuffles[0].exits[0].channels, ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_EQ(model.groups.groups.at(0).units.size(), 6U);
}

TEST(Groups, a_reshape_that_mixes_channels_with_positions_is_no_shuffle) {
  Net net(8);
  const std::string turned = net.builder.transpose(net.stem, {0, 2, 1, 3});
  const Analysed model = net.analysed(net.builder.reshape(turned, {1, 8, 8, 8}));
  // 8x8 positions and 8 channels: the shapes fit, the meaning does not.
  EXPECT_THAT(model.groups.shuffles, IsEmpty());
  EXPECT_THAT(reason_of(model, "stem"), HasSubstr("Conv last"));
}

TEST(Groups, a_shuffle_that_also_turns_the_map_is_no_selection_of_channels) {
  Net net(8);
  const std::string apart = net.builder.reshape(net.stem, {1, 2, 4, 8, 8});
  const std::string turned = net.builder.transpose(apart, {0, 2, 1, 4, 3});
  const Analysed model = net.analysed(net.builder.reshape(turned, {1, 8, 8, 8}));
  EXPECT_THAT(model.groups.shuffles, IsEmpty());
  EXPECT_EQ(model.groups.groups.at(0).units.size(), 4U);  // the same channel of both halves
}

TEST(Groups, units_of_one_convolution_with_different_partners_are_different_groups) {
  Net net(8);
  const auto halves = net.builder.split(net.stem, {4, 4});
  const std::string other = net.builder.conv(halves[1], {.channels = 4, .name = "other"});
  const std::string joined = net.builder.concat({net.builder.add(halves[0], other), halves[1]});
  const Analysed model = net.analysed(joined);
  ASSERT_EQ(model.groups.groups.size(), 2U);
  EXPECT_EQ(model.groups.groups[0].name, "stem");
  EXPECT_EQ(model.groups.groups[1].name, "stem#2");
  EXPECT_EQ(model.groups.groups[0].units.size(), 4U);
}

TEST(Groups, widths_are_multiples_of_the_step_and_the_full_one) {
  Net net(20);
  const std::string few = net.builder.conv(net.stem, {.channels = 6, .name = "few"});
  const Analysed model = net.analysed(few);
  const GroupSummary summary = summarize(model.groups, model.graph);
  ASSERT_EQ(summary.groups.size(), 1U);
  EXPECT_THAT(summary.groups[0].widths, ElementsAre(8, 16, 20));
  ASSERT_EQ(summary.frozen.size(), 2U);
  EXPECT_EQ(summary.frozen[1].layer, "few");
  EXPECT_EQ(summary.frozen[1].reason, "no narrower width is a multiple of 8");
  EXPECT_THAT(summarize(model.groups, model.graph, 3).groups[1].widths, ElementsAre(3, 6));
}

TEST(Groups, an_unobserved_shape_is_an_error_that_names_the_tensor) {
  Net net(8);
  Analysed model = net.analysed(net.stem);
  model.observed.shapes.erase("stem");
  const auto refused = find_groups(model.graph, model.observed, all_ops());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "the shape of tensor stem, made by stem, was not observed");
}

}  // namespace
}  // namespace pare::engine::test
