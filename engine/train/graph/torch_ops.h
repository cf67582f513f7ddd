// What each operator of a Graph computes, in torch, so that gradients flow through it.
//
// Plain functions from tensors to tensors; torch's exceptions (a shape that does not fit) pass
// through and are caught by graph_module.h, which knows the node.
//
// Semantics: ONNX operator specification, opset 13.
#pragma once

#include <torch/torch.h>

#include <string_view>
#include <vector>

#include "engine/graph/graph.h"

namespace pare::engine {

struct TorchCall {
  const Node& node;
  const std::vector<torch::Tensor>& inputs;  // undefined where an optional input is absent
  bool training = false;                     // batch normalisation uses and updates statistics
};

using TorchOp = std::vector<torch::Tensor> (*)(const TorchCall& call);

// nullptr for an operator that cannot be trained here.
TorchOp find_torch_op(std::string_view onnx_type);

}  // namespace pare::engine
