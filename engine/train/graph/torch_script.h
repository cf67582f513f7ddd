// A graph as a TorchScript module: what runs where libtorch is and ONNX is not (C++ services,
// mobile libtorch), without Python.
//
// Traced over one input: the module takes that shape and no other, and its weights are constants of
// its code.  Pairs of QuantizeLinear and DequantizeLinear stay roundings in float32: libtorch has
// no integer kernels for them.
#pragma once

#include <torch/script.h>

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

// forward(inputs in the order of the graph) -> its output, or a tuple of them.
// Fails with kUnsupported, naming it, for an operator that torch has no form of and for an input
// whose shape is open.  Cost: two forwards.
Result<torch::jit::Module> to_torch_script(const Graph& graph);

}  // namespace pare::engine
