// Weights that are zero: of every few neighbouring input channels all but some (N:M, what
// accelerators of sparse products need), or anywhere in a layer.  What is left makes up for what
// goes, as far as the inputs are correlated.
//
// A weight costs w^2 / U_jj^2 (column_sweep.h), looked at again for each block with what the
// weights before it left to do; without moments it costs its size, and nothing makes up for it.
// N:M blocks are channels at the same place of the kernel; channels of a last, shorter block stay.
// A zero saves time only on a runtime that skips it: none on a processor that Pare knows does for
// convolutions.
//
// Cost: as column_sweep.h.  Pure, any thread.
// Source: Frantar and Alistarh, SparseGPT (ICML 2023); Mishra et al., Accelerating Sparse Deep
// Neural Networks (2021), for 2:4.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/plan.h"
#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/quant/second_order.h"

namespace pare::engine {

// Second moments of what a layer reads; nullopt where none were kept.
using LayerMoments = std::function<std::optional<InputMoments>(const std::string& layer)>;

struct SparseLayer {
  Tensor weights;
  Tensor bias;
};

// No bias: zeros.  Fails with kInvalidArgument if the moments are of another size.
// REQUIRES: float32 weights (outputs, inputs, ...), finite.
Result<SparseLayer> sparsify(const Tensor& weights, const Tensor* bias, const Sparsity& sparsity,
                             const std::optional<InputMoments>& moments);

struct SparseGraph {
  Graph graph;
  std::vector<std::string> layers;  // that became sparse, in the order of the nodes
};

// Every convolution of one group with constant float32 weights and at least a block of inputs;
// depthwise ones and those that share their weights stay.
Result<SparseGraph> sparsify(const Graph& graph, const Sparsity& sparsity,
                             const LayerMoments& moments);

}  // namespace pare::engine
