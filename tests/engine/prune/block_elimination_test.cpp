#include "engine/prune/block_elimination.h"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <random>

namespace pare::engine {
namespace {

Eigen::MatrixXd random_matrix(Eigen::Index rows, Eigen::Index columns, std::mt19937& random) {
  Eigen::MatrixXd matrix(rows, columns);
  for (double& x : matrix.reshaped()) x = static_cast<double>(random() % 2001) / 1000 - 1;
  return matrix;
}

// A layer of 5 outputs and 6 units with two columns each, the bias behind them.
struct Layer {
  Eigen::MatrixXd weights, gram;
  std::vector<std::vector<Eigen::Index>> columns;
  explicit Layer(unsigned seed) {
    std::mt19937 random(seed);
    weights = random_matrix(5, 13, random);
    Eigen::MatrixXd x = random_matrix(40, 13, random);
    x.col(3) = x.col(0) + 0.1 * x.col(3);  // some are nearly the same
    x.col(12).setOnes();
    gram = x.transpose() * x / 40;
    for (Eigen::Index u = 0; u < 6; ++u) columns.push_back({2 * u, 2 * u + 1});
  }
};

// The damped error that is left when the units that stay repair what they can, by solving anew.
double error_without(const Layer& layer, const std::vector<int>& stay) {
  std::vector<Eigen::Index> kept{12};
  for (const int u : stay) {
    for (const Eigen::Index c : layer.columns[static_cast<std::size_t>(u)]) kept.push_back(c);
  }
  const Eigen::MatrixXd h =
      damped_inverse(layer.gram).llt().solve(Eigen::MatrixXd::Identity(13, 13));
  const Eigen::MatrixXd all = layer.weights * h;
  const Eigen::MatrixXd right = all(Eigen::all, kept);
  const Eigen::MatrixXd own = h(kept, kept);
  return (all * layer.weights.transpose()).trace() -
         (right * own.llt().solve(right.transpose())).trace();
}

// Removes greedily, solving for every choice: slow and plain.
std::vector<int> brute_force(const std::vector<Layer>& layers) {
  std::vector<int> stay{0, 1, 2, 3, 4, 5}, order;
  while (!stay.empty()) {
    double least = std::numeric_limits<double>::infinity();
    std::vector<int> best;
    int gone = 0;
    for (const int u : stay) {
      std::vector<int> rest;
      for (const int v : stay) {
        if (v != u) rest.push_back(v);
      }
      double error = 0;
      for (const Layer& layer : layers) error += error_without(layer, rest);
      if (error < least) {
        least = error;
        best = rest;
        gone = u;
      }
    }
    stay = best;
    order.insert(order.begin(), gone);
  }
  return order;
}

TEST(BlockElimination, downdates_choose_what_solving_anew_would_choose) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const std::vector<Layer> layers{Layer(seed), Layer(seed + 100)};
    BlockElimination elimination(6);
    for (const Layer& layer : layers) {
      elimination.add_layer(layer.weights, damped_inverse(layer.gram), layer.columns,
                            Eigen::VectorXd::Ones(5));
    }
    EXPECT_EQ(elimination.run().order, brute_force(layers)) << "seed " << seed;
  }
}

// What the curve says of every width is the error that solving anew leaves there, weighted by
// output.
TEST(BlockElimination, the_damage_of_a_width_is_the_error_that_is_left_there) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    const Layer layer(seed);
    Eigen::VectorXd worth(5);
    worth << 1, 0, 4, 0.5, 2;
    BlockElimination elimination(6);
    elimination.add_layer(layer.weights, damped_inverse(layer.gram), layer.columns, worth);
    const BlockElimination::Outcome outcome = elimination.run();
    Layer weighted = layer;
    weighted.weights = worth.cwiseSqrt().asDiagonal() * layer.weights;
    EXPECT_EQ(outcome.damage[6], 0);
    for (std::size_t width = 0; width < 6; ++width) {
      const std::vector<int> stay(outcome.order.begin(),
                                  outcome.order.begin() + static_cast<std::ptrdiff_t>(width));
      const double expected = error_without(weighted, stay);
      EXPECT_NEAR(outcome.damage[width], expected, 1e-9 * std::max(1.0, expected))
          << "width " << width << ", seed " << seed;
      EXPECT_GE(outcome.damage[width], outcome.damage[width + 1]);
    }
  }
}

TEST(BlockElimination, a_layer_without_any_input_does_not_matter) {
  Layer live(1), dead(2);
  dead.gram.setZero();
  dead.gram(12, 12) = 1;
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(5);
  BlockElimination alone(6), both(6);
  alone.add_layer(live.weights, damped_inverse(live.gram), live.columns, ones);
  both.add_layer(live.weights, damped_inverse(live.gram), live.columns, ones);
  both.add_layer(dead.weights, damped_inverse(dead.gram), dead.columns, ones);
  EXPECT_EQ(alone.run().order, both.run().order);
}

TEST(BlockElimination, output_variance_does_not_count_the_mean) {
  Eigen::MatrixXd gram(2, 2), weights(1, 2);
  gram << 5, 2, 2, 1;  // x has mean 2 and variance 1
  weights << 3, 7;     // y = 3 x + 7
  EXPECT_DOUBLE_EQ(output_variance(weights, gram), 9);
}

}  // namespace
}  // namespace pare::engine
