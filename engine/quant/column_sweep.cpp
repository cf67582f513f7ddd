#include "engine/quant/column_sweep.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <string>
#include <utility>

namespace pare::engine {
namespace {

constexpr double kDamping = 0.01;  // of the mean of the diagonal, as GPTQ has it

// Upper U with (H + damping)^-1 = U' U.  The last entry, the bias's, is not damped.
Eigen::MatrixXd inverse_factor(Eigen::MatrixXd moments) {
  const Eigen::Index inputs = moments.rows() - 1;
  const double damping = std::max(kDamping * moments.diagonal().head(inputs).mean(), 1e-12);
  moments.diagonal().head(inputs).array() += damping;
  const Eigen::MatrixXd inverse =
      moments.llt().solve(Eigen::MatrixXd::Identity(moments.rows(), moments.cols()));
  return inverse.llt().matrixU();
}

// The bias stays last.
Eigen::VectorXi with_bias(const Eigen::VectorXi& order) {
  Eigen::VectorXi all(order.size() + 1);
  all << order, static_cast<int>(order.size());
  return all;
}

}  // namespace

Result<ColumnSweep> begin_sweep(const Tensor& weights, const Tensor* bias,
                                const InputMoments& of_inputs, const Eigen::VectorXi& order) {
  const auto outputs = static_cast<Eigen::Index>(weights.shape().at(0));
  const Eigen::Index inputs = weights.size() / outputs;
  if (of_inputs.size != inputs + 1) {
    return Error{ErrorCode::kInvalidArgument, "moments of " + std::to_string(of_inputs.size - 1) +
                                                  " inputs, the layer has " +
                                                  std::to_string(inputs)};
  }
  using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  ColumnSweep sweep;
  sweep.order = order.size() > 0
                    ? order
                    : Eigen::VectorXi::LinSpaced(inputs, 0, static_cast<int>(inputs) - 1);
  sweep.left = Eigen::MatrixXd::Zero(outputs, inputs + 1);
  sweep.left.leftCols(inputs) =
      Eigen::Map<const Rows>(weights.values<float>().data(), outputs, inputs).cast<double>();
  if (bias != nullptr) {
    sweep.left.col(inputs) =
        Eigen::Map<const Eigen::VectorXf>(bias->values<float>().data(), outputs).cast<double>();
  }
  Eigen::MatrixXd moments =
      Eigen::Map<const Eigen::MatrixXd>(of_inputs.values.data(), of_inputs.size, of_inputs.size);
  if (order.size() > 0) {
    const Eigen::VectorXi all = with_bias(order);
    moments = Eigen::MatrixXd(moments(all, all));
    sweep.left = Eigen::MatrixXd(sweep.left(Eigen::all, all));
  }
  sweep.factor = inverse_factor(std::move(moments));
  return sweep;
}

void replace_in_order(ColumnSweep& sweep, const Replacement& replacement,
                      const BeforeColumn& before) {
  Eigen::MatrixXd& left = sweep.left;
  const Eigen::Index inputs = left.cols() - 1;
  Eigen::VectorXd instead(left.rows());
  for (Eigen::Index j = 0; j < inputs; ++j) {
    if (before) before(j, sweep);
    for (Eigen::Index o = 0; o < left.rows(); ++o) instead[o] = replacement(o, j, left(o, j));
    const Eigen::VectorXd error = (left.col(j) - instead) / sweep.factor(j, j);
    const Eigen::Index rest = inputs - j;
    left.rightCols(rest).noalias() -= error * sweep.factor.row(j).tail(rest);
  }
}

Tensor bias_left(const ColumnSweep& sweep) {
  const Eigen::VectorXf bias = sweep.left.rightCols(1).cast<float>();
  return Tensor::of<float>({bias.size()},
                           std::span(bias.data(), static_cast<std::size_t>(bias.size())));
}

}  // namespace pare::engine
