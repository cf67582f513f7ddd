// Which nodes of a graph compute in int8 under a quantization plan.
//
// A convolution does unless it is kept in fp32.  Any other node does only with the placement
// kOperators, only if int8 kernels of it exist, and only if everything it reads comes from nodes
// that do: an operator between two fp32 layers would gain nothing and lose accuracy.  Nor does one
// that would bring very unlike ranges under one scale (unlike_ranges.h).
#pragma once

#include <vector>

#include "core/plan.h"
#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/quant/calibrate.h"

namespace pare::engine {

// One entry a node, in the graph's order.  `apart`: names of nodes to be kept in fp32, sorted.
// O(nodes + edges).
std::vector<bool> int8_nodes(const Graph& graph, QdqPlacement placement,
                             const std::vector<std::string>& apart = {});

// Fails with kInvalidArgument, naming it, if one of the names is no convolution or matrix product
// of this graph.
Result<std::monostate> check_layers(const Graph& graph, const std::vector<std::string>& names);

// Operators that only move values: their output has the scale of their input.
bool keeps_scale(const Node& node);

// The activation that runtimes fold into the convolution before it: no Q/DQ may stand between them.
bool folds_into_convolution(const Node& node);

// What stands behind a tensor: a SiLU if it is read by a Sigmoid and the product of the two alone.
FollowedBy followed_by(const Graph& graph, const Edges& edges, const std::string& tensor);

}  // namespace pare::engine
