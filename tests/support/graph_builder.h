// Small graphs for tests, in a few lines, with seeded random weights.
//
//   GraphBuilder b;
//   const auto x = b.conv(b.input({1, 3, 16, 16}), {.channels = 8, .stride = 2});
//   b.output(b.relu(b.add(x, b.conv(x, {.channels = 8}))));
//   const Graph graph = b.build();
//
// Every method returns the name of the tensor it makes, and the node bears that name too: the
// operator's type in lower case and a number ("conv_0", "conv_1"), or the name that was asked for.
// Shapes are tracked, so a convolution knows its input channels.  Equal calls give equal graphs.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "engine/graph/graph.h"

namespace pare::engine::test {

struct ConvSpec {
  int channels = 8;  // made
  int kernel = 3;
  int stride = 1;
  int groups = 1;  // channels of the input: depthwise
  bool bias = true;
  std::string name = {};
};

class GraphBuilder {
 public:
  explicit GraphBuilder(unsigned seed = 1, int opset = 13);

  std::string input(Shape shape, const std::string& name = "images");
  std::string constant(Tensor tensor, const std::string& name = "");
  std::string constant(Shape shape, float low = -1, float high = 1);  // random
  std::string ints(std::vector<std::int64_t> values);                 // one-dimensional

  std::string conv(const std::string& x, const ConvSpec& spec);  // padded: stride 1 keeps the size
  std::string batch_norm(const std::string& x);
  std::string relu(const std::string& x) { return like("Relu", {x}); }
  std::string sigmoid(const std::string& x) { return like("Sigmoid", {x}); }
  std::string silu(const std::string& x) { return mul(x, sigmoid(x)); }
  std::string add(const std::string& a, const std::string& b) { return like("Add", {a, b}); }
  std::string mul(const std::string& a, const std::string& b) { return like("Mul", {a, b}); }
  std::string concat(const std::vector<std::string>& parts, int axis = 1);
  std::vector<std::string> split(const std::string& x, std::vector<std::int64_t> sizes,
                                 int axis = 1);
  std::string slice(const std::string& x, int axis, std::int64_t from, std::int64_t to,
                    std::int64_t step = 1);
  std::string max_pool(const std::string& x, int kernel, int stride);  // padded as conv()
  std::string upsample(const std::string& x, float scale = 2);         // Resize, nearest, by scales
  std::string reshape(const std::string& x, Shape shape);              // no 0, no -1
  std::string transpose(const std::string& x, const std::vector<std::int64_t>& order);
  std::string channel_shuffle(const std::string& x, int groups);

  // Any operator; `shapes` of its outputs.  Returns their names.
  std::vector<std::string> node(const std::string& op, std::vector<std::string> inputs,
                                std::vector<Shape> shapes,
                                std::map<std::string, Attribute> attributes = {},
                                const std::string& name = "");
  void output(const std::string& tensor);

  const Shape& shape(const std::string& tensor) const { return shapes_.at(tensor); }
  // Aborts if what was built does not verify.
  Graph build() const;

 private:
  std::string like(const std::string& op, const std::vector<std::string>& inputs);
  std::string numbered(const std::string& op);

  Graph graph_;
  std::map<std::string, Shape> shapes_;
  std::map<std::string, int> count_;
  std::mt19937 random_;
};

// Values in [low, high), the same for the same seed on every platform.
Tensor random_tensor(Shape shape, unsigned seed, float low = -1, float high = 1);

// Largest absolute difference, divided by the largest absolute value of `expected` (or 1e-3 if that
// is smaller).  Infinite if types or shapes differ or a value is not finite.  float32, any integer
// type.
double relative_error(const Tensor& actual, const Tensor& expected);

}  // namespace pare::engine::test
