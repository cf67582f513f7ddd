// One small network for each operator that changes when channels go, or through which they pass in
// a way of its own; and for uses that are refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

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
       },
       "ConvTranspose up reads them"},
      {"DepthwiseThatDoublesChannels", 13,
       [](GraphBuilder& b, const std::string& x) {
         return b.conv(x, {.channels = 16, .groups = 8, .name = "double"});
       }},
      {"PerChannelScaleOfAFlatMap", 13,
       [](GraphBuilder& b, const std::string& x) {
         const std::string rows = b.reshape(x, {1, 8, 36});
         return b.reshape(b.mul(rows, b.constant({8, 1})), {1, 8, 6, 6});
       }},
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
      widths[group.name] = static_cast<int>(group.units.size() / 2);
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
