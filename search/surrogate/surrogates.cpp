#include "search/surrogate/surrogates.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/check.h"
#include "search/surrogate/normal.h"
#include "search/surrogate/working.h"

namespace pare::search {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

constexpr double kReferenceMargin = 0.1;
constexpr double kSmooth = 0.95;  // correlation of what was left out with its prediction
// Later trials crowd near the front, and their order says less of what they lie on.  So this much
// is enough where the first trials agreed so well, and no noise is found.
constexpr double kSmoothStill = 0.75;
constexpr std::size_t kFirstTrials = 42;
constexpr double kSmoothAtFirst = 0.9;
constexpr double kNoNoise = 5e-5;  // variance of the scores

// How many of `rows` choose the hyper-parameters: the largest of 4, 6, 9, 13 and so on within them.
std::size_t fitted_rows(std::size_t rows) {
  std::size_t fitted = std::min<std::size_t>(rows, 4);
  for (std::size_t next = fitted; next <= rows; next += std::max<std::size_t>(1, next / 2)) {
    fitted = next;
  }
  return fitted;
}

bool violates(const TargetObservation& seen) {
  return std::ranges::any_of(seen.violations, [](double v) { return v > 0; });
}

VectorXd scores_of(const Scores& scores, std::span<const double> values) {
  VectorXd out(static_cast<Index>(values.size()));
  for (std::size_t i = 0; i < values.size(); ++i) out[static_cast<Index>(i)] = scores(values[i]);
  return out;
}

// How well two lists agree about the order: the correlation of their normal scores.
double agreement(std::span<const double> a, std::span<const double> b) {
  const VectorXd first = scores_of(Scores(a, Warp::kRanks), a);
  const VectorXd second = scores_of(Scores(b, Warp::kRanks), b);
  return first.dot(second) / std::max(first.norm() * second.norm(), 1e-9);
}

// Of the values up to the limit (of all, where that leaves too few to say), with what the others
// said.
double agreement_up_to(double limit, std::span<const double> values, const VectorXd& said) {
  std::vector<double> theirs;
  std::vector<double> seen;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] > limit) continue;
    theirs.push_back(said[static_cast<Index>(i)]);
    seen.push_back(values[i]);
  }
  if (seen.size() >= Scores::kFewestUseful) return agreement(theirs, seen);
  return agreement({said.data(), values.size()}, values);
}

// Of more candidates, what those taken say.  REQUIRES: all else of them is there.
void believe_taken(Belief& belief, std::span<const Code> codes, Index first) {
  const Index more = belief.mean.size() - first;
  belief.beyond.conservativeResize(static_cast<Index>(belief.taken.size()), belief.mean.size());
  for (std::size_t t = 0; t < belief.taken.size(); ++t) {
    const Belief::Taken& taken = belief.taken[t];
    const auto row = static_cast<Index>(t);
    VectorXd shared = belief.column->process->kernel().with(taken.code, codes) -
                      belief.whitened.rightCols(more).transpose() * taken.whitened;
    if (t > 0) shared -= belief.beyond.topRightCorner(row, more).transpose() * taken.beyond;
    shared /= taken.deviation;
    belief.variance.tail(more) = (belief.variance.tail(more) - shared.cwiseAbs2()).cwiseMax(1e-9);
    belief.beyond.row(row).tail(more) = shared.transpose();
  }
}

// `settings` are those of the codes, if the column's prior says something.
void believe(Belief& belief, std::span<const Code> codes, std::span<const Resemblance> alike,
             const SettingsOfPlans& settings) {
  const GaussianProcess& process = *belief.column->process;
  const Index first = belief.mean.size();
  const Index more = std::ssize(codes);
  const Eigen::MatrixXd whitened = process.whiten(codes, alike);
  belief.whitened.conservativeResize(whitened.rows(), first + more);
  belief.whitened.rightCols(more) = whitened;
  belief.mean.conservativeResize(first + more);
  belief.mean.tail(more) = process.means(whitened);
  if (belief.column->prior.says_something()) {
    belief.mean.tail(more) += belief.column->prior.of(settings).unaryExpr(*belief.column->scores);
  }
  belief.variance.conservativeResize(first + more);
  belief.variance.tail(more) = process.variances(whitened);
  believe_taken(belief, codes, first);
}

}  // namespace

std::vector<NormalValue> Candidates::objectives_of(const LearntTarget& target,
                                                   std::size_t candidate) const {
  const auto i = static_cast<Index>(candidate);
  std::vector<NormalValue> out;
  for (const std::size_t b : target.objectives) {
    const Belief& belief = beliefs_[b];
    out.push_back(
        belief.column->scores->within_bounds({belief.mean[i], std::sqrt(belief.variance[i])}));
  }
  return out;
}

double Candidates::gain(std::size_t candidate) const {
  const auto i = static_cast<Index>(candidate);
  double gain = 0;
  for (const auto& [target, works] : targets_) {
    double chance = works[i];
    for (std::size_t c = 0; c < target.constraints.size(); ++c) {
      const Belief& belief = beliefs_[target.constraints[c]];
      chance *= normal_cdf((target.limits[c] - belief.mean[i]) / std::sqrt(belief.variance[i]));
    }
    gain += target.scale * chance * target.improvement.expected(objectives_of(target, candidate));
  }
  return gain;
}

// At its means.
bool Candidates::keeps_constraints(const LearntTarget& target, std::size_t candidate) const {
  for (std::size_t c = 0; c < target.constraints.size(); ++c) {
    const Belief& belief = beliefs_[target.constraints[c]];
    if (belief.mean[static_cast<Index>(candidate)] > target.limits[c]) return false;
  }
  return true;
}

void Candidates::take(std::size_t candidate) {
  const auto i = static_cast<Index>(candidate);
  for (auto& [target, works] : targets_) {
    if (!keeps_constraints(target, candidate)) continue;
    std::vector<double> point;
    for (const NormalValue& value : objectives_of(target, candidate)) point.push_back(value.mean);
    target.improvement.add(point);
  }
  for (Belief& belief : beliefs_) {
    Belief::Taken taken{codes_[candidate], belief.whitened.col(i), belief.beyond.col(i),
                        std::sqrt(belief.variance[i] + belief.column->process->noise())};
    VectorXd shared = belief.column->process->kernel().with(taken.code, codes_) -
                      belief.whitened.transpose() * taken.whitened;
    if (!belief.taken.empty()) shared -= belief.beyond.transpose() * taken.beyond;
    shared /= taken.deviation;
    belief.variance = (belief.variance - shared.cwiseAbs2()).cwiseMax(1e-9);
    belief.beyond.conservativeResize(belief.beyond.rows() + 1, Eigen::NoChange);
    belief.beyond.bottomRows(1) = shared.transpose();
    belief.taken.push_back(std::move(taken));
  }
}

void Candidates::keep(std::span<const std::size_t> candidates) {
  std::vector<Index> kept;
  std::vector<Code> codes;
  for (const std::size_t i : candidates) {
    kept.push_back(static_cast<Index>(i));
    codes.push_back(codes_[i]);
  }
  codes_ = std::move(codes);
  for (Belief& belief : beliefs_) {
    belief.whitened = belief.whitened(Eigen::all, kept).eval();
    belief.beyond = belief.beyond(Eigen::all, kept).eval();
    belief.mean = belief.mean(kept).eval();
    belief.variance = belief.variance(kept).eval();
  }
  for (OnTarget& on : targets_) on.works = on.works(kept).eval();
}

void Surrogates::tell(const Observation& observation) {
  const bool measured = std::ranges::any_of(
      observation.targets, [](const auto& seen) { return seen.status == Status::kMeasured; });
  if (measured) ++measured_;
  told_.push_back(observation);
  codes_.push_back(encoding_(observation.genome));
  settings_.push_back(space_.layer_settings(observation.genome));
  representatives_.tell(told_);
}

std::vector<Observation> Surrogates::representatives() const {
  std::vector<Observation> some;
  for (const std::size_t i : representatives_.chosen()) some.push_back(told_[i]);
  return some;
}

// What is of no use on a target, as the first so many trials show it.
std::optional<std::vector<double>> Surrogates::worst_of_use(std::size_t target,
                                                            std::size_t trials) const {
  if (!worst_) return std::nullopt;
  const Genome original = space_.original();
  for (std::size_t i = 0; i < trials; ++i) {
    if (told_[i].genome != original) continue;
    const TargetObservation& seen = told_[i].targets[target];
    if (seen.status == Status::kMeasured) return worst_(seen.objectives);
  }
  return std::nullopt;
}

double Surrogates::limit_of(const ColumnName& name, std::size_t trials) const {
  const auto worst = name.objective ? worst_of_use(name.target, trials) : std::nullopt;
  return worst ? (*worst)[name.number] : std::numeric_limits<double>::infinity();
}

// Of those of the trials that were measured on the target.
ColumnValues Surrogates::values_of(const ColumnName& name,
                                   std::span<const std::size_t> trials) const {
  ColumnValues out;
  for (const std::size_t i : trials) {
    const TargetObservation& seen = told_[i].targets[name.target];
    if (seen.status != Status::kMeasured) continue;
    out.trials.push_back(i);
    out.values.push_back(name.objective ? seen.objectives[name.number]
                                        : seen.violations[name.number]);
  }
  return out;
}

// Of the first trials told, at most so many.
ColumnValues Surrogates::first_values_of(const ColumnName& name, std::size_t most) const {
  std::vector<std::size_t> first;
  for (std::size_t i = 0; i < told_.size() && first.size() < most; ++i) {
    if (told_[i].targets[name.target].status == Status::kMeasured) first.push_back(i);
  }
  return values_of(name, first);
}

// The index of the column with these numbers, an equal one's if there is one.
std::size_t Surrogates::column_of(const ColumnName& name) {
  LearntColumn column;
  column.name = name;
  column.known = values_of(name, representatives_.chosen());
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (columns_[c].known == column.known) return c;
  }
  columns_.push_back(std::move(column));
  return columns_.size() - 1;
}

// How many of the first trials choose the column's hyper-parameters, and their numbers.
Surrogates::Fitted Surrogates::fitted_of(const LearntColumn& column, std::size_t most) const {
  Fitted out;
  out.first = first_values_of(column.name, most);
  const std::size_t count = fitted_rows(out.first.trials.size());
  out.first.trials.resize(count);
  out.first.values.resize(count);
  out.limit = limit_of(column.name, out.first.trials.back() + 1);
  return out;
}

// Trials told with times of layers that say something of it.
std::size_t Surrogates::timed(const ColumnName& name) const {
  if (!name.objective) return 0;
  return TimePrior::timed(told_, name.target, name.number);
}

// What the layers' times say of it, as the first trials show them.
TimePrior Surrogates::prior_of(const ColumnName& name, std::size_t trials) const {
  if (!name.objective) return {};
  return {std::span(told_).first(trials), std::span(settings_).first(trials), name.target,
          name.number};
}

// Starts the column's process over.  What the prior says of its rows; nullopt: no process fits.
std::optional<VectorXd> Surrogates::fit(LearntColumn& column, const Fitted& to, Warp warp) const {
  std::vector<Code> codes;
  for (const std::size_t i : to.first.trials) codes.push_back(codes_[i]);
  const Scores scores(to.first.values, warp, to.limit);
  const TimePrior prior = prior_of(column.name, to.first.trials.back() + 1);
  VectorXd expected = VectorXd::Zero(static_cast<Index>(to.first.trials.size()));
  for (std::size_t i = 0; prior.says_something() && i < to.first.trials.size(); ++i) {
    expected[static_cast<Index>(i)] = scores(expected_of(prior, to.first.trials[i]));
  }
  column.process.emplace(Kernel(encoding_.columns()));
  const bool fits = column.process->fit(codes, scores_of(scores, to.first.values) - expected);
  column.fitted = 0;
  column.rows.clear();
  if (!fits) return std::nullopt;
  column.rows = to.first.trials;
  column.fitted = to.first.trials.size();
  column.warp = warp;
  return expected;
}

// How well each of the first trials, learnt as values, is predicted by the others of them.
std::optional<Smoothness> Surrogates::smoothness_of(LearntColumn& column, const Fitted& to) const {
  const auto expected = fit(column, to, Warp::kValues);
  if (!expected) return std::nullopt;
  return Smoothness{.trials = column.fitted,
                    .agreed = agreement_up_to(to.limit, to.first.values,
                                              *expected + column.process->left_out().means),
                    .noise = column.process->noise()};
}

// Judges the column anew where more trials are fitted.  False where no process fits.
bool Surrogates::judge(LearntColumn& column) const {
  const Fitted first = fitted_of(column, kFirstTrials);
  const Fitted now = fitted_of(column);
  const auto anew = [&](Smoothness& smoothness, const Fitted& to) {
    if (smoothness.trials == to.first.trials.size()) return true;
    const auto judged = smoothness_of(column, to);
    if (judged) smoothness = *judged;
    return judged.has_value();
  };
  if (!anew(column.at_first, first)) return false;
  if (now.first.trials.size() > column.at_first.trials) return anew(column.now, now);
  column.now = column.at_first;
  return true;
}

// Whether every objective, learnt as values, predicts the order of trials that are left out.
bool Surrogates::smooth() {
  return std::ranges::all_of(columns_, [this](LearntColumn& column) {
    if (!column.name.objective) return true;
    if (!judge(column)) return false;
    const auto& [first, now] = std::tie(column.at_first, column.now);
    const bool still = first.agreed >= kSmoothAtFirst && now.agreed >= kSmoothStill;
    return now.agreed >= kSmooth || (still && now.noise <= kNoNoise);
  });
}

// Chooses hyper-parameters if it is time to, and takes in the rows that are new.  False where no
// process fits.
bool Surrogates::learn_column(LearntColumn& column, Warp warp) const {
  const std::vector<std::size_t>& trials = column.known.trials;
  const Fitted to = fitted_of(column);
  const bool again = column.fitted != to.first.trials.size() || column.warp != warp;
  if (again && !fit(column, to, warp)) return false;
  const bool goes_on = column.rows.size() <= trials.size() &&
                       std::equal(column.rows.begin(), column.rows.end(), trials.begin());
  if (!goes_on) {
    column.process->clear();
    column.rows.clear();
  }
  for (std::size_t i = column.rows.size(); i < trials.size(); ++i) {
    column.process->add(codes_[trials[i]]);
  }
  column.rows = trials;
  column.scores.emplace(column.known.values, column.warp, limit_of(column.name, told_.size()));
  if (column.prior.rows() != timed(column.name)) {
    column.prior = prior_of(column.name, told_.size());
    column.expected.clear();
  }
  VectorXd responses = scores_of(*column.scores, column.known.values);
  for (std::size_t i = 0; column.prior.says_something() && i < trials.size(); ++i) {
    const auto [at, is_new] = column.expected.try_emplace(trials[i]);
    if (is_new) at->second = expected_of(column.prior, trials[i]);
    responses[static_cast<Index>(i)] -= (*column.scores)(at->second);
  }
  column.process->respond(responses);
  return responses.allFinite();
}

bool Surrogates::learn() {
  if (learnt_ == told_.size() || measured_ == 0) return sound_;
  learnt_ = told_.size();
  sound_ = true;
  std::vector<LearntColumn> before = std::move(columns_);
  columns_.clear();
  targets_.assign(told_.front().targets.size(), {});
  for (std::size_t t = 0; t < targets_.size(); ++t) {
    const auto first = std::ranges::find_if(
        told_, [t](const Observation& o) { return o.targets[t].status == Status::kMeasured; });
    if (first == told_.end()) continue;
    for (std::size_t k = 0; k < first->targets[t].objectives.size(); ++k) {
      targets_[t].objectives.push_back(column_of({t, k, true}));
    }
    for (std::size_t k = 0; k < first->targets[t].violations.size(); ++k) {
      targets_[t].constraints.push_back(column_of({t, k, false}));
    }
  }
  for (LearntColumn& column : columns_) {
    for (LearntColumn& old : before) {
      if (!(old.name == column.name)) continue;
      old.known = std::move(column.known);
      column = std::move(old);
      break;
    }
  }
  const Warp warp = smooth() ? Warp::kValues : Warp::kRanks;
  for (LearntColumn& column : columns_) {
    sound_ &= learn_column(column, column.name.objective ? warp : Warp::kValues);
  }
  for (std::size_t t = 0; sound_ && t < targets_.size(); ++t) {
    if (!targets_[t].objectives.empty()) learn_target(t);
  }
  return sound_;
}

VectorXd Surrogates::chance_of_working(std::size_t target, std::span<const Code> codes) const {
  std::vector<bool> worked;
  std::vector<Code> tried;
  for (const std::size_t i : representatives_.chosen()) {
    worked.push_back(told_[i].targets[target].status == Status::kMeasured);
    tried.push_back(codes_[i]);
  }
  VectorXd chance(static_cast<Index>(codes.size()));
  for (std::size_t c = 0; c < codes.size(); ++c) {
    chance[static_cast<Index>(c)] =
        search::chance_of_working(encoding_.columns(), tried, worked, codes[c]);
  }
  return chance;
}

// The front of the trials told, and the scores that the constraints stand for.
void Surrogates::learn_target(std::size_t t) {
  LearntTarget& target = targets_[t];
  const auto worst = worst_of_use(t, told_.size());
  std::vector<double> reference;
  for (std::size_t k = 0; k < target.objectives.size(); ++k) {
    const LearntColumn& column = columns_[target.objectives[k]];
    reference.push_back(worst ? (*column.scores)((*worst)[k])
                              : (*column.scores)(std::ranges::max(column.known.values)) +
                                    kReferenceMargin);
  }
  for (const std::size_t c : target.constraints) {
    target.limits.push_back((*columns_[c].scores)(0));
  }
  target.improvement = Improvement(std::move(reference));
  for (const Observation& observation : told_) {
    const TargetObservation& seen = observation.targets[t];
    if (seen.status != Status::kMeasured || violates(seen)) continue;
    std::vector<double> point;
    for (std::size_t k = 0; k < target.objectives.size(); ++k) {
      point.push_back((*columns_[target.objectives[k]].scores)(seen.objectives[k]));
    }
    target.improvement.add(point);
  }
  target.scale = 1 / std::max(target.improvement.hypervolume(), 1e-3);
}

Candidates Surrogates::consider(std::span<const Genome> candidates,
                                std::span<const Genome> pending) const {
  PARE_CHECK(sound_ && learnt_ == told_.size(), "nothing was learnt");
  Candidates out;
  out.beliefs_.resize(columns_.size());
  for (std::size_t c = 0; c < columns_.size(); ++c) out.beliefs_[c].column = &columns_[c];
  for (const LearntTarget& target : targets_) {
    if (!target.objectives.empty()) out.targets_.push_back({target, {}});
  }
  std::vector<Genome> all(candidates.begin(), candidates.end());
  all.insert(all.end(), pending.begin(), pending.end());
  add(all, out);
  for (std::size_t i = 0; i < pending.size(); ++i) out.take(candidates.size() + i);
  return out;
}

void Surrogates::add(std::span<const Genome> candidates, Candidates& to) const {
  if (candidates.empty()) return;
  std::vector<Code> codes;
  for (const Genome& genome : candidates) codes.push_back(encoding_(genome));
  SettingsOfPlans settings;
  if (std::ranges::any_of(columns_, [](const auto& c) { return c.prior.says_something(); })) {
    for (const Genome& genome : candidates) settings.add(space_.layer_settings(genome));
  }
  const std::vector<Resemblance> alike = resemblances(codes);
  for (Belief& belief : to.beliefs_) believe(belief, codes, alike, settings);
  std::size_t t = 0;
  for (Candidates::OnTarget& on : to.targets_) {
    while (targets_[t].objectives.empty()) ++t;
    const VectorXd works = chance_of_working(t++, codes);
    on.works.conservativeResize(on.works.size() + works.size());
    on.works.tail(works.size()) = works;
  }
  to.codes_.insert(to.codes_.end(), codes.begin(), codes.end());
}

}  // namespace pare::search
