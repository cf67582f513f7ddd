// Quantized networks for tests, in a few lines: operators on integers over GraphBuilder.
#pragma once

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "engine/graph/convert.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {

class QuantizedBuilder : public GraphBuilder {
 public:
  using GraphBuilder::GraphBuilder;

  // A tensor of uint8 with the names of its scale and zero point.
  struct Integers {
    std::string name, scale, zero;
  };

  std::string number(float value) { return constant(Tensor::of<float>({}, std::span(&value, 1))); }
  std::string byte(std::uint8_t value) {
    return constant(Tensor::of<std::uint8_t>({}, std::span(&value, 1)));
  }

  // uint8 that covers [low, high].
  Integers grid(float low, float high) {
    const float scale = (high - low) / 255;
    return {"", number(scale), byte(static_cast<std::uint8_t>(std::lround(-low / scale)))};
  }

  Integers quantized(const std::string& x, float low, float high) {
    Integers made = grid(low, high);
    made.name = node("QuantizeLinear", {x, made.scale, made.zero}, {shape(x)})[0];
    return made;
  }
  std::string real(const Integers& q) {
    return node("DequantizeLinear", {q.name, q.scale, q.zero}, {shape(q.name)})[0];
  }

  // Random integers between -20 and 20 as weights.
  std::string int8_weights(Shape shape) {
    return constant(converted(random_tensor(std::move(shape), ++seed_, -20, 20), DType::kInt8));
  }
  std::string scales(std::int64_t count) { return constant({count}, 0.005F, 0.02F); }
  std::string zeros(std::int64_t count) {
    return constant(Tensor::of<std::int8_t>(
        {count}, std::vector<std::int8_t>(static_cast<std::size_t>(count), 0)));
  }
  std::string int32_bias(std::int64_t count) {
    return constant(converted(random_tensor({count}, ++seed_, -500, 500), DType::kInt32));
  }

  // Inputs with their grids, then the output's grid.
  Integers rounded(const std::string& op, const std::vector<Integers>& inputs, Shape made,
                   const Integers& out, std::map<std::string, Attribute> attributes = {}) {
    std::vector<std::string> reads;
    for (const Integers& q : inputs) reads.insert(reads.end(), {q.name, q.scale, q.zero});
    reads.insert(reads.end(), {out.scale, out.zero});
    return {node(op, reads, {std::move(made)}, std::move(attributes))[0], out.scale, out.zero};
  }

  // Kernel 3, padded.
  Integers conv(const Integers& x, std::int64_t channels, const Integers& out) {
    Shape made = shape(x.name);
    const std::string weights = int8_weights({channels, made[1], 3, 3});
    made[1] = channels;
    return {node("QLinearConv",
                 {x.name, x.scale, x.zero, weights, scales(channels), zeros(channels), out.scale,
                  out.zero, int32_bias(channels)},
                 {made}, {{"pads", std::vector<std::int64_t>{1, 1, 1, 1}}})[0],
            out.scale, out.zero};
  }

  // Operators on integers that ONNX does not have are com.microsoft's.
  Graph build() const {
    Graph graph = GraphBuilder::build();
    for (Node& node : graph.nodes) {
      const bool standard = node.op == "QLinearConv" || node.op == "QLinearMatMul";
      const bool is_theirs = (node.op.starts_with("QLinear") && !standard) || node.op == "QGemm" ||
                             node.op == "DynamicQuantizeMatMul" ||
                             node.op == "MatMulIntegerToFloat" || node.op == "QAttention";
      if (is_theirs) node.domain = "com.microsoft";
    }
    graph.domains["com.microsoft"] = 1;
    return graph;
  }

 private:
  unsigned seed_ = 100;
};

}  // namespace pare::engine::test
