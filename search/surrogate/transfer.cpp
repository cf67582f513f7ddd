#include "search/surrogate/transfer.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/check.h"
#include "search/surrogate/improvement.h"
#include "search/usable.h"

namespace pare::search {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kTrend = 4.0;       // prior variance of a slope, in units of the values' own
constexpr double kDeviation = 0.05;  // of the smooth part
constexpr double kNoise = 1e-3;
constexpr double kInterval = 1.645;    // deviations on either side that hold nine in ten
constexpr double kWorthAsking = 0.01;  // of the hypervolume
constexpr double kReferenceMargin = 0.1;

// Features in columns of mean 0 and deviation 1, a row a plan.
MatrixXd standardised(const std::vector<KnownPlan>& known) {
  const auto rows = static_cast<Index>(known.size());
  const auto columns = rows == 0 ? Index{0} : static_cast<Index>(known.front().features.size());
  MatrixXd x(rows, columns);
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < columns; ++j) {
      x(i, j) = known[static_cast<std::size_t>(i)].features[static_cast<std::size_t>(j)];
    }
  }
  for (Index j = 0; j < columns; ++j) {
    x.col(j).array() -= x.col(j).mean();
    const double deviation = std::sqrt(x.col(j).squaredNorm() / static_cast<double>(rows));
    if (deviation > 0) x.col(j) /= deviation;
  }
  return x;
}

// Of two plans, before anything is measured.
double covariance(const MatrixXd& x, Index a, Index b) {
  const double scale = 1.0 / static_cast<double>(std::max<Index>(1, x.cols()));
  const double apart = (x.row(a) - x.row(b)).squaredNorm() * scale;
  return kTrend * (1 + scale * x.row(a).dot(x.row(b))) + kDeviation * std::exp(-0.5 * apart);
}

// One objective of one target, learnt from some of the known plans.
class Learnt {
 public:
  Learnt(const MatrixXd& x, std::vector<Index> rows, const VectorXd& values)
      : x_(x), rows_(std::move(rows)) {
    centre_ = values.mean();
    scale_ = std::max(std::sqrt((values.array() - centre_).square().mean()), 1e-9);
    const auto n = static_cast<Index>(rows_.size());
    MatrixXd k(n, n);
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < n; ++j) k(i, j) = covariance(x_, row(i), row(j));
      k(i, i) += kNoise;
    }
    factor_.compute(k);
    const VectorXd z = (values.array() - centre_) / scale_;
    weights_ = factor_.solve(z);
    // How far the prior's scale was off, from the values themselves.
    spread_ = std::sqrt(std::clamp(z.dot(weights_) / static_cast<double>(n), 1e-3, 1e3));
  }

  NormalValue operator()(Index plan) const {
    const auto n = static_cast<Index>(rows_.size());
    VectorXd k(n);
    for (Index i = 0; i < n; ++i) k[i] = covariance(x_, row(i), plan);
    const double variance = covariance(x_, plan, plan) + kNoise - k.dot(factor_.solve(k));
    return {centre_ + scale_ * k.dot(weights_),
            scale_ * spread_ * std::sqrt(std::max(variance, kNoise))};
  }

 private:
  Index row(Index i) const { return rows_[static_cast<std::size_t>(i)]; }

  const MatrixXd& x_;
  std::vector<Index> rows_;
  double centre_ = 0;
  double scale_ = 1;
  double spread_ = 1;
  Eigen::LLT<MatrixXd> factor_;
  VectorXd weights_;
};

class Transfer final : public Strategy {
 public:
  Transfer(std::vector<KnownPlan> known, std::size_t measure, std::unique_ptr<Strategy> inner)
      : known_(std::move(known)),
        x_(standardised(known_)),
        first_(most_informative(known_, measure)),
        inner_(std::move(inner)) {
    for (std::size_t i = 0; i < known_.size(); ++i) index_[known_[i].genome] = i;
  }

  std::vector<Genome> ask(int count) override {
    std::vector<Genome> asked;
    while (asked.size() < static_cast<std::size_t>(count)) {
      const std::optional<std::size_t> next = next_known();
      if (!next) break;
      asked.push_back(known_[*next].genome);
      asked_.insert(*next);
    }
    inner_->replay_ask(asked);
    const int left = count - static_cast<int>(asked.size());
    if (left > 0) std::ranges::move(inner_->ask(left), std::back_inserter(asked));
    return asked;
  }

  void replay_ask(std::span<const Genome> genomes) override {
    for (const Genome& genome : genomes) {
      const auto at = index_.find(genome);
      if (at != index_.end()) asked_.insert(at->second);
    }
    inner_->replay_ask(genomes);
  }

  void tell(std::span<const Observation> observations) override {
    for (const Observation& observation : observations) {
      const auto at = index_.find(observation.genome);
      if (at != index_.end()) told_.emplace_back(at->second, usable(observation));
    }
    inner_->tell(observations);
  }

  std::string trouble() const override { return inner_->trouble(); }

 private:
  std::optional<std::size_t> next_known() const {
    for (const std::size_t i : first_) {
      if (!asked_.contains(i)) return i;
    }
    return most_gaining();
  }

  // The known plan that is expected to add most to the fronts of all targets; nullopt: none adds
  // enough, or too little was told.
  std::optional<std::size_t> most_gaining() const {
    if (told_.empty() || told_.size() < std::min(kFewestToJudge, first_.size())) {
      return std::nullopt;
    }
    std::vector<double> gains(known_.size(), 0.0);
    const std::size_t targets = told_.front().second.targets.size();
    for (std::size_t t = 0; t < targets; ++t) add_gains(t, gains);
    for (const std::size_t i : asked_) gains[i] = 0;
    const auto best = std::ranges::max_element(gains);
    if (best == gains.end() || *best < kWorthAsking) return std::nullopt;
    return static_cast<std::size_t>(best - gains.begin());
  }

  void add_gains(std::size_t target, std::vector<double>& gains) const {
    std::vector<Index> rows;
    std::vector<const TargetObservation*> seen;
    for (const auto& [plan, observation] : told_) {
      const TargetObservation& on = observation.targets[target];
      if (on.status != Status::kMeasured) continue;
      rows.push_back(static_cast<Index>(plan));
      seen.push_back(&on);
    }
    if (seen.size() < kFewestToJudge) return;
    const std::size_t objectives = seen.front()->objectives.size();
    std::vector<Learnt> learnt;
    std::vector<double> reference;
    std::vector<double> span;
    for (std::size_t k = 0; k < objectives; ++k) {
      VectorXd values(static_cast<Index>(seen.size()));
      for (std::size_t i = 0; i < seen.size(); ++i) {
        values[static_cast<Index>(i)] = seen[i]->objectives[k];
      }
      span.push_back(std::max(values.maxCoeff() - values.minCoeff(), 1e-9));
      reference.push_back(values.maxCoeff() / span.back() + kReferenceMargin);
      learnt.emplace_back(x_, rows, values);
    }
    Improvement front(reference);
    const auto scaled = [&](std::vector<double> point) {
      for (std::size_t k = 0; k < objectives; ++k) point[k] /= span[k];
      return point;
    };
    for (const TargetObservation* on : seen) {
      const bool kept = std::ranges::none_of(on->violations, [](double v) { return v > 0; });
      if (kept) front.add(scaled(on->objectives));
    }
    const auto expected = [&](std::size_t plan) {
      std::vector<NormalValue> point;
      for (std::size_t k = 0; k < objectives; ++k) {
        const NormalValue p = learnt[k](static_cast<Index>(plan));
        point.push_back({p.mean / span[k], p.deviation / span[k]});
      }
      return point;
    };
    std::set<std::size_t> pending = asked_;
    for (const auto& [plan, observation] : told_) pending.erase(plan);
    for (const std::size_t plan : pending) {  // counted as measured at their means
      std::vector<double> point;
      for (const NormalValue& value : expected(plan)) point.push_back(value.mean);
      front.add(point);
    }
    const double volume = std::max(front.hypervolume(), 1e-9);
    for (std::size_t i = 0; i < known_.size(); ++i) {
      if (!asked_.contains(i)) gains[i] += front.expected(expected(i)) / volume;
    }
  }

  std::vector<KnownPlan> known_;
  MatrixXd x_;
  std::vector<std::size_t> first_;
  std::unique_ptr<Strategy> inner_;
  std::map<Genome, std::size_t> index_;  // into known_
  std::set<std::size_t> asked_;          // of known_
  std::vector<std::pair<std::size_t, Observation>> told_;
};

}  // namespace

std::vector<std::size_t> most_informative(const std::vector<KnownPlan>& known, std::size_t count) {
  const MatrixXd x = standardised(known);
  const auto n = static_cast<Index>(known.size());
  VectorXd left(n);  // variance given the chosen ones
  for (Index i = 0; i < n; ++i) left[i] = covariance(x, i, i);
  std::vector<std::size_t> chosen;
  std::vector<VectorXd> columns;  // of the factor
  while (chosen.size() < std::min(count, known.size())) {
    Index best = 0;
    if (left.maxCoeff(&best) <= 0) break;
    VectorXd column(n);
    for (Index i = 0; i < n; ++i) {
      column[i] = covariance(x, i, best);
      for (const VectorXd& before : columns) column[i] -= before[i] * before[best];
    }
    column /= std::sqrt(left[best] + kNoise);
    left -= column.cwiseAbs2();
    left[best] = -1;  // once is enough
    chosen.push_back(static_cast<std::size_t>(best));
    columns.push_back(std::move(column));
  }
  return chosen;
}

std::unique_ptr<Strategy> with_transfer(std::vector<KnownPlan> known, std::size_t measure,
                                        std::unique_ptr<Strategy> inner) {
  PARE_CHECK(measure > 0, "a transfer measures something first");
  return std::make_unique<Transfer>(std::move(known), measure, std::move(inner));
}

TransferQuality transfer_quality(const std::vector<KnownPlan>& known,
                                 std::span<const Observation> told, std::size_t target,
                                 std::size_t objective, double tolerance) {
  const MatrixXd x = standardised(known);
  std::vector<Index> rows;
  std::vector<double> values;
  for (std::size_t i = 0; i < known.size(); ++i) {
    const auto at = std::ranges::find(told, known[i].genome, &Observation::genome);
    if (at == told.end() || at->targets[target].status != Status::kMeasured) continue;
    rows.push_back(static_cast<Index>(i));
    values.push_back(at->targets[target].objectives[objective]);
  }
  TransferQuality quality{rows.size(), 0, 0};
  if (rows.size() < kFewestToJudge) return {rows.size(), 0, 0};
  for (std::size_t out = 0; out < rows.size(); ++out) {
    std::vector<Index> others = rows;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(out));
    std::vector<double> theirs = values;
    theirs.erase(theirs.begin() + static_cast<std::ptrdiff_t>(out));
    const Learnt learnt(
        x, others, Eigen::Map<const VectorXd>(theirs.data(), static_cast<Index>(theirs.size())));
    const NormalValue predicted = learnt(rows[out]);
    const double error = std::abs(predicted.mean - values[out]);
    const auto share = 1.0 / static_cast<double>(rows.size());
    if (error <= tolerance) quality.within += share;
    if (error <= kInterval * predicted.deviation) quality.covered += share;
  }
  return quality;
}

}  // namespace pare::search
