// Replaces the weights of a layer input by input: what a replacement does to the outputs, the
// inputs after it (and the bias, which is never replaced) make up for as far as they are correlated
// with it.
//
// With inputs x of second moments H = E[x x'], the error of a layer is tr(dW H dW'); going input by
// input with the Cholesky factor U of H^-1 = U' U, the part of input j's error that the rest can
// take over is err * U_j,j+1: / U_jj.
//
// Cost: d^3 for d inputs, then d^2 / 2 for each output.  One thread.
// Source: Frantar et al., GPTQ (ICLR 2023) and SparseGPT (ICML 2023), on the Gram matrices that
// pruning needs anyway.
#pragma once

#include <Eigen/Core>
#include <functional>

#include "core/result.h"
#include "engine/graph/tensor.h"
#include "engine/quant/second_order.h"

namespace pare::engine {

struct ColumnSweep {
  Eigen::MatrixXd left;    // outputs x (inputs + 1): what is still to be replaced, the bias last
  Eigen::MatrixXd factor;  // upper U, of (inputs + 1) columns
  Eigen::VectorXi order;   // which of the layer's inputs each column is
};

// `order`: all inputs of the layer, in the order to go; empty: as they stand.  No bias: zeros.
// Fails with kInvalidArgument if the moments are of another size.  REQUIRES: float32 weights with
// the outputs first.
Result<ColumnSweep> begin_sweep(const Tensor& weights, const Tensor* bias,
                                const InputMoments& moments, const Eigen::VectorXi& order = {});

// What stands in the place of a weight that the inputs before have made `value`.
using Replacement = std::function<double(Eigen::Index output, Eigen::Index column, double value)>;
// Called before each column, with all that is left.
using BeforeColumn = std::function<void(Eigen::Index column, const ColumnSweep& sweep)>;

// Leaves the bias in the last column of `left`.
void replace_in_order(ColumnSweep& sweep, const Replacement& replacement,
                      const BeforeColumn& before = {});

// The last column as a bias of that shape.
Tensor bias_left(const ColumnSweep& sweep);

}  // namespace pare::engine
