#include "engine/quant/second_order.h"

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <random>

namespace pare::engine {
namespace {

struct Planted {
  Eigen::MatrixXd inputs;  // positions x (inputs + 1), the last column 1
  Tensor weights;
  Tensor bias;
  InputMoments moments;
};

// Inputs that a few hidden causes drive: strongly correlated, as those of a network are.
Planted planted(int inputs, int outputs, std::uint32_t seed, double noise) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  const auto draw = [&](double) { return normal(random); };
  const Eigen::MatrixXd causes = Eigen::MatrixXd::Zero(2'000, 4).unaryExpr(draw);
  const Eigen::MatrixXd mixing = Eigen::MatrixXd::Zero(4, inputs).unaryExpr(draw);
  Planted made;
  made.inputs = Eigen::MatrixXd::Ones(2'000, inputs + 1);
  made.inputs.leftCols(inputs) =
      causes * mixing + noise * Eigen::MatrixXd::Zero(2'000, inputs).unaryExpr(draw);
  made.inputs.leftCols(inputs).array() += 0.5;
  std::vector<float> weights(static_cast<std::size_t>(inputs * outputs));
  for (float& w : weights) w = static_cast<float>(normal(random));
  std::vector<float> bias(static_cast<std::size_t>(outputs));
  for (float& b : bias) b = static_cast<float>(normal(random));
  made.weights = Tensor::of<float>({outputs, inputs, 1, 1}, weights);
  made.bias = Tensor::of<float>({outputs}, bias);
  const Eigen::MatrixXd gram = made.inputs.transpose() * made.inputs / 2'000;
  made.moments = {inputs + 1, {gram.data(), gram.data() + gram.size()}};
  return made;
}

double output_error(const Planted& layer, const QuantizedWeights& weights, const Tensor& bias) {
  const Tensor rounded = dequantize(weights);
  const auto outputs = layer.weights.shape()[0];
  const auto inputs = layer.weights.shape()[1];
  using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto matrix = [&](const Tensor& w, const Tensor& b) {
    Eigen::MatrixXd out(outputs, inputs + 1);
    out.leftCols(inputs) =
        Eigen::Map<const Rows>(w.values<float>().data(), outputs, inputs).cast<double>();
    out.col(inputs) =
        Eigen::Map<const Eigen::VectorXf>(b.values<float>().data(), outputs).cast<double>();
    return out;
  };
  const Eigen::MatrixXd miss = matrix(rounded, bias) - matrix(layer.weights, layer.bias);
  return (layer.inputs * miss.transpose()).squaredNorm();
}

TEST(SecondOrder, correlated_inputs_lose_less_than_half_of_what_rounding_to_nearest_does) {
  for (const std::uint32_t seed : {1U, 2U, 3U}) {
    for (const int bits : {8, 7}) {
      const Planted layer = planted(24, 8, seed, 0.05);
      const auto nearest = quantize_weights(layer.weights, bits);
      const auto rounded = round_second_order(layer.weights, layer.bias, bits, layer.moments);
      ASSERT_TRUE(nearest && rounded);
      EXPECT_LT(output_error(layer, rounded.value().weights, rounded.value().bias),
                0.5 * output_error(layer, nearest.value(), layer.bias));
    }
  }
}

TEST(SecondOrder, inputs_without_correlation_are_rounded_to_nearest) {
  Planted layer = planted(6, 4, 4, 0.1);
  std::fill(layer.moments.values.begin(), layer.moments.values.end(), 0.0);
  for (std::size_t i = 0; i < 7; ++i) layer.moments.values[i * 7 + i] = 1;
  const auto rounded = round_second_order(layer.weights, layer.bias, 8, layer.moments);
  ASSERT_TRUE(rounded);
  EXPECT_EQ(rounded.value().weights.values, quantize_weights(layer.weights, 8).value().values);
  EXPECT_EQ(rounded.value().bias, layer.bias);
}

TEST(SecondOrder, levels_keep_to_the_bits_and_scales_are_those_of_rounding_to_nearest) {
  const Planted layer = planted(30, 8, 5, 0.01);
  const auto rounded = round_second_order(layer.weights, layer.bias, 7, layer.moments);
  ASSERT_TRUE(rounded);
  for (const std::int8_t level : rounded.value().weights.values.values<std::int8_t>()) {
    EXPECT_LE(std::abs(int{level}), 63);
  }
  EXPECT_EQ(rounded.value().weights.scales, quantize_weights(layer.weights, 7).value().scales);
}

TEST(SecondOrder, moments_of_another_size_are_refused_with_both_sizes) {
  const Planted layer = planted(6, 4, 6, 0.1);
  const auto refused =
      round_second_order(layer.weights, layer.bias, 8, {3, std::vector<double>(9)});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("2 inputs"), std::string::npos);
  EXPECT_NE(refused.error().message.find("has 6"), std::string::npos);
}

}  // namespace
}  // namespace pare::engine
