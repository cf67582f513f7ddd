#include "engine/passes/resize_input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "engine/executor/observe.h"
#include "tests/support/graph_builder.h"
#include "tests/support/run_graph.h"

namespace pare::engine {
namespace {

using test::GraphBuilder;

Result<Graph> resized(const Graph& graph, int height, int width) {
  const auto observed = observe(graph);
  PARE_CHECK(observed.has_value(), observed.error().message);
  return resize_input(graph, observed.value(), height, width);
}

struct Body {
  const char* name;
  std::function<std::string(GraphBuilder&, const std::string&)> build;  // on a map of 8 channels
};

std::string resize_by_sizes(GraphBuilder& b, const std::string& x) {
  const Shape out = {1, 8, b.shape(x)[2] * 2, b.shape(x)[3] * 2};
  return b.node("Resize", {x, "", "", b.ints(out)}, {out},
                {{"coordinate_transformation_mode", std::string("asymmetric")}})[0];
}

std::string flattened(GraphBuilder& b, const std::string& x) {
  const Shape in = b.shape(x);
  return b.transpose(b.reshape(x, {1, 8, in[2] * in[3]}), {0, 2, 1});
}

// As ShuffleNet's shuffle is sometimes exported.
std::string flattened_and_back(GraphBuilder& b, const std::string& x) {
  const Shape in = b.shape(x);
  const auto flat = b.transpose(b.reshape(x, {4, 2, in[2] * in[3]}), {1, 0, 2});
  return b.reshape(flat, {2, 1, 4, in[2], in[3]});
}

std::string squeeze_and_excite(GraphBuilder& b, const std::string& x) {
  const auto mean = b.node("GlobalAveragePool", {x}, {{1, 8, 1, 1}})[0];
  return b.mul(x, b.sigmoid(b.conv(mean, {.channels = 8, .kernel = 1})));
}

std::string focus(GraphBuilder& b, const std::string& x) {
  const Shape in = b.shape(x);
  const auto rows = b.node("Slice", {x, b.ints({1}), b.ints({INT64_MAX}), b.ints({2}), b.ints({2})},
                           {{1, 8, in[2] / 2, in[3]}})[0];
  return b.node("Slice", {rows, b.ints({0}), b.ints({INT64_MAX}), b.ints({-1}), b.ints({2})},
                {{1, 8, in[2] / 2, in[3] / 2}})[0];
}

// Every position looks at every other: matrices whose rows and columns grow.
std::string attention(GraphBuilder& b, const std::string& x) {
  const Shape in = b.shape(x);
  const std::int64_t positions = in[2] * in[3];
  const auto rows = b.transpose(b.reshape(x, {1, 8, positions}), {0, 2, 1});
  const auto product = [&](const std::string& l, const std::string& r, Shape shape) {
    return b.node("MatMul", {l, r}, {std::move(shape)})[0];
  };
  const auto query = product(rows, b.constant({8, 8}), {1, positions, 8});
  const auto key = product(rows, b.constant({8, 8}), {1, positions, 8});
  const auto weights =
      b.node("Softmax", {product(query, b.transpose(key, {0, 2, 1}), {1, positions, positions})},
             {{1, positions, positions}}, {{"axis", std::int64_t{2}}})[0];
  const auto seen = product(weights, rows, {1, positions, 8});
  return b.add(x, b.reshape(b.transpose(seen, {0, 2, 1}), in));
}

// The network at a given size: what resizing another one has to come to.
Graph network(const Body& body, int height, int width) {
  GraphBuilder b(3);
  const auto x = b.silu(b.conv(b.input({1, 3, height, width}), {.channels = 8, .stride = 2}));
  b.output(body.build(b, x));
  return b.build();
}

class ResizeInput : public testing::TestWithParam<Body> {};

TEST_P(ResizeInput, computes_what_the_network_built_at_that_size_does) {
  const auto graph = resized(network(GetParam(), 16, 24), 32, 16);
  ASSERT_TRUE(graph) << graph.error().message;
  ASSERT_TRUE(verify(graph.value()));
  const Graph expected = network(GetParam(), 32, 16);
  EXPECT_EQ(graph.value().outputs, expected.outputs);
  EXPECT_EQ(test::largest_error(test::run_graph(graph.value()), test::run_graph(expected)), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, ResizeInput,
    testing::Values(
        Body{"residual",
             [](auto& b, const auto& x) { return b.add(x, b.conv(x, {.channels = 8})); }},
        Body{"upsample", [](auto& b, const auto& x) { return b.upsample(b.max_pool(x, 3, 2)); }},
        Body{"sizes", resize_by_sizes},
        Body{"shuffle", [](auto& b, const auto& x) { return b.channel_shuffle(x, 2); }},
        Body{"flattened", flattened}, Body{"flattened_and_back", flattened_and_back},
        Body{"squeeze_and_excite", squeeze_and_excite}, Body{"focus", focus},
        Body{"attention", attention},
        Body{"split",
             [](auto& b, const auto& x) {
               return b.concat(b.split(x, {6, 2}));
             }}),
    [](const auto& param) { return param.param.name; });

class ResizeInputRefuses : public testing::TestWithParam<Body> {};

TEST_P(ResizeInputRefuses, a_node_that_cannot_follow_by_name) {
  const auto graph = resized(network(GetParam(), 16, 24), 32, 16);
  ASSERT_FALSE(graph);
  EXPECT_EQ(graph.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(graph.error().message, testing::HasSubstr("node \"culprit\" ("));
}

std::string culprit(GraphBuilder& b, const std::string& op, std::vector<std::string> inputs,
                    Shape shape, std::map<std::string, Attribute> attributes = {}) {
  return b.node(op, std::move(inputs), {std::move(shape)}, std::move(attributes), "culprit")[0];
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, ResizeInputRefuses,
    testing::Values(
        Body{"grid",
             [](auto& b, const auto& x) {
               return culprit(b, "Add", {x, b.constant({1, 1, 8, 12})}, b.shape(x));
             }},
        Body{"part_of_a_map",
             [](auto& b, const auto& x) {
               return culprit(b, "Slice", {x, b.ints({0}), b.ints({8}), b.ints({2})}, b.shape(x));
             }},
        Body{"last_rows",
             [](auto& b, const auto& x) {
               return culprit(b, "Slice", {x, b.ints({-2}), b.ints({INT64_MAX}), b.ints({2})},
                              {1, 8, 2, 12});
             }},
        Body{"constant_beside_a_map",
             [](auto& b, const auto& x) {
               return culprit(b, "Concat", {x, b.constant({1, 2, 8, 12})}, {1, 10, 8, 12},
                              {{"axis", std::int64_t{1}}});
             }},
        Body{"tiles",
             [](auto& b, const auto& x) {
               return culprit(b, "Reshape", {x, b.ints({1, 8, 4, 2, 12})}, {1, 8, 4, 2, 12});
             }},
        Body{"mixed_positions",
             [](auto& b, const auto& x) {
               const auto flat = b.reshape(x, {1, 8, 96});
               return culprit(b, "MatMul", {flat, b.constant({96, 96})}, {1, 8, 96});
             }},
        Body{"dense",
             [](auto& b, const auto& x) {
               const auto flat = b.reshape(x, {1, 8 * 8 * 12});
               return culprit(b, "Gemm", {flat, b.constant({8 * 8 * 12, 4})}, {1, 4});
             }}),
    [](const auto& param) { return param.param.name; });

TEST(ResizeInputRefuses, a_size_that_cuts_a_map_in_the_middle) {
  const auto graph = resized(network({"", resize_by_sizes}, 16, 24), 25, 24);
  EXPECT_TRUE(graph);  // 16 * 25 / 16 = 25 is whole: observation will show whether it fits
  const auto halved =
      resized(network({"", [](auto& b, const auto& x) { return b.channel_shuffle(x, 2); }}, 16, 24),
              15, 24);
  ASSERT_FALSE(halved);
  EXPECT_THAT(halved.error().message, testing::HasSubstr("does not scale to a whole one"));
  EXPECT_FALSE(resized(network({"", resize_by_sizes}, 16, 24), 0, 24));
}

}  // namespace
}  // namespace pare::engine
