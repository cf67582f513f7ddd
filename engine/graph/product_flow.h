// How channels flow through sums of products of two tensors: MatMul, Einsum.
//
// Every dimension of an operand bears a letter; a letter that the output has not is summed over.
// Channels along such a letter meet their like in the other operand, so they go together; along a
// letter of both that stays (a batch, the heads of attention) as well; along a letter of one they
// pass.  Where channels lie along heads and within them, the same channels of all heads go
// together, or, where heads outnumber them, whole heads.
//
// Cost: linear in the tables of channels.  Pure, any thread.
#pragma once

#include <array>
#include <string>

#include "engine/graph/op_def.h"

namespace pare::engine {

struct ProductLetters {
  std::array<std::string, 2> operands;  // one letter a dimension, each once
  std::string output;
};

// A constant matrix makes new channels.  Fails with kUnsupported where channels of one operand meet
// channels of the other, or a constant that cannot be cut.
// REQUIRES: two inputs, letters as many as their dimensions.
Result<NodeFlow> product(const NodeView& node, std::span<const Layout> inputs,
                         const ProductLetters& letters, ChannelFlow& flow);

}  // namespace pare::engine
