#include "engine/quant/equalize.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/graph_builder.h"

namespace pare::engine {
namespace {

using test::GraphBuilder;

// Multiplies the weights and the bias of one output channel of a convolution.
void stretch(Graph& graph, const std::string& name, std::size_t channel, float factor) {
  const Node& node = *find_node(graph, name);
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    Tensor& constant = graph.constants.at(node.inputs[i]);
    const auto values = constant.values<float>();
    std::vector<float> changed(values.begin(), values.end());
    const std::size_t each = changed.size() / static_cast<std::size_t>(constant.shape()[0]);
    for (std::size_t k = channel * each; k < (channel + 1) * each; ++k) changed[k] *= factor;
    constant = Tensor::of<float>(constant.shape(), changed);
  }
}

float largest_of_channel(const Graph& graph, const std::string& name, std::size_t channel) {
  const Tensor& weights = graph.constants.at(find_node(graph, name)->inputs[1]);
  const auto values = weights.values<float>();
  const std::size_t each = values.size() / static_cast<std::size_t>(weights.shape()[0]);
  float largest = 0;
  for (std::size_t k = channel * each; k < (channel + 1) * each; ++k) {
    largest = std::max(largest, std::abs(values[k]));
  }
  return largest;
}

Graph chain(bool silu) {
  GraphBuilder b(3);
  const auto x = b.conv(b.input({1, 4, 16, 16}), {.channels = 8, .name = "first"});
  const auto act = silu ? b.silu(x) : b.relu(x);
  const auto dw = b.relu(b.conv(act, {.channels = 8, .groups = 8, .name = "depthwise"}));
  b.output(b.conv(dw, {.channels = 6, .kernel = 1, .name = "last"}));
  Graph graph = b.build();
  stretch(graph, "first", 2, 64);
  stretch(graph, "first", 5, 1.0F / 32);
  return graph;
}

TEST(Equalize, channels_of_unlike_ranges_are_brought_together) {
  const Graph graph = chain(false);
  const EqualizedGraph equal = equalize(graph);
  const auto spread = [](const Graph& g) {
    return largest_of_channel(g, "first", 2) / largest_of_channel(g, "first", 5);
  };
  EXPECT_GT(spread(graph), 1'000);
  EXPECT_LT(spread(equal.graph), 100);
}

// Powers of two change exponents only: every product and sum is the same but for its exponent.
TEST(Equalize, weights_are_scaled_by_powers_of_two_that_cancel_along_the_chain) {
  const Graph graph = chain(false);
  const EqualizedGraph equal = equalize(graph);
  const std::vector<int>& down = equal.halvings.at(find_node(graph, "first")->outputs[0]);
  const auto before = graph.constants.at(find_node(graph, "first")->inputs[1]).values<float>();
  const auto after = equal.graph.constants.at(find_node(graph, "first")->inputs[1]).values<float>();
  const std::size_t each = before.size() / down.size();
  for (std::size_t k = 0; k < before.size(); ++k) {
    EXPECT_EQ(after[k], std::ldexp(before[k], -down[k / each]));
  }
  const std::vector<int>& further = equal.halvings.at(find_node(graph, "depthwise")->outputs[0]);
  const auto dw = graph.constants.at(find_node(graph, "depthwise")->inputs[1]).values<float>();
  const auto dw_after =
      equal.graph.constants.at(find_node(graph, "depthwise")->inputs[1]).values<float>();
  const std::size_t kernel = dw.size() / further.size();
  for (std::size_t k = 0; k < dw.size(); ++k) {
    const std::size_t c = k / kernel;
    EXPECT_EQ(dw_after[k], std::ldexp(dw[k], down[c] - further[c]));
  }
}

TEST(Equalize, what_stands_before_a_silu_and_what_has_two_readers_stays_as_it_is) {
  const Graph silu = chain(true);
  EXPECT_FALSE(equalize(silu).halvings.contains(find_node(silu, "first")->outputs[0]));
  GraphBuilder b(4);
  const auto x = b.conv(b.input({1, 4, 16, 16}), {.channels = 8, .name = "first"});
  const auto y = b.conv(x, {.channels = 8, .name = "second"});
  b.output(b.add(x, y));
  const Graph two = b.build();
  const EqualizedGraph equal = equalize(two);
  EXPECT_EQ(equal.graph, two);
  EXPECT_TRUE(equal.halvings.empty());
}

}  // namespace
}  // namespace pare::engine
