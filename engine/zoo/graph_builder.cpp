#include "engine/zoo/graph_builder.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pare::engine {
namespace {

constexpr int kOpset = 13;
constexpr int kOpsetOfHardSwish = 14;

}  // namespace

GraphBuilder::GraphBuilder(std::string input, int channels, int height, int width,
                           std::uint64_t seed)
    : random_(seed) {
  graph_.opset = kOpset;
  channels_[input] = channels;
  graph_.inputs.push_back(
      {.name = std::move(input), .dtype = DType::kFloat32, .shape = {1, channels, height, width}});
}

std::string GraphBuilder::append(const std::string& name, const std::string& op,
                                 std::vector<std::string> inputs,
                                 std::map<std::string, Attribute> attributes, int channels) {
  std::string out = name + ".out";
  graph_.nodes.push_back({.name = name,
                          .op = op,
                          .domain = "",
                          .inputs = std::move(inputs),
                          .outputs = {out},
                          .attributes = std::move(attributes)});
  channels_[out] = channels;
  return out;
}

std::string GraphBuilder::constant(const std::string& name, Shape shape,
                                   const std::vector<float>& values) {
  graph_.constants[name] = Tensor::of<float>(std::move(shape), values);
  return name;
}

std::string GraphBuilder::shape_constant(const std::string& name,
                                         const std::vector<std::int64_t>& shape) {
  graph_.constants[name] = Tensor::of<std::int64_t>({std::ssize(shape)}, shape);
  return name;
}

std::string GraphBuilder::convolution(const std::string& name, const std::string& x,
                                      const ConvLayer& layer, float gain) {
  const int groups = layer.depthwise ? layer.channels : 1;
  const int in = channels_of(x) / groups;
  const int kernel = layer.kernel;
  std::normal_distribution<float> draw(
      0.0F, gain * std::sqrt(2.0F / static_cast<float>(in * kernel * kernel)));
  std::vector<float> weights(static_cast<std::size_t>(layer.channels * in * kernel * kernel));
  for (float& w : weights) w = draw(random_);
  const std::string filters =
      constant(name + ".weight", {layer.channels, in, kernel, kernel}, weights);
  using Ints = std::vector<std::int64_t>;
  const std::int64_t pad = kernel / 2 * std::int64_t{layer.dilation};
  return append(name, "Conv", {x, filters},
                {{"kernel_shape", Ints{kernel, kernel}},
                 {"strides", Ints{layer.stride, layer.stride}},
                 {"pads", Ints{pad, pad, pad, pad}},
                 {"dilations", Ints{layer.dilation, layer.dilation}},
                 {"group", std::int64_t{groups}}},
                layer.channels);
}

std::string GraphBuilder::conv(const std::string& name, const std::string& x,
                               const ConvLayer& layer) {
  return convolution(name, x, layer, 1);
}

std::string GraphBuilder::batch_norm(const std::string& name, const std::string& x, float scale) {
  const int channels = channels_of(x);
  const auto filled = [&](const char* what, float value) {
    return constant(name + "." + what, {channels},
                    std::vector<float>(static_cast<std::size_t>(channels), value));
  };
  return append(
      name, "BatchNormalization",
      {x, filled("scale", scale), filled("bias", 0), filled("mean", 0), filled("variance", 1)},
      {{"epsilon", 1e-3F}, {"momentum", 0.97F}}, channels);
}

std::string GraphBuilder::activate(const std::string& name, const std::string& x,
                                   Activation activation) {
  const int channels = channels_of(x);
  switch (activation) {
    case Activation::kNone: return x;
    case Activation::kRelu: return append(name + ".relu", "Relu", {x}, {}, channels);
    case Activation::kHardSwish:
      graph_.opset = std::max(graph_.opset, kOpsetOfHardSwish);
      return append(name + ".hard_swish", "HardSwish", {x}, {}, channels);
    case Activation::kSilu: {
      const std::string open = append(name + ".sigmoid", "Sigmoid", {x}, {}, channels);
      return append(name + ".silu", "Mul", {x, open}, {}, channels);
    }
  }
  return x;  // unreachable: no default above
}

std::string GraphBuilder::conv_bn(const std::string& name, const std::string& x,
                                  const ConvLayer& layer) {
  const std::string y = convolution(name + ".conv", x, layer, 1);
  return activate(name, batch_norm(name + ".bn", y, layer.scale), layer.activation);
}

std::string GraphBuilder::conv_bn_relu(const std::string& name, const std::string& x, int channels,
                                       int kernel, int stride) {
  return conv_bn(
      name, x,
      {.channels = channels, .kernel = kernel, .stride = stride, .activation = Activation::kRelu});
}

std::string GraphBuilder::predict(const std::string& name, const std::string& x, int channels,
                                  float bias) {
  const std::string y = convolution(name, x, {.channels = channels}, 0.1F);
  graph_.nodes.back().inputs.push_back(constant(
      name + ".bias", {channels}, std::vector<float>(static_cast<std::size_t>(channels), bias)));
  return y;
}

std::string GraphBuilder::gated(const std::string& name, const std::string& x, int squeezed,
                                Gate gate) {
  const int channels = channels_of(x);
  const bool smooth = gate == Gate::kSmooth;
  const std::string means = append(name + ".pool", "GlobalAveragePool", {x}, {}, channels);
  const std::string few =
      activate(name + ".squeeze", predict(name + ".squeeze", means, squeezed, 0),
               smooth ? Activation::kSilu : Activation::kRelu);
  const std::string logits = predict(name + ".excite", few, channels, 0);
  const std::string open = smooth ? append(name + ".sigmoid", "Sigmoid", {logits}, {}, channels)
                                  : append(name + ".hard_sigmoid", "HardSigmoid", {logits},
                                           {{"alpha", 1.0F / 6.0F}, {"beta", 0.5F}}, channels);
  return append(name + ".scale", "Mul", {x, open}, {}, channels);
}

std::string GraphBuilder::add(const std::string& name, const std::string& a, const std::string& b) {
  return append(name, "Add", {a, b}, {}, channels_of(a));
}

std::string GraphBuilder::concat(const std::string& name, const std::vector<std::string>& parts) {
  int channels = 0;
  for (const std::string& part : parts) channels += channels_of(part);
  return append(name, "Concat", parts, {{"axis", std::int64_t{1}}}, channels);
}

std::string GraphBuilder::upsample(const std::string& name, const std::string& x) {
  const std::string scales = constant(name + ".scales", {4}, {1, 1, 2, 2});
  return append(name, "Resize", {x, "", scales},
                {{"mode", std::string("nearest")},
                 {"coordinate_transformation_mode", std::string("asymmetric")},
                 {"nearest_mode", std::string("floor")}},
                channels_of(x));
}

std::string GraphBuilder::max_pool(const std::string& name, const std::string& x, int kernel,
                                   int stride) {
  using Ints = std::vector<std::int64_t>;
  const std::int64_t pad = kernel / 2;
  return append(name, "MaxPool", {x},
                {{"kernel_shape", Ints{kernel, kernel}},
                 {"strides", Ints{stride, stride}},
                 {"pads", Ints{pad, pad, pad, pad}}},
                channels_of(x));
}

std::vector<std::string> GraphBuilder::halves(const std::string& name, const std::string& x) {
  const int half = channels_of(x) / 2;
  const std::string sizes = shape_constant(name + ".sizes", {half, half});
  const std::string first = append(name, "Split", {x, sizes}, {{"axis", std::int64_t{1}}}, half);
  const std::string second = name + ".rest";
  graph_.nodes.back().outputs.push_back(second);
  channels_[second] = half;
  return {first, second};
}

std::string GraphBuilder::shuffle(const std::string& name, const std::string& x, int height,
                                  int width) {
  const int channels = channels_of(x);
  const std::string apart =
      append(name + ".apart", "Reshape",
             {x, shape_constant(name + ".apart.shape", {1, 2, channels / 2, height, width})}, {},
             channels);
  const std::string turned = append(name + ".turn", "Transpose", {apart},
                                    {{"perm", std::vector<std::int64_t>{0, 2, 1, 3, 4}}}, channels);
  return append(name + ".together", "Reshape",
                {turned, shape_constant(name + ".together.shape", {1, channels, height, width})},
                {}, channels);
}

std::string GraphBuilder::weighted_sum(const std::string& name,
                                       const std::vector<std::string>& maps) {
  std::vector<std::string> weights;
  std::string total = constant(name + ".epsilon", {1}, {1e-4F});
  for (std::size_t i = 0; i < maps.size(); ++i) {
    const std::string part = name + ".weight" + std::to_string(i);
    weights.push_back(append(part, "Relu", {constant(part + ".value", {1}, {1})}, {}, 1));
    const std::string so_far = name + ".total" + std::to_string(i);
    total = append(so_far, "Add", {total, weights.back()}, {}, 1);
  }
  std::string sum;
  for (std::size_t i = 0; i < maps.size(); ++i) {
    const std::string part = name + ".part" + std::to_string(i);
    const std::string share = append(part + ".share", "Div", {weights[i], total}, {}, 1);
    const std::string scaled = append(part, "Mul", {maps[i], share}, {}, channels_of(maps[i]));
    const std::string with_it = part + ".add";
    sum = i == 0 ? scaled : add(with_it, sum, scaled);
  }
  return sum;
}

Graph GraphBuilder::take() && {
  return std::move(graph_);
}

}  // namespace pare::engine
