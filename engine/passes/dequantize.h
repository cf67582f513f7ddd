// A network that computes on integers, as the floating-point network that it stands for.
//
// Weights and biases become the numbers that their integers say, exactly; what rounds activations
// (QuantizeLinear and the operators that round within) is left out.  Of the saturation of a range
// only what stands for an activation function is kept: quantizers drop a Relu, or a Clip to 6, that
// the range does anyway.
//
// Understood: QuantizeLinear with DequantizeLinear, QLinearConv and its like (those of
// com.microsoft, too), ConvInteger and MatMulInteger with DynamicQuantizeLinear, and operators that
// only move integers.
//
// Cost: linear in nodes and weights.  Pure function, any thread.
// Source: the operators' definitions, ONNX opset 21 and onnxruntime/docs/ContribOperators.md.
#pragma once

#include <map>
#include <string>

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

struct Dequantized {
  Graph graph;
  std::map<std::string, int> gone;  // operators on integers that are no longer there, by type
  int layers = 0;                   // convolutions and products whose weights were integers
};

// The graph itself, nothing gone, if nothing in it rounds activations.  DequantizeLinear of weights
// alone stays: it is a constant like others.  An output of integers keeps its QuantizeLinear.
// Fails with kUnsupported, naming the node and why, where an operator's meaning is not known.
Result<Dequantized> dequantize(Graph graph);

}  // namespace pare::engine
