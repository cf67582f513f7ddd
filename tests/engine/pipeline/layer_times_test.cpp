#include "engine/pipeline/layer_times.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pare::engine {
namespace {

using testing::DoubleEq;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

// image -> Conv_1 -> Relu -> MaxPool -> Conv_13 -> Concat (with the image, resized) -> boxes
Graph small_graph() {
  Graph graph;
  const auto add = [&](const char* name, const char* op, std::vector<std::string> inputs,
                       const char* output) {
    graph.nodes.push_back({name, op, "", std::move(inputs), {output}, {}});
  };
  add("Conv_1", "Conv", {"image", "w1"}, "input.4");
  add("Relu_2", "Relu", {"input.4"}, "onnx::MaxPool_7");
  add("MaxPool_3", "MaxPool", {"onnx::MaxPool_7"}, "pooled");
  add("Conv_13", "Conv", {"pooled", "w2"}, "input.8");
  add("Resize_4", "Resize", {"image"}, "small");
  add("Concat_5", "Concat", {"small", "input.8"}, "boxes");
  return graph;
}

TEST(LayerTimes, names_that_a_runtime_made_of_nodes_and_tensors_find_their_layer) {
  const std::vector<LayerTime> times = {{"Conv_1/WithoutBiases", "Convolution", 1},
                                        {"onnx::MaxPool_7_nchwc", "Conv", 2},
                                        {"Conv_13_token_289", "QLinearConv", 4},
                                        {"input.8_abcd_acdb_Concat_5", "Reorder", 8}};
  EXPECT_THAT(times_of_layers(small_graph(), times),
              UnorderedElementsAre(Pair("Conv_1", DoubleEq(3)), Pair("Conv_13", DoubleEq(12))));
}

TEST(LayerTimes, a_node_without_weights_counts_for_the_layer_that_it_works_on) {
  const std::vector<LayerTime> times = {
      {"Conv_13", "Convolution", 1}, {"MaxPool_3", "MaxPool", 2}, {"Concat_5", "Concat", 4}};
  EXPECT_THAT(times_of_layers(small_graph(), times),
              UnorderedElementsAre(Pair("Conv_1", DoubleEq(2)), Pair("Conv_13", DoubleEq(5))));
}

TEST(LayerTimes, what_has_no_name_counts_for_what_ran_before_it) {
  const std::vector<LayerTime> times = {{"reorder", "Reorder", 1},
                                        {"Conv_1", "Convolution", 2},
                                        {"ReorderOutput_token_91", "ReorderOutput", 4},
                                        {"Conv_13", "Convolution", 8}};
  EXPECT_THAT(times_of_layers(small_graph(), times),
              UnorderedElementsAre(Pair("Conv_1", DoubleEq(7)), Pair("Conv_13", DoubleEq(8))));
}

// Conv_1 is not what "Conv_130" begins with, and "Conv_1x" is nobody.
TEST(LayerTimes, a_name_ends_where_the_runtimes_does) {
  const std::vector<LayerTime> times = {{"Conv_13", "Convolution", 1},
                                        {"Conv_130", "x", 2},
                                        {"Conv_1x", "x", 4},
                                        {"Conv_1", "Conv", 8}};
  EXPECT_THAT(times_of_layers(small_graph(), times),
              UnorderedElementsAre(Pair("Conv_13", DoubleEq(7)), Pair("Conv_1", DoubleEq(8))));
}

TEST(LayerTimes, without_layers_or_times_there_are_none) {
  EXPECT_THAT(times_of_layers(small_graph(), {}), IsEmpty());
  EXPECT_THAT(times_of_layers({}, std::vector<LayerTime>{{"Conv_1", "Conv", 1}}), IsEmpty());
}

}  // namespace
}  // namespace pare::engine
