// Coordinates in which a change of a linear layer is trained: dW = D V P.
//
// P = (G + e I)^(-1/2) undoes what the inputs have in common, D gives every output its own spread,
// so |V_o|^2 is the change of output o as a share of its variance: one learning rate fits all
// layers, and decay of V is a prior towards the weights that are there, in function space.
// Raw weights, batch normalisation folded into them, ended at an mAP of 0 (our own trials).
//
// Cost: one eigendecomposition of the Gram, about 9 d^3.  Pure, any thread.
#pragma once

#include <Eigen/Core>

namespace pare::engine {

struct Whitening {
  Eigen::VectorXd outputs;  // D's diagonal: each output's standard deviation
  Eigen::MatrixXd inputs;   // P: symmetric, inputs and the bias's 1
};

// Of y = W x, the bias in the last column, E[x x'] = gram.  An output that hardly varies is given a
// thousandth of the layer's usual spread.
Whitening whiten(const Eigen::MatrixXd& weights, const Eigen::MatrixXd& gram);

}  // namespace pare::engine
