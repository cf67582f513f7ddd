#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "engine/executor/observe.h"
#include "engine/executor/openvino_runner.h"
#include "tests/support/graph_builder.h"

namespace pare::engine {
namespace {

using test::GraphBuilder;
using test::random_tensor;
using testing::ElementsAre;
using testing::HasSubstr;

// images (1x2x2x2) -> Relu -> Add 1, with Identities between.
Graph small_graph() {
  GraphBuilder b;
  const auto x = b.relu(b.input({1, 2, 2, 2}));
  const auto same = b.node("Identity", {x}, {b.shape(x)})[0];
  const auto one = b.constant(Tensor::of<float>({1}, std::vector<float>{1}), "one");
  b.output(b.add(same, one));
  return b.build();
}

TEST(OpenVinoRunner, answers_for_inputs_constants_and_tensors_that_it_merged) {
  const std::vector<std::string> wanted = {"add_0",      "one",    "images",
                                           "identity_0", "relu_0", "add_0"};
  const auto runner = make_openvino_runner(small_graph(), wanted);
  ASSERT_TRUE(runner) << runner.error().message;
  EXPECT_EQ(runner.value()->output_names(), wanted);
  const Tensor input = random_tensor({1, 2, 2, 2}, 3);
  const auto made = runner.value()->run({input});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made.value()[1].values<float>()[0], 1);
  EXPECT_EQ(made.value()[2], input);
  EXPECT_EQ(made.value()[3], made.value()[4]);
  EXPECT_EQ(made.value()[0], made.value()[5]);
  for (std::size_t i = 0; i < 8; ++i) {
    const float relu = std::max(0.0F, input.values<float>()[i]);
    EXPECT_EQ(made.value()[4].values<float>()[i], relu);
    EXPECT_EQ(made.value()[0].values<float>()[i], relu + 1);
  }
}

// Candidates are of one shape and differ in numbers: what is kept of one must not serve another.
TEST(OpenVinoRunner, what_was_compiled_for_one_graph_answers_for_no_other) {
  std::string folder = testing::TempDir() + "executor-cache-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  GraphBuilder b;
  b.output(b.conv(b.input({1, 64, 8, 8}), {.channels = 64}));
  Graph graph = b.build();
  const auto weights = std::ranges::find_if(
      graph.constants, [](const auto& entry) { return entry.second.shape().size() == 4; });
  const Tensor input = random_tensor({1, 64, 8, 8}, 3);
  for (const std::size_t changed : {0U, 1U, 777U, 20000U, 36863U}) {
    const auto before = weights->second.values<float>();
    std::vector<float> values(before.begin(), before.end());
    values.at(changed) += 1;
    weights->second = Tensor::of<float>(weights->second.shape(), values);
    const auto fresh = make_openvino_runner(graph).value()->run({input});
    for (int time = 0; time < 2; ++time) {
      const auto kept = make_openvino_runner(graph, {}, {.cache = folder});
      ASSERT_TRUE(kept) << kept.error().message;
      EXPECT_EQ(kept.value()->run({input}).value(), fresh.value()) << changed;
    }
  }
  EXPECT_FALSE(std::filesystem::is_empty(folder));
  std::filesystem::remove_all(folder);
}

TEST(OpenVinoRunner, runs_again_and_keeps_earlier_results) {
  const auto runner = make_openvino_runner(small_graph());
  ASSERT_TRUE(runner) << runner.error().message;
  const auto first = runner.value()->run({random_tensor({1, 2, 2, 2}, 3)});
  const Tensor before = first.value()[0];
  const auto second = runner.value()->run({random_tensor({1, 2, 2, 2}, 4)});
  EXPECT_FALSE(second.value()[0] == before);
  EXPECT_EQ(first.value()[0], before);
  EXPECT_EQ(runner.value()->run({random_tensor({1, 2, 2, 2}, 3)}).value()[0], before);
}

// images -> Q/DQ in steps of a tenth -> Relu -> Q/DQ in steps of a half.
Graph quantized_graph() {
  GraphBuilder b;
  const auto steps = [&](const std::string& x, float step) {
    const auto scale = b.constant(Tensor::of<float>({}, std::vector{step}), "scale_of_" + x);
    const auto zero =
        b.constant(Tensor::of<std::uint8_t>({}, std::vector<std::uint8_t>{100}), "zero_of_" + x);
    const auto q = b.node("QuantizeLinear", {x, scale, zero}, {b.shape(x)})[0];
    return b.node("DequantizeLinear", {q, scale, zero}, {b.shape(x)})[0];
  };
  b.output(steps(b.relu(steps(b.input({1, 3, 8, 8}), 0.1F)), 0.5F));
  return b.build();
}

TEST(OpenVinoRunner, compiled_for_a_short_while_it_computes_what_the_nodes_say) {
  const Tensor input = random_tensor({1, 3, 8, 8}, 3);
  for (const bool briefly : {false, true}) {
    const auto runner = make_openvino_runner(quantized_graph(), {}, {.briefly = briefly});
    ASSERT_TRUE(runner) << runner.error().message;
    const auto made = runner.value()->run({input});
    ASSERT_TRUE(made) << made.error().message;
    ASSERT_EQ(made.value()[0].shape(), (Shape{1, 3, 8, 8}));
    for (std::size_t i = 0; i < input.values<float>().size(); ++i) {
      const double tenth = std::nearbyint(double{input.values<float>()[i]} / 0.1) * 0.1;
      const double half = std::nearbyint(std::max(tenth, 0.0) / 0.5) * 0.5;
      EXPECT_NEAR(double{made.value()[0].values<float>()[i]}, half, 1e-5) << tenth;
    }
  }
}

TEST(OpenVinoRunner, refuses_what_is_not_in_the_graph_or_does_not_fit_its_input) {
  const auto unknown = make_openvino_runner(small_graph(), {"ghost"});
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, HasSubstr("tensor \"ghost\" was asked for"));
  const auto runner = make_openvino_runner(small_graph());
  const auto wrong = runner.value()->run({random_tensor({1, 2, 2, 3}, 3)});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(wrong.error().message,
              HasSubstr("\"images\" is 1x2x2x2 of float32, given was 1x2x2x3 of float32"));
  EXPECT_FALSE(runner.value()->run({}));
}

TEST(OpenVinoRunner, names_the_node_that_it_cannot_run) {
  GraphBuilder b;
  const auto x = b.relu(b.input({1, 2, 2, 2}));
  b.output(b.node("Wibble", {x}, {b.shape(x)}, {}, "the_culprit")[0]);
  const auto runner = make_openvino_runner(b.build());
  ASSERT_FALSE(runner);
  EXPECT_EQ(runner.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(runner.error().message, HasSubstr("node \"the_culprit\" (Wibble) cannot run"));
}

TEST(OpenVinoRunner, names_the_node_whose_shapes_do_not_fit) {
  GraphBuilder b;
  const auto x = b.relu(b.input({1, 2, 2, 2}));
  b.output(b.node("Reshape", {x, b.ints({1, 3, 3})}, {{1, 3, 3}}, {}, "the_culprit")[0]);
  const auto runner = make_openvino_runner(b.build());
  ASSERT_FALSE(runner);
  EXPECT_THAT(runner.error().message, HasSubstr("the_culprit"));
}

TEST(OpenVinoRunner, takes_an_old_softmax_over_all_axes_from_its_own_on) {
  for (const int opset : {11, 13}) {
    GraphBuilder b(1, opset);
    const auto x = b.relu(b.input({1, 2, 2, 2}));
    b.output(b.node("Softmax", {x}, {b.shape(x)}, {{"axis", std::int64_t{1}}})[0]);
    const auto runner = make_openvino_runner(b.build());
    ASSERT_TRUE(runner) << runner.error().message;
    const auto made = runner.value()->run({random_tensor({1, 2, 2, 2}, 3)});
    float sum = 0;
    for (const float value : made.value()[0].values<float>()) sum += value;
    EXPECT_FLOAT_EQ(sum, opset < 13 ? 1 : 4);
  }
}

TEST(Observe, tells_shapes_and_what_does_not_depend_on_the_input) {
  GraphBuilder b;
  const auto x = b.conv(b.input({1, 3, 9, 8}), {.channels = 4, .stride = 2});
  const auto shape = b.node("Shape", {x}, {{4}})[0];
  const auto height = b.node("Gather", {shape, b.ints({2})}, {{1}})[0];
  const auto empty = b.constant(Tensor::of<float>({0}, {}));
  const auto sizes = b.concat({b.ints({1, 4}), height, b.ints({6})}, 0);
  const auto wide = b.node("Resize", {x, empty, "", sizes}, {{1, 4, 5, 6}})[0];
  const auto noise = b.node("RandomUniform", {}, {{1, 4, 5, 6}},
                            {{"shape", std::vector<std::int64_t>{1, 4, 5, 6}}})[0];
  b.output(b.add(wide, noise));
  const auto observed = observe(b.build());
  ASSERT_TRUE(observed) << observed.error().message;
  const auto& shapes = observed.value().shapes;
  const auto& constants = observed.value().constants;
  EXPECT_THAT(shapes.at("images"), ElementsAre(1, 3, 9, 8));
  EXPECT_THAT(shapes.at(x), ElementsAre(1, 4, 5, 4));
  EXPECT_THAT(shapes.at(wide), ElementsAre(1, 4, 5, 6));
  EXPECT_THAT(constants.at(sizes).values<std::int64_t>(), ElementsAre(1, 4, 5, 6));
  EXPECT_THAT(constants.at(shape).values<std::int64_t>(), ElementsAre(1, 4, 5, 4));
  EXPECT_EQ(constants.at(empty).shape(), Shape{0});  // from the file: a run would give a scalar
  EXPECT_FALSE(constants.contains(x));
  EXPECT_FALSE(constants.contains(noise));
  EXPECT_TRUE(shapes.contains(noise));
}

TEST(Observe, runs_what_has_no_shape_without_its_values) {
  GraphBuilder b;
  const auto x = b.reshape(b.input({1, 1, 2, 4}), {8});
  const auto none = b.node("Sub", {x, x}, {{8}})[0];
  b.output(b.node("NonZero", {none}, {{1, 0}}, {}, "found")[0]);  // its size depends on the values
  const auto observed = observe(b.build());
  ASSERT_TRUE(observed) << observed.error().message;
  EXPECT_THAT(observed.value().shapes.at("found"), ElementsAre(1, 0));
}

}  // namespace
}  // namespace pare::engine
