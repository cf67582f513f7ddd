// Ways of flowing that many operators share.  Each is used by the files of engine/ops.
#pragma once

#include "engine/graph/op_def.h"

namespace pare::engine {

// Every channel of the output comes from the same channel of the first input, position by position
// or not (activations, pooling, resizing).  Channels that lie along a dimension that changes size
// go together along it.  Fails if they lie along no other, or if another input carries channels.
Result<NodeFlow> pass_through(const NodeView& node, std::span<const Layout> inputs,
                              ChannelFlow& flow);

// Element c of the output needs element c of every input, with broadcasting (Add, Mul, PRelu):
// channels of the inputs are united, constants are cut where they vary along the channels.
Result<NodeFlow> elementwise(const NodeView& node, std::span<const Layout> inputs,
                             ChannelFlow& flow);

// Something is taken over some dimensions (a sum, a norm, the largest).  Channels that lie along
// one of them and along others go together along it; where nothing is left of their dimensions, it
// fails.  Dimensions as ReduceMean names them: attribute or input, all where there is none.
Result<NodeFlow> reduction(const NodeView& node, std::span<const Layout> inputs, ChannelFlow& flow);

// The same elements in the same order under the output's observed shape.
Result<NodeFlow> same_elements(const NodeView& node, std::span<const Layout> inputs,
                               ChannelFlow& flow);

// Unites the channels along `axis`; the layout over the dimensions that are left.
Layout united_along(const Layout& layout, const Shape& shape, int axis, ChannelFlow& flow);

// The symbols along `axis`; where channels lie along others too, those of one place there go
// together.  Fails with kUnsupported if they lie elsewhere alone.
Result<std::vector<Symbol>> channels_along(const Layout& layout, const Shape& shape, int axis,
                                           ChannelFlow& flow);

// Unites the channels along the dimensions of `axes` that the layout has.  Fails with kUnsupported
// and `reason` if it has no other ones.
Result<Layout> united_within(const Layout& layout, const Shape& shape, std::span<const int> axes,
                             std::string_view reason, ChannelFlow& flow);

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
