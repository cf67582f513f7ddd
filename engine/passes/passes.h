// Rewrites that leave what the graph computes as it is.  Each takes a verified graph and returns
// one.
//
// Cost: linear in nodes and edges, plus the weights they touch.  Pure functions, any thread.
#pragma once

#include "engine/graph/graph.h"

namespace pare::engine {

// Removes nodes and constants that no graph output needs.  Graph inputs stay.
Graph remove_dead_ends(Graph graph);

// Removes Identity, and Dropout as inference has it.  Names of graph outputs stay.
Graph remove_identities(Graph graph);

// Every tensor that the observation holds as a constant becomes one; what made it goes.
Graph fold_constants(Graph graph, const Observation& observed);

// BatchNormalization that follows a Conv, ConvTranspose or Gemm, whose output nothing else reads,
// goes into its weights and bias (w' = w g / sqrt(v + eps), b' = (b - m) g / sqrt(v + eps) + beta,
// computed in double).  The convolution then makes the tensor that the BatchNormalization made.
// Weights must be fp32 constants; where they are not, the node stays.
Graph fold_batch_norm(Graph graph);

// Convolutions of one input that are only added up, and that input itself where it is added to them
// (RepVGG's branches), become one convolution: the largest kernel, the others' weights in its
// middle.  They slide alike (stride, groups), have odd kernels padded by half, no dilation, and
// fp32 constants as weights; nothing else reads what one of them makes.
Graph merge_parallel_convolutions(Graph graph);

// A Mul by one fp32 constant for all channels, of what a convolution makes and nothing else reads,
// goes into the convolution's rows.
Graph fold_scales(Graph graph);

// An Add of one fp32 constant a channel, to what a convolution without a bias makes and nothing
// else reads, becomes its bias.
Graph fold_biases(Graph graph);

// What is shipped of a network that was trained: all four rewrites above that make it smaller, in
// the order in which each leaves the next one most to do.  `observed` is that of `graph`.
Graph deployed(Graph graph, const Observation& observed);

}  // namespace pare::engine
