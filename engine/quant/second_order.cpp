#include "engine/quant/second_order.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace pare::engine {
namespace {

constexpr double kDamping = 0.01;  // of the mean of the diagonal, as GPTQ has it

// Upper U with (H + damping)^-1 = U' U.  The last entry, the bias's, is not damped.
Eigen::MatrixXd inverse_factor(const InputMoments& of_inputs) {
  Eigen::MatrixXd moments =
      Eigen::Map<const Eigen::MatrixXd>(of_inputs.values.data(), of_inputs.size, of_inputs.size);
  const Eigen::Index inputs = moments.rows() - 1;
  const double damping = std::max(kDamping * moments.diagonal().head(inputs).mean(), 1e-12);
  moments.diagonal().head(inputs).array() += damping;
  const Eigen::MatrixXd inverse =
      moments.llt().solve(Eigen::MatrixXd::Identity(moments.rows(), moments.cols()));
  return inverse.llt().matrixU();
}

}  // namespace

Result<RoundedLayer> round_second_order(const Tensor& weights, const Tensor& bias, int bits,
                                        const InputMoments& moments) {
  auto nearest = quantize_weights(weights, bits);
  if (!nearest) return nearest.error();
  const std::vector<float>& scales = nearest.value().scales;
  const auto outputs = static_cast<Eigen::Index>(scales.size());
  const Eigen::Index inputs = weights.size() / outputs;
  if (moments.size != inputs + 1) {
    return Error{ErrorCode::kInvalidArgument, "moments of " + std::to_string(moments.size - 1) +
                                                  " inputs, the layer has " +
                                                  std::to_string(inputs)};
  }
  using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Eigen::MatrixXd left(outputs, inputs + 1);  // what is still to be rounded
  left.leftCols(inputs) =
      Eigen::Map<const Rows>(weights.values<float>().data(), outputs, inputs).cast<double>();
  left.col(inputs) =
      Eigen::Map<const Eigen::VectorXf>(bias.values<float>().data(), outputs).cast<double>();
  const Eigen::VectorXd scale =
      Eigen::Map<const Eigen::VectorXf>(scales.data(), outputs).cast<double>();
  const Eigen::MatrixXd factor = inverse_factor(moments);
  const double limit = bits == 8 ? 127 : 63;

  std::vector<std::int8_t> levels(static_cast<std::size_t>(outputs * inputs));
  for (Eigen::Index j = 0; j < inputs; ++j) {
    const Eigen::VectorXd level = (left.col(j).array() / scale.array())
                                      .unaryExpr([&](double x) { return std::nearbyint(x); })
                                      .cwiseMax(-limit)
                                      .cwiseMin(limit);
    for (Eigen::Index o = 0; o < outputs; ++o) {
      levels[static_cast<std::size_t>(o * inputs + j)] = static_cast<std::int8_t>(level[o]);
    }
    const Eigen::VectorXd error =
        (left.col(j).array() - level.array() * scale.array()) / factor(j, j);
    const Eigen::Index rest = inputs - j;
    left.rightCols(rest).noalias() -= error * factor.row(j).tail(rest);
  }
  const Eigen::VectorXf repaired = left.col(inputs).cast<float>();
  const std::span<const float> biases(repaired.data(), static_cast<std::size_t>(outputs));
  return RoundedLayer{
      {Tensor::of<std::int8_t>(weights.shape(), levels), std::move(nearest).value().scales},
      Tensor::of<float>(bias.shape(), biases)};
}

}  // namespace pare::engine
