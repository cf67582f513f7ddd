// One small network for each operator that changes when channels go, or through which they pass in
// a way of its own; and for uses that are refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>

#include "tests/engine/prune/flow_blocks.h"
#include "tests/engine/prune/pruning_check.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {
namespace {

using Ints = std::vector<std::int64_t>;
constexpr std::int64_t kOne = 1;

struct Case {
  std::string name;
  int opset = 13;
  // From a tensor of 1x8x6x6 to one that the last convolution, or the output, can read.
  std::function<std::string(GraphBuilder&, const std::string&)> write;
  std::string frozen = {};  // what the reason holds; empty: the channels can go
};

std::vector<Case> cases() {
  return {
      {"ReduceMeanKeepsDimensions", 13,
       [](GraphBuilder& b, const std::string& x) {
         return b.node("ReduceMean", {x}, {{1, 8, 1, 1}}, {{"axes", Ints{2, 3}}})[0];
       }},
      {"ReduceMeanDropsDimensions", 18,
       [](GraphBuilder& b, const std::string& x) {
         const std::string flat = b.node("ReduceMean", {x, b.ints({-1, 2})}, {{1, 8}},
                                         {{"keepdims", std::int64_t{0}}})[0];
         return b.node("Unsqueeze", {flat, b.ints({2, 3})}, {{1, 8, 1, 1}})[0];
       }},
      {"ReduceMeanOverChannels", 13,
       [](GraphBuilder& b, const std::string& x) {
         return b.node("ReduceMean", {x}, {{1, 1, 6, 6}}, {{"axes", Ints{1}}})[0];
       },
       "adds up the channels"},
      {"SoftmaxOverPositions", 13,
       [](GraphBuilder& b, const std::string& x) {
         return b.node("Softmax", {x}, {b.shape(x)}, {{"axis", std::int64_t{-1}}})[0];
       }},
      {"SoftmaxOverChannels", 13,
       [](GraphBuilder& b, const std::string& x) {
         return b.node("Softmax", {x}, {b.shape(x)}, {{"axis", kOne}})[0];
       },
       "the sum over all of them"},
      {"SoftmaxOfOldOverAllThatFollows", 11,
       [](GraphBuilder& b, const std::string& x) {
         return b.node("Softmax", {x}, {b.shape(x)}, {{"axis", kOne}})[0];
       },
       "the sum over all of them"},
      {"SoftmaxOfOldOverPositions", 11,
       [](GraphBuilder& b, const std::string& x) {
         return b.node("Softmax", {x}, {b.shape(x)}, {{"axis", std::int64_t{2}}})[0];
       }},
      {"SqueezeAndUnsqueeze", 11,
       [](GraphBuilder& b, const std::string& x) {
         const std::string map = b.node("Squeeze", {x}, {{8, 6, 6}}, {{"axes", Ints{0}}})[0];
         return b.node("Unsqueeze", {map}, {{1, 8, 6, 6}}, {{"axes", Ints{0}}})[0];
       }},
      {"SqueezeOfNoNamedDimension", 13,
       [](GraphBuilder& b, const std::string& x) {
         const std::string map = b.node("Squeeze", {x}, {{8, 6, 6}})[0];
         return b.node("Unsqueeze", {map, b.ints({0})}, {{1, 8, 6, 6}})[0];
       },
       "names no dimensions"},
      {"GatherOfChannels", 13,
       [](GraphBuilder& b, const std::string& x) {
         return b.node("Gather", {x, b.ints({7, 2, -3, 2})}, {{1, 4, 6, 6}}, {{"axis", kOne}})[0];
       }},
      {"GatherOutOfAShuffle", 13,  // as FastestDet does it
       [](GraphBuilder& b, const std::string& x) {
         const std::string pairs = b.reshape(x, {4, 2, 36});
         const std::string halves = b.reshape(b.transpose(pairs, {1, 0, 2}), {2, 1, 4, 6, 6});
         const std::int64_t zero = 0;
         const auto half = [&](const std::int64_t& at) {
           const std::string index = b.constant(Tensor::of<std::int64_t>({}, std::span(&at, 1)));
           return b.node("Gather", {halves, index}, {{1, 4, 6, 6}}, {{"axis", zero}})[0];
         };
         return b.concat({half(kOne), b.relu(half(zero))});
       }},
      {"ResizeToSizes", 13,
       [](GraphBuilder& b, const std::string& x) {
         return b.node("Resize", {x, "", "", b.ints({1, 8, 12, 9})}, {{1, 8, 12, 9}},
                       {{"mode", std::string("nearest")}})[0];
       }},
      {"PadOfMaps", 13,
       [](GraphBuilder& b, const std::string& x) {
         return b.node("Pad", {x, b.ints({0, 0, 1, 2, 0, 0, 0, 1})}, {{1, 8, 7, 9}})[0];
       }},
      {"PadOfChannels", 13,
       [](GraphBuilder& b, const std::string& x) {
         return b.node("Pad", {x, b.ints({0, 1, 0, 0, 0, 0, 0, 0})}, {{1, 9, 6, 6}})[0];
       },
       "adds channels"},
      {"ConcatAlongRows", 13,
       [](GraphBuilder& b, const std::string& x) {
         const std::string other = b.conv(x, {.channels = 8, .name = "other"});
         return b.concat({x, other}, 2);
       }},
      {"ConcatWithAConstant", 13,
       [](GraphBuilder& b, const std::string& x) {
         return b.concat({b.constant({1, 2, 6, 6}), x});
       }},
      {"SliceByAttributes", 9,
       [](GraphBuilder& b, const std::string& x) {
         return b.node("Slice", {x}, {{1, 5, 6, 4}},
                       {{"axes", Ints{1, 3}}, {"starts", Ints{-6, 1}}, {"ends", Ints{7, 5}}})[0];
       }},
      {"SplitByAttributes", 11,
       [](GraphBuilder& b, const std::string& x) {
         const auto parts = b.node("Split", {x}, {{1, 3, 6, 6}, {1, 5, 6, 6}},
                                   {{"axis", kOne}, {"split", Ints{3, 5}}});
         return b.concat({parts[1], parts[0], parts[1]});
       }},
      {"SplitIntoANumber", 18,
       [](GraphBuilder& b, const std::string& x) {
         const auto parts = b.node("Split", {x}, {{1, 4, 6, 6}, {1, 4, 6, 6}},
                                   {{"axis", kOne}, {"num_outputs", std::int64_t{2}}});
         return b.concat({parts[1], b.relu(parts[0])});
       }},
      {"ReshapeThatCopiesDimensions", 13,
       [](GraphBuilder& b, const std::string& x) {
         const std::string rows = b.node("Reshape", {x, b.ints({0, 0, -1})}, {{1, 8, 36}})[0];
         return b.node("Reshape", {rows, b.ints({1, 0, 6, 6})}, {{1, 8, 6, 6}})[0];
       }},
      {"ReshapeThatCopiesTheChannelsNumberElsewhere", 13,
       [](GraphBuilder& b, const std::string& x) {
         const std::string rows = b.slice(b.reshape(x, {1, 8, 36}), 2, 0, 8);
         const std::string turned = b.node("Reshape", {rows, b.ints({8, 0, 1})}, {{8, 8, 1}})[0];
         return b.reshape(turned, {1, 8, 8, 1});
       }},
      {"ConvTransposeMakesChannels", 13,
       [](GraphBuilder& b, const std::string& x) {
         const std::string up =
             b.node("ConvTranspose", {x, b.constant({8, 5, 2, 2}), b.constant({5})},
                    {{1, 5, 12, 12}}, {{"strides", Ints{2, 2}}}, "up")[0];
         return b.relu(up);
       }},
      {"ConvTransposeInGroups", 13,
       [](GraphBuilder& b, const std::string& x) {
         return b.node("ConvTranspose", {x, b.constant({8, 3, 2, 2}), b.constant({12})},
                       {{1, 12, 12, 12}}, {{"strides", Ints{2, 2}}, {"group", std::int64_t{4}}})[0];
       }},
      {"ConvolutionInFewGroups", 13,  // channel k of every group goes together
       [](GraphBuilder& b, const std::string& x) {
         return b.relu(b.conv(x, {.channels = 12, .groups = 2}));
       }},
      {"ConvolutionInManyGroups", 13,  // whole groups go
       [](GraphBuilder& b, const std::string& x) {
         return b.relu(b.conv(x, {.channels = 8, .groups = 4}));
       }},
      {"DepthwiseThatDoublesChannels", 13,
       [](GraphBuilder& b, const std::string& x) {
         return b.conv(x, {.channels = 16, .groups = 8, .name = "double"});
       }},
      {"PerChannelScaleOfAFlatMap", 13,
       [](GraphBuilder& b, const std::string& x) {
         const std::string rows = b.reshape(x, {1, 8, 36});
         return b.reshape(b.mul(rows, b.constant({8, 1})), {1, 8, 6, 6});
       }},
      {"InstanceNormalization", 13,
       [](GraphBuilder& b, const std::string& x) {
         return b.node("InstanceNormalization", {x, b.constant({8}, 0.5F, 1.5F), b.constant({8})},
                       {b.shape(x)})[0];
       }},
      {"GroupNormInItsParts", 13,
       [](GraphBuilder& b, const std::string& x) { return group_norm(b, x, 4); }},
      {"GroupNormOfOneGroup", 13,
       [](GraphBuilder& b, const std::string& x) { return group_norm(b, x, 1); },
       "by the spread of all"},
      {"GroupNormalizationByGroup", 18,
       [](GraphBuilder& b, const std::string& x) {
         return b.node("GroupNormalization", {x, b.constant({4}, 0.5F, 1.5F), b.constant({4})},
                       {b.shape(x)}, {{"num_groups", std::int64_t{4}}})[0];
       }},
      {"GroupNormalizationByChannel", 21,
       [](GraphBuilder& b, const std::string& x) {
         return b.node("GroupNormalization", {x, b.constant({8}, 0.5F, 1.5F), b.constant({8})},
                       {b.shape(x)}, {{"num_groups", std::int64_t{4}}})[0];
       }},
      {"LayerNormOverChannels", 17,
       [](GraphBuilder& b, const std::string& x) { return layer_norm(b, x, false); },
       "the spread of all of them"},
      {"LayerNormInItsParts", 13,
       [](GraphBuilder& b, const std::string& x) { return layer_norm(b, x, true); },
       "adds up the channels"},
      {"LayerNormOverPositions", 17,
       [](GraphBuilder& b, const std::string& x) {
         return b.node("LayerNormalization", {x, b.constant({6}), b.constant({6})},
                       {b.shape(x)})[0];
       }},
      {"DepthToSpaceRowsFirst", 13,
       [](GraphBuilder& b, const std::string& x) { return pixel_shuffle(b, x, false); }},
      {"DepthToSpaceColumnsFirst", 13,
       [](GraphBuilder& b, const std::string& x) { return pixel_shuffle(b, x, true); }},
      {"PixelShuffleInItsParts", 13,
       [](GraphBuilder& b, const std::string& x) {
         return b.max_pool(pixel_shuffle_in_pieces(b, x), 3, 2);
       }},
      {"SpaceToDepth", 13,
       [](GraphBuilder& b, const std::string& x) {
         return b.node("SpaceToDepth", {x}, {{1, 32, 3, 3}}, {{"blocksize", std::int64_t{2}}})[0];
       }},
      {"GridSample", 16,
       [](GraphBuilder& b, const std::string& x) {
         return grid_sample(b, b.conv(x, {.channels = 8, .name = "sampled"}));
       }},
      {"ResizeOfSomeDimensions", 18,
       [](GraphBuilder& b, const std::string& x) {
         return b.node("Resize", {x, "", "", b.ints({12, 8, 9})}, {{1, 8, 12, 9}},
                       {{"mode", std::string("nearest")}, {"axes", Ints{2, 1, 3}}})[0];
       }},
      {"WhereByChannel", 13,
       [](GraphBuilder& b, const std::string& x) {
         const std::array<bool, 8> picked = {true, false, true, true, false, false, true, false};
         const std::string which = b.constant(Tensor::of<bool>({8, 1, 1}, picked));
         return b.node("Where", {which, x, b.sigmoid(x)}, {b.shape(x)})[0];
       }},
      {"GatesFromFullyConnectedLayers", 13,
       [](GraphBuilder& b, const std::string& x) { return channel_gates(b, x, true); }},
      {"GatesOfPositions", 13,
       [](GraphBuilder& b, const std::string& x) { return spatial_gates(b, x); },
       "adds up the channels"},
      {"LargestOfEachHalf", 13,  // the same channels of both halves go together
       [](GraphBuilder& b, const std::string& x) {
         const std::string apart = b.reshape(x, {1, 2, 4, 6, 6});
         return b.node("ReduceMax", {apart}, {{1, 4, 6, 6}},
                       {{"axes", Ints{1}}, {"keepdims", std::int64_t{0}}})[0];
       }},
      {"TokensThroughAMatrix", 13,
       [](GraphBuilder& b, const std::string& x) { return token_mlp(b, x, 12); }},
      {"AttentionWithPositions", 13,
       [](GraphBuilder& b, const std::string& x) { return positional_attention(b, x, 2, 3); }},
      {"AttentionOfManyHeads", 13,
       [](GraphBuilder& b, const std::string& x) { return positional_attention(b, x, 4, 2); }},
      {"AttentionOfTokens", 13,
       [](GraphBuilder& b, const std::string& x) { return token_attention(b, x, 2); }},
      {"AttentionByEinsum", 13,
       [](GraphBuilder& b, const std::string& x) { return einsum_attention(b, x, 2); }},
      {"AttentionBetweenChannels", 13,
       [](GraphBuilder& b, const std::string& x) { return channel_attention(b, x); },
       "multiplies channels by other channels"},
      {"HeightForChannels", 13,  // a plain image of weights: nothing to cut
       [](GraphBuilder& b, const std::string& x) {
         return b.add(b.mul(x, b.constant({6, 6})), b.constant(Shape{}));
       }},
  };
}

class Operator : public testing::TestWithParam<Case> {};

TEST_P(Operator, pruned_through_it_equals_the_original_that_ignores_the_removed_channels) {
  GraphBuilder b(5, GetParam().opset);
  const std::string stem = b.conv(b.input({1, 3, 6, 6}), {.channels = 8, .name = "stem"});
  const std::string end = GetParam().write(b, stem);
  b.output(b.conv(end, {.channels = 2, .name = "last"}));
  const Analysed model = analyse(b.build());

  std::string reason;
  for (const Frozen& frozen : model.groups.frozen) {
    if (model.graph.nodes[frozen.node].name == "stem") reason = frozen.reason;
  }
  if (GetParam().frozen.empty()) {
    EXPECT_EQ(reason, "");
  } else {
    EXPECT_THAT(reason, testing::HasSubstr(GetParam().frozen));
  }
  for (unsigned seed = 1; seed <= 2; ++seed) {
    std::map<std::string, int> widths;
    for (const Group& group : model.groups.groups) {
      widths[group.name] = static_cast<int>((group.units.size() + 1) / 2);
    }
    const auto removed = select_units(model.groups, widths, random_orders(model.groups, seed));
    ASSERT_TRUE(removed) << removed.error().message;
    EXPECT_LT(compare_with_muted(model, removed.value(), seed).error, 1e-5) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Operator, testing::ValuesIn(cases()),
                         [](const auto& of) { return of.param.name; });

}  // namespace
}  // namespace pare::engine::test
