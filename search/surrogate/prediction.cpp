#include "search/surrogate/prediction.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/quantile.h"
#include "search/surrogate/encoding.h"
#include "search/surrogate/gaussian_process.h"
#include "search/surrogate/time_prior.h"
#include "search/surrogate/working.h"
#include "search/usable.h"

namespace pare::search {
namespace {

constexpr double kHeld = 0.9;        // of such plans, by the interval
constexpr double kInterval = 1.645;  // deviations on either side that hold as many
constexpr double kFarOut = 1.5;      // middle halves above the upper quartile: cut off there

// How much wider than it says its intervals must be for nine in ten of its own rows, each left out,
// to lie in theirs.  Hyper-parameters that were chosen on few rows are too sure of themselves.
double stretch_of(const GaussianProcess& process, const Eigen::VectorXd& responses) {
  const auto [means, deviations] = process.left_out();
  const Eigen::VectorXd off = (responses - means).cwiseAbs().cwiseQuotient(deviations);
  std::vector<double> ascending(off.begin(), off.end());
  std::ranges::sort(ascending);
  return std::max(1.0, quantile(ascending, kHeld) / kInterval);
}

class Prediction {
 public:
  Prediction(const Space& space, std::span<const Observation> told);
  std::vector<PredictedOnTarget> of(const Genome& genome) const;

 private:
  struct Learnt {
    std::vector<std::size_t> trials;
    std::vector<double> values;
    TimePrior prior;
    double centre = 0;  // of what it leaves over
    double scale = 1;
    double stretch = 1;  // of the process's error bars
    GaussianProcess process;
  };
  struct Target {
    std::vector<bool> worked;             // of all trials
    std::vector<std::size_t> objectives;  // indices of learnt_
  };
  std::optional<std::size_t> learnt_column(std::size_t target, std::size_t objective,
                                           std::span<const Observation> told);
  std::vector<std::size_t> learnt_columns(std::size_t target, std::size_t objectives,
                                          std::span<const Observation> told);

  const Space& space_;
  Encoding encoding_;
  std::vector<Code> codes_;                          // of the trials
  std::vector<std::vector<LayerSetting>> settings_;  // the same
  std::vector<Learnt> learnt_;
  std::vector<Target> targets_;
};

// nullopt: no process fits what was told.
std::optional<std::size_t> Prediction::learnt_column(std::size_t target, std::size_t objective,
                                                     std::span<const Observation> told) {
  Learnt column{{}, {}, {}, 0, 1, 1, GaussianProcess(Kernel(encoding_.columns()))};
  for (std::size_t i = 0; i < told.size(); ++i) {
    if (!targets_[target].worked[i]) continue;
    column.trials.push_back(i);
    column.values.push_back(told[i].targets[target].objectives[objective]);
  }
  for (std::size_t c = 0; c < learnt_.size(); ++c) {
    if (learnt_[c].trials == column.trials && learnt_[c].values == column.values) return c;
  }
  column.prior = TimePrior(told, settings_, target, objective);
  std::vector<double> left_over;
  for (std::size_t i = 0; i < column.trials.size(); ++i) {
    const std::size_t trial = column.trials[i];
    left_over.push_back(column.values[i] - column.prior.of_told(trial, settings_[trial]));
  }
  std::vector<double> ascending = left_over;
  std::ranges::sort(ascending);
  const double upper = quantile(ascending, 0.75);
  const double lower = quantile(ascending, 0.25);
  const double far = kFarOut * (upper - lower);
  // What is bad by itself may be as far out as it likes; beside a prior both sides are surprises.
  const double lowest = column.prior.says_something() ? lower - far : ascending.front();
  column.centre = quantile(ascending, 0.5);
  column.scale = std::max((upper - lower) / kMiddleHalfOfNormal, 1e-9);
  std::vector<Code> rows;
  Eigen::VectorXd responses(static_cast<Eigen::Index>(left_over.size()));
  for (std::size_t i = 0; i < left_over.size(); ++i) {
    rows.push_back(codes_[column.trials[i]]);
    const double value = std::clamp(left_over[i], lowest, upper + far);
    responses[static_cast<Eigen::Index>(i)] = (value - column.centre) / column.scale;
  }
  const std::size_t fitted = std::min(rows.size(), GaussianProcess::kMostFitted);
  const auto first = responses.head(static_cast<Eigen::Index>(fitted));
  if (!column.process.fit({rows.data(), fitted}, first)) return std::nullopt;
  column.stretch = stretch_of(column.process, first);
  for (std::size_t i = fitted; i < rows.size(); ++i) column.process.add(rows[i]);
  column.process.respond(responses);
  learnt_.push_back(std::move(column));
  return learnt_.size() - 1;
}

// Of all objectives of a target, or none.
std::vector<std::size_t> Prediction::learnt_columns(std::size_t target, std::size_t objectives,
                                                    std::span<const Observation> told) {
  std::vector<std::size_t> columns;
  for (std::size_t k = 0; k < objectives; ++k) {
    const auto column = learnt_column(target, k, told);
    if (!column) return {};
    columns.push_back(*column);
  }
  return columns;
}

Prediction::Prediction(const Space& space, std::span<const Observation> told)
    : space_(space), encoding_(space) {
  for (const Observation& one : told) {
    codes_.push_back(encoding_(one.genome));
    settings_.push_back(space_.layer_settings(one.genome));
  }
  targets_.resize(told.empty() ? 0 : told.front().targets.size());
  for (std::size_t t = 0; t < targets_.size(); ++t) {
    std::size_t objectives = 0;
    for (const Observation& one : told) {
      targets_[t].worked.push_back(one.targets[t].status == Status::kMeasured);
      objectives = std::max(objectives, one.targets[t].objectives.size());
    }
    const auto measured = std::ranges::count(targets_[t].worked, true);
    if (measured < static_cast<std::ptrdiff_t>(kFewestToPredict)) continue;
    targets_[t].objectives = learnt_columns(t, objectives, told);
  }
}

std::vector<PredictedOnTarget> Prediction::of(const Genome& genome) const {
  const Code code = encoding_(genome);
  const std::vector<LayerSetting> settings = space_.layer_settings(genome);
  std::vector<Predicted> columns;
  for (const Learnt& column : learnt_) {
    const Eigen::MatrixXd whitened = column.process.whiten({&code, 1});
    const double mean = column.prior.of(settings) + column.centre +
                        column.scale * column.process.means(whitened)[0];
    const double variance = column.process.variances(whitened)[0] + column.process.noise();
    const double reach = kInterval * column.scale * column.stretch * std::sqrt(variance);
    columns.push_back({mean, mean - reach, mean + reach});
  }
  std::vector<PredictedOnTarget> out;
  for (const Target& target : targets_) {
    PredictedOnTarget& on = out.emplace_back();
    on.works = chance_of_working(encoding_.columns(), codes_, target.worked, code);
    for (const std::size_t c : target.objectives) on.objectives.push_back(columns[c]);
  }
  return out;
}

}  // namespace

std::vector<std::vector<PredictedOnTarget>> predictions(const Space& space,
                                                        std::span<const Observation> told,
                                                        std::span<const Genome> genomes) {
  std::vector<Observation> taken;
  for (const Observation& one : told) taken.push_back(usable(one));
  const Prediction prediction(space, taken);
  std::vector<std::vector<PredictedOnTarget>> out;
  for (const Genome& genome : genomes) out.push_back(prediction.of(genome));
  return out;
}

}  // namespace pare::search
