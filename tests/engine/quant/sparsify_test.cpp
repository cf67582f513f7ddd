#include "engine/quant/sparsify.h"

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <algorithm>
#include <random>

#include "tests/support/graph_builder.h"

namespace pare::engine {
namespace {

using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct Layer {
  Eigen::MatrixXd inputs;  // positions x (inputs + 1), the last column 1
  Tensor weights;
  Tensor bias;
  InputMoments moments;
};

// Inputs that a few hidden causes drive.
Layer layer_of(Shape shape, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  const auto draw = [&](double) { return normal(random); };
  const Eigen::Index inputs = element_count(shape) / shape[0];
  const Eigen::MatrixXd mixing = Eigen::MatrixXd::Zero(6, inputs).unaryExpr(draw);
  Layer made;
  made.inputs = Eigen::MatrixXd::Ones(1'500, inputs + 1);
  made.inputs.leftCols(inputs) = Eigen::MatrixXd::Zero(1'500, 6).unaryExpr(draw) * mixing +
                                 0.2 * Eigen::MatrixXd::Zero(1'500, inputs).unaryExpr(draw);
  made.inputs.leftCols(inputs).array() += 0.5;
  std::vector<float> weights(static_cast<std::size_t>(element_count(shape)));
  for (float& w : weights) w = static_cast<float>(normal(random));
  const std::vector<float> bias(static_cast<std::size_t>(shape[0]), 0.5F);
  made.weights = Tensor::of<float>(shape, weights);
  made.bias = Tensor::of<float>({shape[0]}, bias);
  const Eigen::MatrixXd gram = made.inputs.transpose() * made.inputs / 1'500;
  made.moments = {inputs + 1, {gram.data(), gram.data() + gram.size()}};
  return made;
}

double output_error(const Layer& layer, const SparseLayer& sparse) {
  const auto outputs = layer.weights.shape()[0];
  const Eigen::Index inputs = layer.weights.size() / outputs;
  const auto matrix = [&](const Tensor& w, const Tensor& b) {
    Eigen::MatrixXd out(outputs, inputs + 1);
    out.leftCols(inputs) =
        Eigen::Map<const Rows>(w.values<float>().data(), outputs, inputs).cast<double>();
    out.col(inputs) =
        Eigen::Map<const Eigen::VectorXf>(b.values<float>().data(), outputs).cast<double>();
    return out;
  };
  const Eigen::MatrixXd miss =
      matrix(sparse.weights, sparse.bias) - matrix(layer.weights, layer.bias);
  return (layer.inputs * miss.transpose()).squaredNorm();
}

std::ptrdiff_t zeros_in(const Tensor& weights) {
  return std::ranges::count(weights.values<float>(), 0.0F);
}

TEST(Sparsify, keeps_n_of_m_neighbouring_channels_at_each_place_of_the_kernel) {
  const Layer layer = layer_of({6, 10, 3, 3}, 1);
  for (const auto& [keep, of] : {std::pair{2, 4}, {1, 4}, {2, 3}}) {
    const auto sparse =
        sparsify(layer.weights, &layer.bias, {.keep = keep, .of = of}, layer.moments);
    ASSERT_TRUE(sparse);
    const auto w = sparse.value().weights.values<float>();
    for (std::size_t o = 0; o < 6; ++o) {
      for (std::size_t place = 0; place < 9; ++place) {
        for (std::size_t block = 0; block + of <= 10; block += static_cast<std::size_t>(of)) {
          int left = 0;
          for (std::size_t c = block; c < block + of; ++c) left += w[(o * 10 + c) * 9 + place] != 0;
          EXPECT_EQ(left, keep);
        }
        for (std::size_t c = 10 - 10 % of; c < 10; ++c) EXPECT_NE(w[(o * 10 + c) * 9 + place], 0);
      }
    }
  }
}

TEST(Sparsify, zeros_anywhere_are_as_many_as_asked) {
  const Layer layer = layer_of({8, 40, 2, 2}, 2);
  for (const int percent : {10, 50, 80}) {
    const auto sparse = sparsify(layer.weights, &layer.bias, {.percent = percent}, layer.moments);
    ASSERT_TRUE(sparse);
    EXPECT_NEAR(double(zeros_in(sparse.value().weights)) / double(layer.weights.size()),
                percent / 100.0, 0.01);
  }
}

TEST(Sparsify, what_is_left_makes_up_for_what_goes) {
  for (const std::uint32_t seed : {1U, 2U, 3U}) {
    const Layer layer = layer_of({6, 16, 1, 1}, seed);
    for (const Sparsity sparsity : {Sparsity{.keep = 2, .of = 4}, Sparsity{.percent = 50}}) {
      const auto repaired = sparsify(layer.weights, &layer.bias, sparsity, layer.moments);
      const auto cut = sparsify(layer.weights, &layer.bias, sparsity, std::nullopt);
      ASSERT_TRUE(repaired && cut);
      EXPECT_LT(output_error(layer, repaired.value()), 0.6 * output_error(layer, cut.value()));
    }
  }
}

TEST(Sparsify, without_moments_the_smallest_weights_go_and_the_rest_stays_as_it_is) {
  const Layer layer = layer_of({4, 8, 1, 1}, 4);
  const auto sparse = sparsify(layer.weights, &layer.bias, {.keep = 2, .of = 4}, std::nullopt);
  ASSERT_TRUE(sparse);
  EXPECT_EQ(sparse.value().bias, layer.bias);
  const auto before = layer.weights.values<float>();
  const auto after = sparse.value().weights.values<float>();
  for (std::size_t block = 0; block < before.size(); block += 4) {
    std::vector<float> kept;
    std::vector<float> gone;
    for (std::size_t i = block; i < block + 4; ++i) {
      if (after[i] != 0) {
        EXPECT_EQ(after[i], before[i]);
        kept.push_back(std::abs(before[i]));
      } else {
        gone.push_back(std::abs(before[i]));
      }
    }
    EXPECT_GE(std::ranges::min(kept), std::ranges::max(gone));
  }
}

TEST(Sparsify, depthwise_and_shared_layers_stay) {
  test::GraphBuilder b(3);
  const auto x = b.input({1, 8, 16, 16});
  const auto dense = b.conv(x, {.channels = 16, .name = "dense"});
  b.output(b.conv(dense, {.channels = 16, .groups = 16, .name = "depthwise"}));
  const Graph graph = b.build();
  const auto sparse = sparsify(graph, {.keep = 2, .of = 4}, {});
  ASSERT_TRUE(sparse);
  EXPECT_EQ(sparse.value().layers, std::vector<std::string>{"dense"});
  EXPECT_TRUE(verify(sparse.value().graph));
}

}  // namespace
}  // namespace pare::engine
