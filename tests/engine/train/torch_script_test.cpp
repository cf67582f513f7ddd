#include "engine/train/graph/torch_script.h"

#include <gtest/gtest.h>

#include <sstream>

#include "engine/executor/openvino_runner.h"
#include "engine/train/graph/torch_tensor.h"
#include "engine/zoo/board_detector.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {
namespace {

// As a program without Pare would see it: from the bytes of the file alone.
torch::jit::Module written_and_read(const torch::jit::Module& module) {
  std::stringstream file;
  module.save(file);
  return torch::jit::load(file);
}

std::vector<torch::Tensor> outputs_of(torch::jit::Module module, const Tensor& input) {
  const torch::NoGradGuard no_grad;
  const torch::IValue said = module.forward({to_torch(input)});
  if (said.isTensor()) return {said.toTensor()};
  std::vector<torch::Tensor> outputs;
  for (const torch::IValue& one : said.toTupleRef().elements()) outputs.push_back(one.toTensor());
  return outputs;
}

// The largest difference from the executor, as a share of each output's range.
double difference(const Graph& graph, const Tensor& input) {
  const auto script = to_torch_script(graph);
  EXPECT_TRUE(script) << script.error().message;
  auto runner = make_openvino_runner(graph);
  EXPECT_TRUE(runner) << runner.error().message;
  if (!script || !runner) return INFINITY;
  const auto expected = std::move(runner).value()->run({input});
  EXPECT_TRUE(expected) << expected.error().message;
  const auto ours = outputs_of(written_and_read(script.value()), input);
  EXPECT_EQ(ours.size(), graph.outputs.size());
  double worst = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const torch::Tensor theirs = to_torch(expected.value()[i]);
    EXPECT_EQ(ours[i].sizes(), theirs.sizes());
    const double range = (theirs.max() - theirs.min()).item<double>();
    worst = std::max(worst, (ours[i] - theirs).abs().max().item<double>() / range);
  }
  return worst;
}

TEST(TorchScript, a_detector_computes_what_its_onnx_does_on_other_images_than_it_was_traced_on) {
  const Graph graph = make_board_detector(3, 64, 1).graph;
  EXPECT_LT(difference(graph, random_tensor({1, 3, 64, 64}, 1, 0, 255)), 1e-5);
  EXPECT_LT(difference(graph, random_tensor({1, 3, 64, 64}, 2, 0, 1)), 1e-5);
}

TEST(TorchScript, pairs_of_int8_stay_and_several_outputs_are_a_tuple) {
  GraphBuilder b;
  const std::string x = b.input({1, 3, 8, 8});
  const std::string scale = b.constant(Tensor::of<float>({}, std::vector<float>{0.25F}));
  const std::string zero = b.constant(Tensor::of<std::uint8_t>({}, std::vector<std::uint8_t>{9}));
  const auto q = b.node("QuantizeLinear", {x, scale, zero}, {{1, 3, 8, 8}});
  const auto rounded = b.node("DequantizeLinear", {q[0], scale, zero}, {{1, 3, 8, 8}});
  b.output(b.relu(b.conv(rounded[0], {.channels = 4})));
  b.output(b.max_pool(rounded[0], 2, 2));
  const Graph graph = b.build();
  const Tensor input = random_tensor({1, 3, 8, 8}, 3, -4, 60);
  EXPECT_LT(difference(graph, input), 1e-6);
  const auto pooled = outputs_of(to_torch_script(graph).value(), input)[1] / 0.25;
  EXPECT_EQ((pooled - pooled.round()).abs().max().item<double>(), 0) << "nothing was rounded";
}

TEST(TorchScript, what_cannot_be_traced_is_named) {
  GraphBuilder b;
  b.output(b.relu(b.input({1, 3, 8, 8})));
  Graph open = b.build();
  open.inputs[0].shape[2] = -1;
  EXPECT_EQ(to_torch_script(open).error().message,
            "input images: its shape is open, and TorchScript is traced over one");
  Graph other = b.build();
  other.nodes[0].op = "Bernoulli";
  EXPECT_NE(to_torch_script(other).error().message.find("Bernoulli"), std::string::npos);
}

}  // namespace
}  // namespace pare::engine::test
