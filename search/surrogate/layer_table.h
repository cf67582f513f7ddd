// What a plan takes of one objective that adds up over layers (a latency), learnt layer by layer
// from the plans whose layers were timed one by one.
//
// Of each layer the logarithm of its time is a small Gaussian process over its setting, around what
// its work would say: pixels times output channels, and a little of the input channels, because
// what is read once serves all outputs.  Forty plans say forty things of every layer, where their
// latencies say one thing of all layers together.  Hyper-parameters are fixed: they are the same
// question for every layer of every detector, and are answered in docs/adr/0013.
//
// learn() is O(layers rows^3), a prediction O(layers rows).  Depends on the rows and their order
// alone.  Not thread-safe.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <span>
#include <unordered_map>
#include <vector>

#include "search/space.h"

namespace pare::search {

// The settings of many plans, those that plans share once: candidates that were bred from the same
// parents have most of their layers in common.
class SettingsOfPlans {
 public:
  // Of each layer, as many and in the same order every time.
  void add(std::span<const LayerSetting> settings);

  std::size_t plans() const noexcept { return plans_; }

 private:
  friend class LayerTable;
  struct Hash {
    std::size_t operator()(const LayerSetting& setting) const noexcept;
  };
  struct OneLayer {
    std::unordered_map<LayerSetting, std::size_t, Hash> known;
    std::vector<LayerSetting> distinct;
    std::vector<std::size_t> of_plan;  // indices of distinct ones
  };
  std::size_t plans_ = 0;
  std::vector<OneLayer> layers_;
};

class LayerTable {
 public:
  // Of each layer, in the same order every time; a time of 0 stands for one too short to be seen.
  // REQUIRES: as many times as settings, none negative.
  void add(std::span<const LayerSetting> settings, std::span<const double> times);

  std::size_t rows() const noexcept { return rows_; }

  // Takes in what was added.
  void learn();

  // The logarithm of the sum over the layers.  REQUIRES: learn() after the last add(), a row.
  double log_total(std::span<const LayerSetting> settings) const;

  // The same for each of many plans.
  Eigen::VectorXd log_totals(const SettingsOfPlans& plans) const;

  // The same for a row that was added, as the others say it.
  // Source: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), equation 5.12.
  double left_out(std::size_t row) const { return left_out_[static_cast<Eigen::Index>(row)]; }

 private:
  static constexpr int kFeatures = 7 + static_cast<int>(kAllPlacements.size());
  using Features = Eigen::Matrix<double, kFeatures, 1>;

  struct OneLayer {
    Eigen::Matrix<double, kFeatures, Eigen::Dynamic> features;  // a column a row of the table
    Eigen::VectorXd work;                                       // what it says of the log time
    Eigen::VectorXd beyond;                                     // the log time less that
    Eigen::VectorXd gone;                                       // 1 where it was not there, else 0
    double mean = 0;                                            // of what is beyond
    Eigen::VectorXd weights;                                    // of the rows
  };
  class Factors;
  static Features features_of(const LayerSetting& setting);
  static Eigen::VectorXd alike(const OneLayer& layer, const Features& features);
  static Eigen::VectorXd learn(OneLayer& layer);
  static double time_of(const OneLayer& layer, const LayerSetting& setting,
                        const Eigen::VectorXd& near);

  std::size_t rows_ = 0;
  std::vector<OneLayer> layers_;
  Eigen::VectorXd left_out_;
};

}  // namespace pare::search
