// What the search believes of plans it has not measured: on each target every objective, every
// constraint and the chance that the plan works at all.
//
// Objectives are scores (scores.h): of values where all of them are so smooth that trials left out
// are predicted in their order, of ranks where broken candidates and noise distort the rest.  Not
// of both: the hypervolume of one objective's values and another's ranks is nobody's.  Constraints
// are values: where they break is what counts.  A latency whose layers were timed in some trials is
// learnt as what they leave over (time_prior.h).  Where it is known what is of no use, from what
// the original measured, hypervolume counts up to there; else up to just beyond the worst value
// seen. Columns that were equal in all trials (accuracy, where no plan was quantized) share one
// process.
//
// The state depends on the trials told and their order, and on nothing else: one restored from a
// log says the same, bit by bit.  Hyper-parameters are chosen anew whenever the trials have grown
// by half, the last time at Representatives::kMost; from there on only some of the trials are
// learnt from (representatives.h), so that an ask costs no more after 10,000 trials than after 500.
// Not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "search/strategy.h"
#include "search/surrogate/encoding.h"
#include "search/surrogate/gaussian_process.h"
#include "search/surrogate/improvement.h"
#include "search/surrogate/representatives.h"
#include "search/surrogate/scores.h"
#include "search/surrogate/time_prior.h"

namespace pare::search {

// What a strategy is troubled by where learn() is false.
inline constexpr std::string_view kCannotLearn =
    "no surrogate fits what was measured: plans are drawn at random";

// Which number of a trial: an objective or a constraint of one target.
struct ColumnName {
  std::size_t target = 0;
  std::size_t number = 0;
  bool objective = true;
  friend bool operator==(const ColumnName&, const ColumnName&) = default;
};

// That number of some trials, by their index.
struct ColumnValues {
  std::vector<std::size_t> trials;
  std::vector<double> values;
  friend bool operator==(const ColumnValues&, const ColumnValues&) = default;
};

// Of one number of some trials, learnt as values.
struct Smoothness {
  std::size_t trials = 0;
  double agreed = 0;  // how well the order of those left out is predicted, a correlation
  double noise = 0;   // variance, in scores
};

// One number of the trials that are learnt from, and the process that learnt it.
struct LearntColumn {
  ColumnName name;  // the first, where several are equal
  ColumnValues known;
  std::optional<Scores> scores;
  TimePrior prior;
  std::map<std::size_t, double> expected;  // what it says of trials told, as far as was asked
  std::optional<GaussianProcess> process;  // of the scores, less those of what the prior says
  std::vector<std::size_t> rows;           // of the process
  std::size_t fitted = 0;                  // trials at the last choice of hyper-parameters
  Warp warp = Warp::kValues;
  Smoothness at_first;  // of the first trials, which were not chosen by what was learnt
  Smoothness now;       // of those that chose the hyper-parameters
};

// What one process says of a set of candidates.
struct Belief {
  // A candidate that counts as measured: one more row of the process.
  struct Taken {
    Code code;
    Eigen::VectorXd whitened;  // with the process's rows
    Eigen::VectorXd beyond;    // with those taken before it
    double deviation = 1;      // noise included
  };
  const LearntColumn* column = nullptr;
  Eigen::MatrixXd whitened;  // of the candidates, with the process's rows
  Eigen::MatrixXd beyond;    // with those taken
  Eigen::VectorXd mean;
  Eigen::VectorXd variance;
  std::vector<Taken> taken;
};

// One target, as the trials told show it.
struct LearntTarget {
  std::vector<std::size_t> objectives;   // indices of columns
  std::vector<std::size_t> constraints;  // the same
  std::vector<double> limits;            // scores at which the constraints are just kept
  Improvement improvement{{0}};
  double scale = 1;  // 1 / hypervolume
};

// What is believed of one batch of candidates, and what taking some of them changes.
class Candidates {
 public:
  // The share of its target's hypervolume that a candidate is expected to add, summed over the
  // targets, each times the probability that the candidate works there and keeps to the
  // constraints.
  double gain(std::size_t candidate) const;

  // Of the first `count` candidates.
  std::vector<double> gains(std::size_t count) const {
    std::vector<double> out(count);
    for (std::size_t i = 0; i < count; ++i) out[i] = gain(i);
    return out;
  }

  std::size_t size() const noexcept { return codes_.size(); }

  // Targets with at least one measured trial.
  std::size_t targets() const noexcept { return targets_.size(); }

  // In scores, in the job's order.
  std::vector<NormalValue> objectives(std::size_t target, std::size_t candidate) const {
    return objectives_of(targets_[target].target, candidate);
  }

  // Counts a candidate as measured, at its means: the fronts have it, where it keeps to the
  // constraints, and its neighbours' error bars shrink.
  void take(std::size_t candidate);

  // Forgets all but these, which are numbered in this order from now on.
  void keep(std::span<const std::size_t> candidates);

 private:
  friend class Surrogates;
  struct OnTarget {
    LearntTarget target;
    Eigen::VectorXd works;  // probabilities
  };
  std::vector<NormalValue> objectives_of(const LearntTarget& target, std::size_t candidate) const;
  bool keeps_constraints(const LearntTarget& target, std::size_t candidate) const;

  std::vector<Code> codes_;
  std::vector<Belief> beliefs_;
  std::vector<OnTarget> targets_;
};

class Surrogates {
 public:
  explicit Surrogates(Space space, WorstOfUse worst = {})
      : space_(std::move(space)), encoding_(space_), worst_(std::move(worst)) {}

  void tell(const Observation& observation);

  // Trials measured on at least one target.
  std::size_t measured() const noexcept { return measured_; }

  // The trials that are learnt from.
  std::vector<Observation> representatives() const;

  // Learns from what was told since the last time.  False where that cannot be learnt from: no
  // process fits it, or nothing was measured.
  [[nodiscard]] bool learn();

  // `pending` plans were asked and not told yet; they count as taken.  Valid until the next
  // learn().  REQUIRES: learn() after the last tell(), and it was true.
  Candidates consider(std::span<const Genome> candidates, std::span<const Genome> pending) const;

  // More of them, behind those that are there; what was taken counts for them, too.
  // REQUIRES: what consider() gave since the last learn().
  void add(std::span<const Genome> candidates, Candidates& to) const;

 private:
  // What hyper-parameters are chosen by.
  struct Fitted {
    ColumnValues first;
    double limit = 0;  // of use
  };
  std::optional<std::vector<double>> worst_of_use(std::size_t target, std::size_t trials) const;
  double limit_of(const ColumnName& name, std::size_t trials) const;
  ColumnValues values_of(const ColumnName& name, std::span<const std::size_t> trials) const;
  ColumnValues first_values_of(const ColumnName& name, std::size_t most) const;
  std::size_t column_of(const ColumnName& name);
  Fitted fitted_of(const LearntColumn& column, std::size_t most = Representatives::kMost) const;
  std::size_t timed(const ColumnName& name) const;
  double expected_of(const TimePrior& prior, std::size_t trial) const {
    return prior.of_told(trial, settings_[trial]);
  }
  TimePrior prior_of(const ColumnName& name, std::size_t trials) const;
  std::optional<Eigen::VectorXd> fit(LearntColumn& column, const Fitted& to, Warp warp) const;
  std::optional<Smoothness> smoothness_of(LearntColumn& column, const Fitted& to) const;
  bool judge(LearntColumn& column) const;
  bool smooth();
  bool learn_column(LearntColumn& column, Warp warp) const;
  void learn_target(std::size_t target);
  Eigen::VectorXd chance_of_working(std::size_t target, std::span<const Code> codes) const;

  Space space_;
  Encoding encoding_;
  WorstOfUse worst_;
  std::vector<Observation> told_;
  std::vector<Code> codes_;                          // of told_
  std::vector<std::vector<LayerSetting>> settings_;  // the same
  Representatives representatives_;
  std::size_t measured_ = 0;
  std::size_t learnt_ = 0;
  bool sound_ = false;  // what was learnt
  std::vector<LearntColumn> columns_;
  std::vector<LearntTarget> targets_;
};

}  // namespace pare::search
