// Eigen's matrices as torch's tensors, in double.
#pragma once

#include <torch/torch.h>

#include <Eigen/Core>

namespace pare::engine {

// A copy.
inline torch::Tensor to_torch(const Eigen::MatrixXd& matrix) {
  // Eigen's matrices lie column by column.
  const torch::Tensor turned = torch::empty({matrix.cols(), matrix.rows()}, torch::kFloat64);
  Eigen::Map<Eigen::MatrixXd>(turned.data_ptr<double>(), matrix.rows(), matrix.cols()) = matrix;
  return turned.t().contiguous();
}

}  // namespace pare::engine
