// Backward elimination of blocks of inputs from several linear layers at once (block OBS).
//
// Removing the columns B of a layer with weights W and inverse damped Gram P = H^-1, everything
// else repaired in closed form, costs tr(W_B P_BB^-1 W_B'); then W -= W_B P_BB^-1 P_B: and
// P -= P_:B P_BB^-1 P_B:.  Only the columns that may go are carried along: the others enter through
// the inverse.
//
// Cost: about 0.4 m^3 multiply-adds a layer with m such columns.  Inside engine/prune only.
// Source: Optimal Brain Compression (Frantar and Alistarh, 2022), section 4.
#pragma once

#include <Eigen/Core>
#include <vector>

namespace pare::engine {

// The last column is the bias's and is not damped.
Eigen::MatrixXd damped_inverse(const Eigen::MatrixXd& gram);

// Summed over outputs; the smallest positive number if they do not vary.
double output_variance(const Eigen::MatrixXd& weights, const Eigen::MatrixXd& gram);

class BlockElimination {
 public:
  explicit BlockElimination(int units) : units_(units) {}

  // columns[u]: those that go with unit u.  A squared error of output o counts worth(o) times.
  void add_layer(const Eigen::MatrixXd& weights, const Eigen::MatrixXd& inverse,
                 const std::vector<std::vector<Eigen::Index>>& columns,
                 const Eigen::VectorXd& worth);

  struct Outcome {
    std::vector<int> order;      // of importance: the last unit is the cheapest to remove first
    std::vector<double> damage;  // damage[w]: cost of all removals when w units are left
  };
  Outcome run();

 private:
  struct Layer {
    Eigen::MatrixXd weights;                         // outputs x columns, times sqrt(worth)
    Eigen::MatrixXd inverse;                         // columns x columns
    std::vector<std::vector<Eigen::Index>> columns;  // of each unit, in these matrices
    Eigen::Index left = 0;                           // columns not yet removed
  };
  static double cost(const Layer& layer, std::size_t unit);
  static void remove(Layer& layer, std::size_t unit);
  static void compact(Layer& layer);

  int units_;
  std::vector<Layer> layers_;
};

}  // namespace pare::engine
