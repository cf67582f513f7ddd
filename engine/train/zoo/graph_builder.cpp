#include "engine/train/zoo/graph_builder.h"

#include <cmath>
#include <utility>

namespace pare::engine {

GraphBuilder::GraphBuilder(std::string input, int channels, int height, int width,
                           std::uint64_t seed)
    : random_(seed) {
  graph_.opset = 13;
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

std::string GraphBuilder::convolution(const std::string& name, const std::string& x, int channels,
                                      int kernel, int stride, bool with_bias, float bias,
                                      float gain) {
  const int in = channels_of(x);
  std::normal_distribution<float> draw(
      0.0F, gain * std::sqrt(2.0F / static_cast<float>(in * kernel * kernel)));
  std::vector<float> weights(static_cast<std::size_t>(channels * in * kernel * kernel));
  for (float& w : weights) w = draw(random_);
  std::vector<std::string> inputs{
      x, constant(name + ".weight", {channels, in, kernel, kernel}, weights)};
  if (with_bias) {
    inputs.push_back(constant(name + ".bias", {channels},
                              std::vector<float>(static_cast<std::size_t>(channels), bias)));
  }
  using Ints = std::vector<std::int64_t>;
  const std::int64_t pad = kernel / 2;
  return append(name, "Conv", std::move(inputs),
                {{"kernel_shape", Ints{kernel, kernel}},
                 {"strides", Ints{stride, stride}},
                 {"pads", Ints{pad, pad, pad, pad}},
                 {"dilations", Ints{1, 1}},
                 {"group", std::int64_t{1}}},
                channels);
}

std::string GraphBuilder::conv_bn_relu(const std::string& name, const std::string& x, int channels,
                                       int kernel, int stride) {
  const std::string y = convolution(name + ".conv", x, channels, kernel, stride, false, 0, 1);
  const auto filled = [&](const char* what, float value) {
    return constant(name + ".bn." + what, {channels},
                    std::vector<float>(static_cast<std::size_t>(channels), value));
  };
  const std::string z =
      append(name + ".bn", "BatchNormalization",
             {y, filled("scale", 1), filled("bias", 0), filled("mean", 0), filled("variance", 1)},
             {{"epsilon", 1e-3F}, {"momentum", 0.97F}}, channels);
  return append(name + ".relu", "Relu", {z}, {}, channels);
}

std::string GraphBuilder::predict(const std::string& name, const std::string& x, int channels,
                                  float bias) {
  return convolution(name, x, channels, 1, 1, true, bias, 0.1F);
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

Graph GraphBuilder::take() && {
  return std::move(graph_);
}

}  // namespace pare::engine
