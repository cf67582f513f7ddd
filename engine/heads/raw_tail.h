// Tails that are kept node by node, and put back on a body.  Private to engine/heads.
#pragma once

#include <vector>

#include "core/result.h"
#include "engine/heads/head.h"

namespace pare::engine {

// One entry a node: true for a convolution and for all that leads to one.
std::vector<bool> leads_to_a_convolution(const Graph& graph);

// The node with its constants under names that no body has: the body's may be cut or quantized.
Node with_own_constants(Node node, const Graph& graph, KeptTail& tail);

// With the shapes that were seen; of none where it varies.
std::vector<TensorInfo> as_observed(std::vector<TensorInfo> outputs, const Observation& observed);

// Fails with kInvalidArgument if a tensor that the tail reads is not there.
Result<Graph> attach_kept(Graph body, const KeptTail& tail);

}  // namespace pare::engine
