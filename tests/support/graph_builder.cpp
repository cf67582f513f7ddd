#include "tests/support/graph_builder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace pare::engine::test {
namespace {

using Ints = std::vector<std::int64_t>;

// std::uniform_real_distribution differs between standard libraries; this does not.
float uniform(std::mt19937& random, float low, float high) {
  return low + (high - low) * static_cast<float>(random() >> 8) / 16777216.0F;
}

Tensor random_tensor(std::mt19937& random, Shape shape, float low, float high) {
  std::vector<float> values(static_cast<std::size_t>(element_count(shape)));
  for (float& value : values) value = uniform(random, low, high);
  return Tensor::of<float>(std::move(shape), values);
}

std::int64_t pooled(std::int64_t size, int kernel, int stride) {
  return (size + 2 * (kernel / 2) - kernel) / stride + 1;
}

std::map<std::string, Attribute> window(int kernel, int stride) {
  return {{"kernel_shape", Ints{kernel, kernel}},
          {"pads", Ints(4, kernel / 2)},
          {"strides", Ints{stride, stride}}};
}

Shape broadcast(const Shape& a, const Shape& b) {
  Shape shape = a.size() >= b.size() ? a : b;
  const Shape& other = a.size() >= b.size() ? b : a;
  for (std::size_t i = 0; i < other.size(); ++i) {
    std::int64_t& dimension = shape[shape.size() - other.size() + i];
    dimension = std::max(dimension, other[i]);
  }
  return shape;
}

template <typename T>
double largest_difference(const Tensor& a, const Tensor& b, double& scale) {
  double largest = 0;
  for (std::size_t i = 0; i < a.values<T>().size(); ++i) {
    const auto x = static_cast<double>(a.values<T>()[i]);
    const auto y = static_cast<double>(b.values<T>()[i]);
    if (!std::isfinite(x) || !std::isfinite(y)) return std::numeric_limits<double>::infinity();
    largest = std::max(largest, std::abs(x - y));
    scale = std::max(scale, std::abs(y));
  }
  return largest;
}

}  // namespace

GraphBuilder::GraphBuilder(unsigned seed, int opset) : random_(seed) {
  graph_.opset = opset;
}

std::string GraphBuilder::numbered(const std::string& op) {
  std::string name = op;
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name + "_" + std::to_string(count_[name]++);
}

std::string GraphBuilder::input(Shape shape, const std::string& name) {
  shapes_[name] = shape;
  graph_.inputs.push_back({name, DType::kFloat32, std::move(shape)});
  return name;
}

std::string GraphBuilder::constant(Tensor tensor, const std::string& name) {
  const std::string chosen = name.empty() ? numbered("constant") : name;
  shapes_[chosen] = tensor.shape();
  graph_.constants.emplace(chosen, std::move(tensor));
  return chosen;
}

std::string GraphBuilder::constant(Shape shape, float low, float high) {
  return constant(random_tensor(random_, std::move(shape), low, high));
}

std::string GraphBuilder::ints(Ints values) {
  return constant(Tensor::of<std::int64_t>({std::ssize(values)}, values));
}

std::vector<std::string> GraphBuilder::node(const std::string& op, std::vector<std::string> inputs,
                                            std::vector<Shape> shapes,
                                            std::map<std::string, Attribute> attributes,
                                            const std::string& name) {
  Node node{
      name.empty() ? numbered(op) : name, op, "", std::move(inputs), {}, std::move(attributes)};
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    node.outputs.push_back(i == 0 ? node.name : node.name + "." + std::to_string(i));
    shapes_[node.outputs.back()] = std::move(shapes[i]);
  }
  graph_.nodes.push_back(node);
  return node.outputs;
}

std::string GraphBuilder::like(const std::string& op, const std::vector<std::string>& inputs) {
  Shape shape = this->shape(inputs[0]);
  for (const std::string& input : inputs) shape = broadcast(shape, this->shape(input));
  return node(op, inputs, {shape})[0];
}

std::string GraphBuilder::conv(const std::string& x, const ConvSpec& spec) {
  const Shape in = shape(x);
  const std::string name = spec.name.empty() ? numbered("conv") : spec.name;
  const std::int64_t fan_in = in[1] / spec.groups * spec.kernel * spec.kernel;
  const float bound = std::sqrt(3.0F / static_cast<float>(fan_in));  // keeps the variance
  std::vector<std::string> inputs = {
      x, constant(
             random_tensor(random_, {spec.channels, in[1] / spec.groups, spec.kernel, spec.kernel},
                           -bound, bound),
             name + ".weight")};
  if (spec.bias) {
    inputs.push_back(
        constant(random_tensor(random_, {spec.channels}, -0.5F, 0.5F), name + ".bias"));
  }
  auto attributes = window(spec.kernel, spec.stride);
  attributes["group"] = std::int64_t{spec.groups};
  const Shape out = {in[0], spec.channels, pooled(in[2], spec.kernel, spec.stride),
                     pooled(in[3], spec.kernel, spec.stride)};
  return node("Conv", inputs, {out}, attributes, name)[0];
}

std::string GraphBuilder::batch_norm(const std::string& x) {
  const Shape channels = {shape(x)[1]};
  const std::string scale = constant(channels, 0.5F, 1.5F);
  const std::string shift = constant(channels);
  const std::string mean = constant(channels);
  const std::string variance = constant(channels, 0.5F, 2.0F);
  return node("BatchNormalization", {x, scale, shift, mean, variance}, {shape(x)},
              {{"epsilon", 1e-3F}})[0];
}

std::string GraphBuilder::concat(const std::vector<std::string>& parts, int axis) {
  Shape out = shape(parts[0]);
  const auto at = static_cast<std::size_t>(axis);
  out[at] = 0;
  for (const std::string& part : parts) out[at] += shape(part)[at];
  return node("Concat", parts, {out}, {{"axis", std::int64_t{axis}}})[0];
}

std::vector<std::string> GraphBuilder::split(const std::string& x, Ints sizes, int axis) {
  std::vector<Shape> shapes(sizes.size(), shape(x));
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    shapes[i][static_cast<std::size_t>(axis)] = sizes[i];
  }
  return node("Split", {x, ints(std::move(sizes))}, std::move(shapes),
              {{"axis", std::int64_t{axis}}});
}

std::string GraphBuilder::slice(const std::string& x, int axis, std::int64_t from, std::int64_t to,
                                std::int64_t step) {
  Shape out = shape(x);
  out[static_cast<std::size_t>(axis)] = (to - from + step - 1) / step;
  return node("Slice", {x, ints({from}), ints({to}), ints({axis}), ints({step})}, {out})[0];
}

std::string GraphBuilder::max_pool(const std::string& x, int kernel, int stride) {
  Shape out = shape(x);
  for (const std::size_t axis : {2U, 3U}) out[axis] = pooled(out[axis], kernel, stride);
  return node("MaxPool", {x}, {out}, window(kernel, stride))[0];
}

std::string GraphBuilder::upsample(const std::string& x, float scale) {
  Shape out = shape(x);
  for (const std::size_t axis : {2U, 3U}) {
    out[axis] = static_cast<std::int64_t>(static_cast<float>(out[axis]) * scale);
  }
  const std::vector<float> scales = {1, 1, scale, scale};
  return node("Resize", {x, "", constant(Tensor::of<float>({4}, scales))}, {out},
              {{"mode", std::string("nearest")},
               {"coordinate_transformation_mode", std::string("asymmetric")},
               {"nearest_mode", std::string("floor")}})[0];
}

std::string GraphBuilder::reshape(const std::string& x, Shape shape) {
  return node("Reshape", {x, ints(shape)}, {shape})[0];
}

std::string GraphBuilder::transpose(const std::string& x, const Ints& order) {
  Shape out;
  for (const std::int64_t axis : order) out.push_back(shape(x)[static_cast<std::size_t>(axis)]);
  return node("Transpose", {x}, {out}, {{"perm", order}})[0];
}

std::string GraphBuilder::channel_shuffle(const std::string& x, int groups) {
  const Shape in = shape(x);
  const std::string apart = reshape(x, {in[0], groups, in[1] / groups, in[2], in[3]});
  return reshape(transpose(apart, {0, 2, 1, 3, 4}), in);
}

void GraphBuilder::output(const std::string& tensor) {
  graph_.outputs.push_back({tensor, DType::kFloat32, shape(tensor)});
}

Graph GraphBuilder::build() const {
  const auto verified = verify(graph_);
  PARE_CHECK(verified.has_value(), verified.error().message);
  return graph_;
}

Tensor random_tensor(Shape shape, unsigned seed, float low, float high) {
  std::mt19937 random(seed);
  return random_tensor(random, std::move(shape), low, high);
}

double relative_error(const Tensor& actual, const Tensor& expected) {
  if (actual.dtype() != expected.dtype() || actual.shape() != expected.shape()) {
    return std::numeric_limits<double>::infinity();
  }
  double scale = 1e-3;
  switch (actual.dtype()) {
    case DType::kFloat32: return largest_difference<float>(actual, expected, scale) / scale;
    case DType::kInt64: return largest_difference<std::int64_t>(actual, expected, scale) / scale;
    default: return actual == expected ? 0 : std::numeric_limits<double>::infinity();
  }
}

}  // namespace pare::engine::test
