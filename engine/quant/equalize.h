// Cross-layer equalization: where one convolution feeds another through an activation that scales
// with its input (Relu, LeakyRelu, PRelu, or none), channel i may be divided by s_i in the first
// and multiplied by s_i in the second without changing what the network computes.
//
//   s_i = sqrt(r_i / q_i): r_i the largest weight of output channel i, q_i of input channel i
//
// so that no channel wastes the levels that one scale for the tensor gives it.  The s_i are rounded
// to powers of two: the fp32 network then stays equal to the last bit, and histograms shift by
// whole bins.  SiLU does not scale with its input: such networks come back unchanged.
//
// Cost: one pass over the weights of the pairs found.  Pure, any thread.
// Source: Nagel et al., Data-Free Quantization through Weight Equalization and Bias Correction
// (ICCV 2019), section 4.1.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/graph/graph.h"

namespace pare::engine {

struct EqualizedGraph {
  Graph graph;
  // Tensors whose channels were divided: by 2 to that power, one entry for each channel.
  std::map<std::string, std::vector<int>> halvings;
};

// Depthwise convolutions on the way belong to a chain: each link is a pair of its own.
EqualizedGraph equalize(const Graph& graph);

}  // namespace pare::engine
