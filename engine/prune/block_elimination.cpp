#include "engine/prune/block_elimination.h"

#include <Eigen/Cholesky>
#include <limits>
#include <numeric>
#include <utility>

namespace pare::engine {
namespace {

constexpr double kDamping = 1e-3;  // of the mean of the Gram's diagonal

}  // namespace

Eigen::MatrixXd damped_inverse(const Eigen::MatrixXd& gram) {
  const Eigen::Index inputs = gram.cols() - 1;
  Eigen::MatrixXd damped = gram;
  const double mean = gram.diagonal().head(inputs).mean();
  // A layer whose inputs are all zero has an inverse too: nothing costs anything there.
  damped.diagonal().head(inputs).array() += kDamping * mean + std::numeric_limits<float>::min();
  return damped.llt().solve(Eigen::MatrixXd::Identity(gram.rows(), gram.cols()));
}

double output_variance(const Eigen::MatrixXd& weights, const Eigen::MatrixXd& gram) {
  const Eigen::Index inputs = gram.cols() - 1;
  const Eigen::VectorXd mean = gram.col(inputs).head(inputs);
  const Eigen::MatrixXd w = weights.leftCols(inputs);
  const double square = (w * gram.topLeftCorner(inputs, inputs)).cwiseProduct(w).sum();
  const double variance = square - (w * mean).squaredNorm();
  return std::max(variance, std::numeric_limits<double>::min());
}

void BlockElimination::add_layer(const Eigen::MatrixXd& weights, const Eigen::MatrixXd& inverse,
                                 const std::vector<std::vector<Eigen::Index>>& columns,
                                 const Eigen::VectorXd& worth) {
  std::vector<Eigen::Index> all;
  Layer layer;
  for (const std::vector<Eigen::Index>& of_unit : columns) {
    layer.columns.emplace_back();
    for (const Eigen::Index column : of_unit) {
      layer.columns.back().push_back(std::ssize(all));
      all.push_back(column);
    }
  }
  layer.weights = worth.cwiseSqrt().asDiagonal() * weights(Eigen::all, all);
  layer.inverse = inverse(all, all);
  layer.left = std::ssize(all);
  layers_.push_back(std::move(layer));
}

double BlockElimination::cost(const Layer& layer, std::size_t unit) {
  const std::vector<Eigen::Index>& block = layer.columns[unit];
  if (block.empty()) return 0;
  const Eigen::LLT<Eigen::MatrixXd> factor(layer.inverse(block, block));
  if (factor.info() != Eigen::Success) return std::numeric_limits<double>::infinity();
  const Eigen::MatrixXd w = layer.weights(Eigen::all, block).transpose();
  return factor.matrixL().solve(w).squaredNorm();
}

void BlockElimination::remove(Layer& layer, std::size_t unit) {
  const std::vector<Eigen::Index> block = std::exchange(layer.columns[unit], {});
  if (block.empty()) return;
  const Eigen::MatrixXd rows = layer.inverse(block, Eigen::all);
  const Eigen::MatrixXd own = layer.inverse(block, block);
  const Eigen::MatrixXd w = layer.weights(Eigen::all, block);
  const Eigen::MatrixXd repair = own.ldlt().solve(rows);
  layer.weights.noalias() -= w * repair;
  layer.inverse.noalias() -= rows.transpose() * repair;
  layer.left -= std::ssize(block);
  if (layer.left * 4 < layer.inverse.rows() * 3) compact(layer);
}

void BlockElimination::compact(Layer& layer) {
  std::vector<Eigen::Index> kept;
  for (std::vector<Eigen::Index>& of_unit : layer.columns) {
    for (Eigen::Index& column : of_unit) {
      kept.push_back(column);
      column = std::ssize(kept) - 1;
    }
  }
  layer.weights = Eigen::MatrixXd(layer.weights(Eigen::all, kept));
  layer.inverse = Eigen::MatrixXd(layer.inverse(kept, kept));
}

BlockElimination::Outcome BlockElimination::run() {
  const auto count = static_cast<std::size_t>(units_);
  Outcome outcome{std::vector<int>(count), std::vector<double>(count + 1, 0)};
  std::vector<int> alive(count);
  std::iota(alive.begin(), alive.end(), 0);
  while (!alive.empty()) {
    auto cheapest = alive.begin();
    double least = std::numeric_limits<double>::infinity();
    for (auto u = alive.begin(); u != alive.end(); ++u) {
      double total = 0;
      for (const Layer& layer : layers_) total += cost(layer, static_cast<std::size_t>(*u));
      if (total < least) {
        least = total;
        cheapest = u;
      }
    }
    outcome.order[alive.size() - 1] = *cheapest;
    outcome.damage[alive.size() - 1] = outcome.damage[alive.size()] + least;
    for (Layer& layer : layers_) remove(layer, static_cast<std::size_t>(*cheapest));
    alive.erase(cheapest);
  }
  return outcome;
}

}  // namespace pare::engine
