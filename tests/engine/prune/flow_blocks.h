// Blocks of detectors in which channels flow through more than convolutions, written as exporters
// write them.  Each takes a map of 1xCxHxW and returns one; names, weights and shapes are the
// builder's.
#pragma once

#include <string>

#include "tests/support/graph_builder.h"

namespace pare::engine::test {

// Attention of C2PSA (YOLOv10, YOLO11): q, k and v out of one 1x1 convolution, split head by head,
// Softmax over the keys, a depthwise convolution of v for the positions, a 1x1 projection.
// REQUIRES: heads divides the channels.
std::string positional_attention(GraphBuilder& b, const std::string& x, int heads, int key);

// Attention over tokens as transformers have it: 1xHWxC, q, k and v out of one MatMul, reshaped to
// 3 x heads and taken apart by Gather.  REQUIRES: heads divides the channels.
std::string token_attention(GraphBuilder& b, const std::string& x, int heads);

// The same as two Einsums, q, k and v from three products.
std::string einsum_attention(GraphBuilder& b, const std::string& x, int heads);

// Attention between channels (each channel a query): Softmax over channels.
std::string channel_attention(GraphBuilder& b, const std::string& x);

// GroupNorm as PyTorch exports it: Reshape, InstanceNormalization, Reshape, Mul, Add.
std::string group_norm(GraphBuilder& b, const std::string& x, int groups);

// LayerNorm over the channels of 1xHxWxC, as one operator or as its parts.
std::string layer_norm(GraphBuilder& b, const std::string& x, bool as_parts);

// Squeeze and excitation by convolutions, or by Gemm on what Flatten leaves.
std::string channel_gates(GraphBuilder& b, const std::string& x, bool by_gemm);

// One gate a position, out of the mean and the largest over the channels.
std::string spatial_gates(GraphBuilder& b, const std::string& x);

// blocksize 2; in pieces: Reshape, Transpose, Reshape.  REQUIRES: 4 divides the channels.
std::string pixel_shuffle(GraphBuilder& b, const std::string& x, bool columns_first);
std::string pixel_shuffle_in_pieces(GraphBuilder& b, const std::string& x);

// Samples x where a convolution of it points.
std::string grid_sample(GraphBuilder& b, const std::string& x);

// A feed-forward block of tokens: MatMul, GELU in its parts, MatMul.
std::string token_mlp(GraphBuilder& b, const std::string& x, int hidden);

}  // namespace pare::engine::test
