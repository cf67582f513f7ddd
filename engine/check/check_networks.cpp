#include "engine/check/check_networks.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <utility>

#include "core/check.h"
#include "engine/executor/observe.h"
#include "engine/executor/openvino_runner.h"
#include "engine/passes/passes.h"
#include "engine/pipeline/probe_networks.h"
#include "engine/zoo/graph_builder.h"
#include "engine/zoo/zoo.h"

namespace pare::engine {
namespace {

using Ints = std::vector<std::int64_t>;

constexpr std::uint64_t kWeights = 5;

// As it is shipped: batch normalisation inside the convolutions.
Graph finished(Graph graph) {
  const auto observed = observe(graph);
  PARE_CHECK(observed, "a network of ours is sound");
  return deployed(std::move(graph), observed.value());
}

CheckNetwork whole_detector() {
  constexpr int kSize = 64;
  auto made = make_zoo_detector({.backbone = "mobilenetv3-small",
                                 .neck = "fpn",
                                 .head = "yolox",
                                 .classes = 3,
                                 .size = kSize,
                                 .neck_channels = 16,
                                 .seed = kWeights});
  PARE_CHECK(made, "the zoo has this detector");
  CheckNetwork network{"detector", finished(std::move(made).value().graph), {}};
  Tensor image = drawn_tensor(network.graph.inputs[0].shape, 3);
  std::vector<float> bytes(image.values<float>().begin(), image.values<float>().end());
  for (float& value : bytes) value = 127.5F * (value + 1);  // as images of the zoo are
  network.inputs = {Tensor::of<float>(network.graph.inputs[0].shape, bytes)};
  return network;
}

}  // namespace

Tensor drawn_tensor(Shape shape, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<float> values(static_cast<std::size_t>(element_count(shape)));
  for (float& value : values) value = static_cast<float>(random() >> 8) / 8388608.0F - 1.0F;
  return Tensor::of<float>(std::move(shape), values);
}

CheckNetwork two_outputs(int channels, int size) {
  GraphBuilder net("images", 3, size, size, kWeights);
  const std::string body = net.conv_bn(
      "body", "images",
      {.channels = channels, .kernel = 3, .stride = 2, .activation = Activation::kSilu});
  const std::string boxes = net.predict("boxes", body, 4, 0.1F);
  const std::string scores = net.activate("scores", body, Activation::kSilu);
  Graph graph = std::move(net).take();
  const std::int64_t half = size / 2;
  for (Node& node : graph.nodes) {
    if (node.outputs[0] == boxes) node.outputs[0] = "boxes";
  }
  graph.outputs = {{"boxes", DType::kFloat32, {1, 4, half, half}},
                   {scores, DType::kFloat32, {1, channels, half, half}}};
  return {"two outputs", finished(std::move(graph)), {drawn_tensor({1, 3, size, size}, 11)}};
}

CheckNetwork odd_rows() {
  constexpr int kHeight = 22;
  constexpr int kWidth = 34;
  GraphBuilder net("input.1", 3, kHeight, kWidth, kWeights);
  const std::string body =
      net.conv_bn("body", "input.1",
                  {.channels = 5, .kernel = 3, .stride = 2, .activation = Activation::kRelu});
  const std::string scores = net.predict("scores", body, 1, 0.0F);
  Graph graph = std::move(net).take();
  constexpr std::int64_t kRows = std::int64_t{kHeight / 2} * (kWidth / 2);
  const auto add = [&](const char* op, std::vector<std::string> inputs, std::string output,
                       std::map<std::string, Attribute> attributes = {}) {
    graph.nodes.push_back({.name = std::string("last ") + op,
                           .op = op,
                           .domain = "",
                           .inputs = std::move(inputs),
                           .outputs = {std::move(output)},
                           .attributes = std::move(attributes)});
  };
  graph.constants["rows.shape"] = Tensor::of<std::int64_t>({3}, Ints{1, kRows, 1});
  add("Transpose", {scores}, "channels last", {{"perm", Ints{0, 2, 3, 1}}});
  add("Reshape", {"channels last", "rows.shape"}, "rows");
  const std::string output = "/head/score.8:0";
  add("Sigmoid", {"rows"}, output);
  graph.outputs = {{output, DType::kFloat32, {1, kRows, 1}}};
  return {"odd rows", finished(std::move(graph)), {drawn_tensor({1, 3, kHeight, kWidth}, 12)}};
}

std::vector<CheckNetwork> compared_networks() {
  std::vector<CheckNetwork> networks = {two_outputs(8), odd_rows()};
  for (ProbeNetwork& probe : correctness_networks()) {
    networks.push_back({probe.name, std::move(probe.graph), {std::move(probe.input)}});
  }
  networks.push_back(whole_detector());
  return networks;
}

Result<std::vector<Tensor>> on_executor(const CheckNetwork& network) {
  auto runner = make_openvino_runner(network.graph);
  if (!runner) return runner.error();
  return runner.value()->run(network.inputs);
}

double apart(const Tensor& actual, const Tensor& expected) {
  constexpr double kBeyondAll = std::numeric_limits<double>::infinity();
  if (actual.dtype() != DType::kFloat32 || expected.dtype() != DType::kFloat32 ||
      actual.shape() != expected.shape()) {
    return kBeyondAll;
  }
  const auto got = actual.values<float>();
  const auto wanted = expected.values<float>();
  if (wanted.empty()) return 0;
  const auto [low, high] = std::ranges::minmax(wanted);
  double largest = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!std::isfinite(got[i])) return kBeyondAll;
    largest = std::max(largest, std::abs(double{got[i]} - double{wanted[i]}));
  }
  return largest / std::max(double{high} - double{low}, 1e-3);
}

}  // namespace pare::engine
