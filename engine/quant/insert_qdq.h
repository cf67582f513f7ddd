// Turns a graph into one whose chosen layers compute in int8: QuantizeLinear / DequantizeLinear
// pairs (QDQ) around them, as runtimes read and fuse them.
//
// Activations are uint8 and asymmetric, one scale a tensor; weights int8, symmetric, one scale an
// output channel; biases int32.  Operators that only move values keep their input's scale,
// Sigmoid's output has the fixed range [0, 1], and nothing stands between a convolution and the
// Relu or Clip that a runtime folds into it.  Whatever reads the output of an int8 node, fp32 nodes
// and the graph's outputs too, reads it behind its DQ: a second reader before the Q would keep the
// runtime from fusing the node.
//
// Source: ONNX operators QuantizeLinear-13 and DequantizeLinear-13; Jacob et al., "Quantization and
// Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", CVPR 2018.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/plan.h"
#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/quant/activation_histogram.h"

namespace pare::engine {

// The range of a tensor of this graph; fails if no statistics of it were kept.
using RangeOf = std::function<Result<Range>(const std::string& tensor)>;

struct QuantizedGraph {
  Graph graph;
  std::vector<std::string> int8_layers;  // names of the convolutions that became int8
};

// Fails with kInvalidArgument if keep_fp32 names no convolution, kUnsupported below opset 13 (no
// per-channel scales), and as `range_of` does.  Cost: one pass over nodes and weights.
Result<QuantizedGraph> insert_qdq(const Graph& graph, const QuantizationPlan& plan,
                                  const RangeOf& range_of);

}  // namespace pare::engine
