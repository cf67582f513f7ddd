#include "engine/pipeline/probe_networks.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "core/check.h"

namespace pare::engine {
namespace {

using Ints = std::vector<std::int64_t>;

constexpr int kOpset = 13;
constexpr int kLayersInChain = 3;
constexpr int kCanaryLayers = 4;
constexpr int kCanaryChannels = 32;
constexpr int kCanarySize = 64;

struct ConvSpec {
  int in = 0;
  int out = 0;
  int kernel = 3;
  int groups = 1;
};

class NetworkBuilder {
 public:
  NetworkBuilder(int channels, int size) : random_(1), size_(size) {
    graph_.opset = kOpset;
    graph_.inputs.push_back({"images", DType::kFloat32, {1, channels, size, size}});
  }

  // std::uniform_real_distribution differs between standard libraries; this does not.
  float uniform(float low, float high) {
    return low + (high - low) * static_cast<float>(random_() >> 8) / 16777216.0F;
  }

  Tensor values(Shape shape, float low, float high) {
    std::vector<float> drawn(static_cast<std::size_t>(element_count(shape)));
    for (float& value : drawn) value = uniform(low, high);
    return Tensor::of<float>(std::move(shape), drawn);
  }

  std::string conv(const std::string& x, const ConvSpec& spec) {
    const Shape shape = {spec.out, spec.in / spec.groups, spec.kernel, spec.kernel};
    const float fan_in = static_cast<float>(element_count(shape) / spec.out);
    const float bound = std::sqrt(3.0F / fan_in);  // keeps the variance
    return conv(x, spec, values(shape, -bound, bound), values({spec.out}, -0.5F, 0.5F));
  }

  std::string conv(const std::string& x, const ConvSpec& spec, Tensor weights, Tensor bias) {
    const std::string name = "conv" + std::to_string(graph_.nodes.size());
    graph_.constants[name + ".weight"] = std::move(weights);
    graph_.constants[name + ".bias"] = std::move(bias);
    return add({.name = name,
                .op = "Conv",
                .domain = "",
                .inputs = {x, name + ".weight", name + ".bias"},
                .outputs = {},
                .attributes = {{"kernel_shape", Ints{spec.kernel, spec.kernel}},
                               {"pads", Ints(4, spec.kernel / 2)},
                               {"strides", Ints{1, 1}},
                               {"group", std::int64_t{spec.groups}}}});
  }

  std::string unary(const char* op, const std::string& x,
                    std::map<std::string, Attribute> attributes = {}) {
    return join(op, {x}, std::move(attributes));
  }

  std::string join(const char* op, std::vector<std::string> parts,
                   std::map<std::string, Attribute> attributes = {}) {
    return add({.name = op + std::to_string(graph_.nodes.size()),
                .op = op,
                .domain = "",
                .inputs = std::move(parts),
                .outputs = {},
                .attributes = std::move(attributes)});
  }

  std::string relu(const std::string& x) { return unary("Relu", x); }

  std::string silu(const std::string& x) { return join("Mul", {x, unary("Sigmoid", x)}); }

  Graph output(const std::string& tensor, int channels) && {
    graph_.outputs.push_back({tensor, DType::kFloat32, {1, channels, size_, size_}});
    return std::move(graph_);
  }

 private:
  std::string add(Node node) {
    node.outputs = {node.name};
    graph_.nodes.push_back(std::move(node));
    return graph_.nodes.back().name;
  }

  Graph graph_;
  std::mt19937 random_;
  int size_;
};

constexpr int kNarrow = 16;
constexpr int kWide = 32;
constexpr int kSide = 16;

// Two 3x3 convolutions with an activation between them.
template <typename Activation>
ProbeNetwork two_convolutions(std::string name, ModelTrait trait, Activation activation) {
  NetworkBuilder net(kNarrow, kSide);
  Tensor input = net.values({1, kNarrow, kSide, kSide}, -1, 1);
  const std::string first = net.conv("images", {kNarrow, kWide});
  const std::string last = net.conv(activation(net, first), {kWide, kNarrow});
  return {std::move(name), trait, std::move(net).output(last, kNarrow), std::move(input)};
}

// The joints of detectors: a residual sum, a pooling and a concatenation of activated tensors.
template <typename Activation>
ProbeNetwork joined_convolutions(std::string name, ModelTrait trait, Activation activation) {
  NetworkBuilder net(kNarrow, kSide);
  Tensor input = net.values({1, kNarrow, kSide, kSide}, -1, 1);
  const std::string trunk = activation(net, net.conv("images", {kNarrow, kWide}));
  const std::string branch = activation(net, net.conv(trunk, {kWide, kWide, 1}));
  const std::string sum = net.join("Add", {trunk, branch});
  const std::string pool =
      net.unary("MaxPool", sum,
                {{"kernel_shape", Ints{5, 5}}, {"pads", Ints(4, 2)}, {"strides", Ints{1, 1}}});
  const std::string both = net.join("Concat", {sum, pool}, {{"axis", std::int64_t{1}}});
  const std::string last =
      net.conv(activation(net, net.conv(both, {2 * kWide, kWide, 1})), {kWide, kNarrow});
  return {std::move(name), trait, std::move(net).output(last, kNarrow), std::move(input)};
}

ProbeNetwork depthwise_network() {
  NetworkBuilder net(kNarrow, kSide);
  Tensor input = net.values({1, kNarrow, kSide, kSide}, -1, 1);
  std::string x = net.relu(net.conv("images", {kNarrow, kWide, 1}));
  x = net.relu(net.conv(x, {kWide, kWide, 3, kWide}));
  x = net.conv(x, {kWide, kNarrow, 1});
  return {"depthwise", ModelTrait::kDepthwise, std::move(net).output(x, kNarrow), std::move(input)};
}

// Weights of one sign in each output channel, all near their largest, on inputs near theirs: every
// pair of neighbouring products is beyond 16 bits with 8-bit weights, and within with 7.
ProbeNetwork large_weights_network() {
  NetworkBuilder net(kNarrow, kSide);
  Tensor input = net.values({1, kNarrow, kSide, kSide}, 0.9F, 1);
  const auto one_sign = [&](const Shape& shape) {
    const Tensor drawn = net.values(shape, 0.9F, 1);
    std::vector<float> weights(drawn.values<float>().begin(), drawn.values<float>().end());
    const std::size_t each = weights.size() / static_cast<std::size_t>(shape[0]);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (i / each % 2 == 1) weights[i] = -weights[i];
    }
    return Tensor::of<float>(shape, weights);
  };
  const std::string first = net.conv("images", {kNarrow, kWide}, one_sign({kWide, kNarrow, 3, 3}),
                                     net.values({kWide}, -0.5F, 0.5F));
  const std::string last = net.conv(first, {kWide, kNarrow});
  return {"large_weights", ModelTrait::kAny, std::move(net).output(last, kNarrow),
          std::move(input)};
}

}  // namespace

std::vector<ProbeNetwork> correctness_networks() {
  const auto relu = [](NetworkBuilder& net, const std::string& x) { return net.relu(x); };
  const auto silu = [](NetworkBuilder& net, const std::string& x) { return net.silu(x); };
  const auto leaky = [](NetworkBuilder& net, const std::string& x) {
    return net.unary("LeakyRelu", x, {{"alpha", 0.1F}});
  };
  std::vector<ProbeNetwork> networks;
  networks.push_back(two_convolutions("relu", ModelTrait::kAny, relu));
  networks.push_back(large_weights_network());
  networks.push_back(two_convolutions("silu", ModelTrait::kSmooth, silu));
  networks.push_back(joined_convolutions("silu_joints", ModelTrait::kSmooth, silu));
  networks.push_back(two_convolutions("leaky_relu", ModelTrait::kLeaky, leaky));
  networks.push_back(joined_convolutions("leaky_relu_joints", ModelTrait::kLeaky, leaky));
  networks.push_back(joined_convolutions("relu_joints", ModelTrait::kRelu, relu));
  networks.push_back(depthwise_network());
  return networks;
}

ProbeNetwork kernel_network(KernelClass kernel, int channels, int size) {
  NetworkBuilder net(channels, size);
  Tensor input = net.values({1, channels, size, size}, -1, 1);
  std::string x = "images";
  for (int layer = 0; layer < kLayersInChain; ++layer) {
    switch (kernel) {
      case KernelClass::kConv3x3: x = net.relu(net.conv(x, {channels, channels})); break;
      case KernelClass::kConv1x1: x = net.relu(net.conv(x, {channels, channels, 1})); break;
      case KernelClass::kDepthwise3x3:
        x = net.relu(net.conv(x, {channels, channels, 3, channels}));
        break;
      case KernelClass::kSiluBlock: x = net.silu(net.conv(x, {channels, channels})); break;
      case KernelClass::kSeparable:
      case KernelClass::kSeparableMixed:
        x = net.relu(net.conv(x, {channels, channels, 1}));
        x = net.relu(net.conv(x, {channels, channels, 3, channels}));
        break;
    }
  }
  const bool separable =
      kernel == KernelClass::kSeparable || kernel == KernelClass::kSeparableMixed;
  if (separable) x = net.relu(net.conv(x, {channels, channels, 1}));
  return {std::string(name_of(kernel)), ModelTrait::kAny, std::move(net).output(x, channels),
          std::move(input)};
}

std::vector<std::string> depthwise_layers(const Graph& graph) {
  std::vector<std::string> layers;
  for (const Node& node : graph.nodes) {
    const auto group = node.attributes.find("group");
    if (group != node.attributes.end() && std::get<std::int64_t>(group->second) > 1) {
      layers.push_back(node.name);
    }
  }
  std::ranges::sort(layers);
  return layers;
}

ProbeNetwork canary_network() {
  NetworkBuilder net(kCanaryChannels, kCanarySize);
  Tensor input = net.values({1, kCanaryChannels, kCanarySize, kCanarySize}, -1, 1);
  std::string x = "images";
  for (int layer = 0; layer < kCanaryLayers; ++layer) {
    x = net.relu(net.conv(x, {kCanaryChannels, kCanaryChannels}));
  }
  return {"canary", ModelTrait::kAny, std::move(net).output(x, kCanaryChannels), std::move(input)};
}

}  // namespace pare::engine
