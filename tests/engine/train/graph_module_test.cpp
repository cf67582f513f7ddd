#include "engine/train/graph/graph_module.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "engine/executor/openvino_runner.h"
#include "engine/train/graph/torch_tensor.h"
#include "engine/zoo/board_detector.h"

namespace pare::engine {
namespace {

using Ints = std::vector<std::int64_t>;

std::vector<float> noise(std::int64_t count, unsigned seed, float low, float high) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> draw(low, high);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& v : values) v = draw(random);
  return values;
}

Tensor noise_tensor(const Shape& shape, unsigned seed, float low = -1, float high = 1) {
  return Tensor::of<float>(shape, noise(element_count(shape), seed, low, high));
}

// The largest difference between torch and OpenVINO over the graph's outputs, relative to the
// largest value.
double difference(const Graph& graph, const Tensor& input) {
  auto runner = make_openvino_runner(graph);
  EXPECT_TRUE(runner) << runner.error().message;
  auto module = GraphModule::make(graph);
  EXPECT_TRUE(module) << module.error().message;
  if (!runner || !module) return INFINITY;
  const auto expected = std::move(runner).value()->run({input});
  std::vector<std::string> wanted;
  for (const TensorInfo& out : graph.outputs) wanted.push_back(out.name);
  const torch::NoGradGuard no_grad;
  const auto actual = std::move(module).value().forward({to_torch(input)}, wanted);
  EXPECT_TRUE(expected) << expected.error().message;
  EXPECT_TRUE(actual) << actual.error().message;
  if (!expected || !actual) return INFINITY;
  double worst = 0, largest = 1e-9;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const torch::Tensor a = actual.value()[i], b = to_torch(expected.value()[i]);
    EXPECT_EQ(a.sizes(), b.sizes()) << wanted[i];
    if (a.sizes() != b.sizes()) return INFINITY;
    worst = std::max(worst, (a - b).abs().max().item<double>());
    largest = std::max(largest, b.abs().max().item<double>());
  }
  return worst / largest;
}

// One node after another on a (1, 8, 12, 12) input, every result an output.
class OneOfEach {
 public:
  OneOfEach() {
    graph_.opset = 13;
    graph_.inputs.push_back({.name = "x", .dtype = DType::kFloat32, .shape = {1, 8, 12, 12}});
  }
  void add(const std::string& op, std::vector<std::string> inputs,
           std::map<std::string, Attribute> attributes = {}, int outputs = 1) {
    const std::string name = op + "_" + std::to_string(graph_.nodes.size());
    Node node{.name = name,
              .op = op,
              .domain = "",
              .inputs = std::move(inputs),
              .outputs = {},
              .attributes = std::move(attributes)};
    for (int i = 0; i < outputs; ++i) {
      node.outputs.push_back(name + "." + std::to_string(i));
      graph_.outputs.push_back(
          {.name = node.outputs.back(), .dtype = DType::kFloat32, .shape = {}});
    }
    graph_.nodes.push_back(std::move(node));
  }
  std::string floats(const Shape& shape, float low, float high) {
    const std::string name = "c" + std::to_string(graph_.constants.size());
    graph_.constants[name] =
        noise_tensor(shape, 50 + static_cast<unsigned>(graph_.constants.size()), low, high);
    return name;
  }
  std::string values(const std::vector<float>& v) {
    const std::string name = "c" + std::to_string(graph_.constants.size());
    graph_.constants[name] = Tensor::of<float>({static_cast<std::int64_t>(v.size())}, v);
    return name;
  }
  std::string ints(const Ints& v) {
    const std::string name = "c" + std::to_string(graph_.constants.size());
    graph_.constants[name] = Tensor::of<std::int64_t>({static_cast<std::int64_t>(v.size())}, v);
    return name;
  }
  Graph graph_;
};

Graph graph_of_convolutions_and_pools() {
  OneOfEach g;
  g.add("Conv", {"x", g.floats({6, 8, 3, 3}, -1, 1), g.floats({6}, -1, 1)},
        {{"pads", Ints{1, 1, 1, 1}}, {"strides", Ints{2, 2}}});
  g.add("Conv", {"x", g.floats({8, 1, 5, 5}, -1, 1)},
        {{"group", std::int64_t{8}}, {"pads", Ints{2, 2, 2, 2}}});
  g.add("Conv", {"x", g.floats({4, 4, 3, 3}, -1, 1)},
        {{"group", std::int64_t{2}}, {"pads", Ints{0, 1, 1, 2}}, {"dilations", Ints{1, 2}}});
  g.add("Conv", {"x", g.floats({4, 8, 3, 3}, -1, 1)},
        {{"auto_pad", std::string("SAME_UPPER")}, {"strides", Ints{2, 2}}});
  g.add("BatchNormalization", {"x", g.floats({8}, 0.5F, 2), g.floats({8}, -1, 1),
                               g.floats({8}, -1, 1), g.floats({8}, 0.5F, 2)});
  g.add("MaxPool", {"x"}, {{"kernel_shape", Ints{5, 5}}, {"pads", Ints{2, 2, 2, 2}}});
  g.add("MaxPool", {"x"}, {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}});
  g.add("AveragePool", {"x"}, {{"kernel_shape", Ints{3, 3}}, {"pads", Ints{1, 1, 1, 1}}});
  g.add("GlobalAveragePool", {"x"});
  g.add("ReduceMean", {"x"}, {{"axes", Ints{2, 3}}});
  return g.graph_;
}

Graph graph_of_the_rest() {
  OneOfEach g;
  for (const char* op :
       {"Relu", "Sigmoid", "Tanh", "Exp", "HardSigmoid", "Identity", "LeakyRelu", "Flatten"}) {
    g.add(op, {"x"});
  }
  for (const char* op : {"Add", "Sub", "Mul", "Div"}) g.add(op, {"x", g.floats({8, 1, 1}, 1, 2)});
  g.add("Pow", {"x", g.values({2})});
  g.add("Pad", {"x", g.ints({0, 0, 1, 2, 0, 0, 3, 0}), g.values({0.5F})});
  g.graph_.constants["one"] = Tensor::of<std::int64_t>({}, std::vector<std::int64_t>{-2});
  g.add("Gather", {"x", "one"}, {{"axis", std::int64_t{1}}});
  g.add("Gather", {"x", g.ints({5, 0, -1, 3})}, {{"axis", std::int64_t{1}}});
  g.graph_.constants["low"] = Tensor::of<float>({}, std::vector<float>{-0.3F});
  g.graph_.constants["high"] = Tensor::of<float>({}, std::vector<float>{0.4F});
  g.add("Clip", {"x", "low", "high"});
  g.add("Softmax", {"x"}, {{"axis", std::int64_t{1}}});
  g.add("Concat", {"x", g.floats({1, 3, 12, 12}, -1, 1)}, {{"axis", std::int64_t{1}}});
  g.add("Split", {"x", g.ints({3, 5})}, {{"axis", std::int64_t{1}}}, 2);
  g.add("Slice", {"x", g.ints({1, 0}), g.ints({12, 12}), g.ints({2, 3}), g.ints({2, 3})});
  g.add("Reshape", {"x", g.ints({0, -1, 6})});
  g.add("Transpose", {"x"}, {{"perm", Ints{0, 2, 3, 1}}});
  g.add("Resize", {"x", "", g.values({1, 1, 2, 2})},
        {{"mode", std::string("nearest")},
         {"coordinate_transformation_mode", std::string("asymmetric")},
         {"nearest_mode", std::string("floor")}});
  g.add("Resize", {"x", "", g.values({1, 1, 2, 2})}, {{"mode", std::string("linear")}});
  return g.graph_;
}

TEST(GraphModule, convolutions_and_pools_compute_what_openvino_computes) {
  EXPECT_LT(difference(graph_of_convolutions_and_pools(), noise_tensor({1, 8, 12, 12}, 1)), 1e-5);
}

TEST(GraphModule, the_other_operators_compute_what_openvino_computes) {
  EXPECT_LT(difference(graph_of_the_rest(), noise_tensor({1, 8, 12, 12}, 2)), 1e-5);
}

// As older exports of ShuffleNet have it: images and groups share the first dimension.
TEST(GraphModule, a_batch_computes_what_its_images_do_alone) {
  OneOfEach g;
  g.add("Reshape", {"x", g.ints({4, 2, 144})});
  g.add("Transpose", {"Reshape_0.0"}, {{"perm", Ints{1, 0, 2}}});
  g.add("Reshape", {"Transpose_1.0", g.ints({2, -1, 4, 12, 12})});
  g.graph_.constants["one"] = Tensor::of<std::int64_t>({}, std::vector<std::int64_t>{1});
  g.add("Gather", {"Reshape_2.0", "one"}, {{"axis", std::int64_t{0}}});
  g.add("Reshape", {"x", g.ints({1, 2, 4, 12, 12})});
  g.add("Reshape", {"x", g.ints({1, -1, 36})});
  g.add("Reshape", {"x", g.ints({0, 4, -1, 12})});
  auto made = GraphModule::make(g.graph_);
  ASSERT_TRUE(made) << made.error().message;
  GraphModule module = std::move(made).value();
  std::vector<torch::Tensor> images;
  for (unsigned i = 0; i < 3; ++i) images.push_back(to_torch(noise_tensor({1, 8, 12, 12}, i)));
  const std::vector<std::string> wanted{"Gather_3.0", "Reshape_4.0", "Reshape_5.0", "Reshape_6.0"};
  const auto together = module.forward({torch::cat(images)}, wanted);
  ASSERT_TRUE(together) << together.error().message;
  for (std::int64_t i = 0; i < 3; ++i) {
    const auto alone = module.forward({images[static_cast<std::size_t>(i)]}, wanted);
    ASSERT_TRUE(alone) << alone.error().message;
    for (std::size_t k = 0; k < wanted.size(); ++k) {
      EXPECT_TRUE(torch::equal(together.value()[k].slice(0, i, i + 1), alone.value()[k]))
          << wanted[k];
    }
  }
}

// Channels last, a 1x1 convolution is a matrix product; Sigmoid and Mul are one operator.
TEST(GraphModule, short_cuts_compute_what_openvino_computes_and_lead_gradients_through) {
  OneOfEach g;
  g.add("Conv", {"x", g.floats({6, 8, 1, 1}, -1, 1), g.floats({6}, -1, 1)});
  g.add("Conv", {"x", g.floats({5, 8, 1, 1}, -1, 1)});
  g.add("Conv", {"x", g.floats({5, 8, 1, 1}, -1, 1)}, {{"strides", Ints{2, 2}}});
  g.add("Sigmoid", {"Conv_0.0"});
  g.add("Mul", {"Conv_0.0", "Sigmoid_3.0"});
  g.add("Mul", {"Sigmoid_3.0", "Conv_0.0"});
  g.add("Mul", {"Sigmoid_3.0", "Sigmoid_3.0"});
  const Tensor image = noise_tensor({1, 8, 12, 12}, 3);
  const auto expected = make_openvino_runner(g.graph_).value()->run({image});
  std::vector<std::string> wanted;
  for (const TensorInfo& out : g.graph_.outputs) wanted.push_back(out.name);
  auto module = GraphModule::make(g.graph_).value();
  const torch::Tensor last = to_torch(image).contiguous(at::MemoryFormat::ChannelsLast);
  const auto made = module.forward({last}, wanted);
  ASSERT_TRUE(made) << made.error().message;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_LT((made.value()[i] - to_torch(expected.value()[i])).abs().max().item<double>(), 1e-5)
        << wanted[i];
  }
  made.value()[4].sum().backward();
  EXPECT_GT(module.parameters()[0].value.grad().abs().sum().item<double>(), 0);
}

TEST(GraphModule, a_constant_can_be_another_one_in_a_single_call) {
  OneOfEach g;
  const std::string weights = g.floats({6, 8, 1, 1}, -1, 1);
  g.add("Conv", {"x", weights});
  auto module = GraphModule::make(g.graph_, Trainable::kNothing).value();
  EXPECT_TRUE(module.parameters().empty());
  const torch::Tensor x = to_torch(noise_tensor({1, 8, 12, 12}, 3));
  const torch::Tensor own = module.forward({x}, {"Conv_0.0"}).value()[0];
  const torch::Tensor twice = to_torch(g.graph_.constants.at(weights)) * 2;
  const torch::Tensor other = module.forward({x}, {"Conv_0.0"}, {{weights, twice}}).value()[0];
  EXPECT_LT((other - own * 2).abs().max().item<double>(), 1e-5);
  EXPECT_TRUE(torch::equal(module.forward({x}, {"Conv_0.0"}).value()[0], own));
}

TEST(GraphModule, the_detector_computes_what_openvino_computes) {
  const ZooDetector detector = make_board_detector(6, 128, 3);
  EXPECT_LT(difference(detector.graph, noise_tensor({1, 3, 128, 128}, 4, 0, 255)), 1e-4);
}

TEST(GraphModule, what_is_written_back_is_what_was_trained) {
  const ZooDetector detector = make_board_detector(2, 64, 5);
  auto made = GraphModule::make(detector.graph);
  ASSERT_TRUE(made);
  GraphModule module = std::move(made).value();
  {
    const torch::NoGradGuard no_grad;
    for (const TrainableParameter& p : module.parameters()) p.value.detach().add_(0.01);
    module.set_training(true);  // moves the statistics
    ASSERT_TRUE(module.forward({torch::rand({4, 3, 64, 64}) * 255}, {"output"}));
  }
  module.set_training(false);
  const Tensor input = noise_tensor({1, 3, 64, 64}, 6, 0, 255);
  auto runner = make_openvino_runner(module.to_graph());
  ASSERT_TRUE(runner) << runner.error().message;
  const auto expected = std::move(runner).value()->run({input});
  ASSERT_TRUE(expected);
  const torch::NoGradGuard no_grad;
  const auto actual = module.forward({to_torch(input)}, {"output"});
  ASSERT_TRUE(actual);
  const torch::Tensor b = to_torch(expected.value()[0]);
  EXPECT_LT((actual.value()[0] - b).abs().max().item<double>(),
            1e-4 * b.abs().max().item<double>());
}

TEST(GraphModule, an_operator_without_a_torch_form_is_refused_by_the_name_of_its_node) {
  Graph graph = make_board_detector(2, 64, 1).graph;
  graph.nodes.front().op = "Einsum";
  const auto refused = GraphModule::make(graph);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(refused.error().message.find(graph.nodes.front().name), std::string::npos);
}

TEST(GraphModule, a_shape_that_does_not_fit_is_an_error_that_names_the_node) {
  auto module = GraphModule::make(make_board_detector(2, 64, 1).graph);
  ASSERT_TRUE(module);
  const auto failed = std::move(module).value().forward({torch::zeros({1, 5, 64, 64})}, {"output"});
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("backbone.stem.conv"), std::string::npos);
}

}  // namespace
}  // namespace pare::engine
