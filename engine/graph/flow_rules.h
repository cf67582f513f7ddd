// Ways of flowing that many operators share.  Each is used by the files of engine/ops.
#pragma once

#include "engine/graph/op_def.h"

namespace pare::engine {

// Every channel of the output comes from the same channel of the first input, position by position
// or not (activations, pooling, resizing).  Fails if a dimension that holds channels changes size,
// or if another input carries channels.
Result<NodeFlow> pass_through(const NodeView& node, std::span<const Layout> inputs,
                              ChannelFlow& flow);

// Element c of the output needs element c of every input, with broadcasting (Add, Mul, PRelu):
// channels of the inputs are united, constants are cut where they vary along the channels.
Result<NodeFlow> elementwise(const NodeView& node, std::span<const Layout> inputs,
                             ChannelFlow& flow);

// The same elements in the same order under the output's observed shape.
Result<NodeFlow> same_elements(const NodeView& node, std::span<const Layout> inputs,
                               ChannelFlow& flow);

// Fails with kUnsupported if an input other than the first carries channels.
Result<std::monostate> only_first_flows(const NodeView& node, std::span<const Layout> inputs);

std::int64_t no_macs(const NodeView& node);

// A negative axis counts from the end.  Fails with kInvalidArgument if it is out of range.
Result<int> axis_of(std::int64_t axis, std::size_t rank);

// The integers of a constant input.  Fails with kUnsupported if it is no constant (computed from
// the image) or not int64 or int32.
Result<std::vector<std::int64_t>> constant_integers(const NodeView& node, std::size_t input);

// An int64 vector as a constant.
Tensor int64_tensor(const std::vector<std::int64_t>& values);

}  // namespace pare::engine
