#include "search/ranking.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "search/pareto_front.h"

namespace pare::search {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
using Indices = std::vector<std::size_t>;

double violation(const TargetObservation& plan) {
  double sum = 0;
  for (const double v : plan.violations) sum += std::max(0.0, v);
  return sum;
}

bool constrained_dominates(const TargetObservation& a, const TargetObservation& b) {
  const double va = violation(a);
  const double vb = violation(b);
  if (va > 0 || vb > 0) return va < vb;
  return dominates(a.objectives, b.objectives);
}

void add_crowding(const std::vector<const TargetObservation*>& plans, Indices front,
                  std::vector<Ranking>& ranking) {
  const std::size_t objectives = plans[front.front()]->objectives.size();
  for (std::size_t k = 0; k < objectives; ++k) {
    const auto value = [&](std::size_t i) { return plans[i]->objectives[k]; };
    std::ranges::stable_sort(front, {}, value);
    const double span = value(front.back()) - value(front.front());
    ranking[front.front()].crowding = kInfinity;
    ranking[front.back()].crowding = kInfinity;
    if (!(span > 0)) continue;
    for (std::size_t i = 1; i + 1 < front.size(); ++i) {
      ranking[front[i]].crowding += (value(front[i + 1]) - value(front[i - 1])) / span;
    }
  }
}

// Of the plans that were measured on one target; null for the others, which rank last.
std::vector<Ranking> rank_on_target(const std::vector<const TargetObservation*>& plans) {
  std::vector<Ranking> ranking(plans.size(), {std::numeric_limits<int>::max(), 0});
  Indices left;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    if (plans[i] != nullptr) left.push_back(i);
  }
  for (int rank = 0; !left.empty(); ++rank) {
    Indices front;
    Indices rest;
    for (const std::size_t i : left) {
      const bool beaten = std::ranges::any_of(
          left, [&](std::size_t j) { return constrained_dominates(*plans[j], *plans[i]); });
      (beaten ? rest : front).push_back(i);
    }
    for (const std::size_t i : front) ranking[i].rank = rank;
    add_crowding(plans, front, ranking);
    left = std::move(rest);
  }
  return ranking;
}

}  // namespace

bool better(const Ranking& a, const Ranking& b) noexcept {
  return a.rank != b.rank ? a.rank < b.rank : a.crowding > b.crowding;
}

std::vector<Ranking> rank(std::span<const Observation> plans) {
  std::vector<Ranking> best(plans.size(), {std::numeric_limits<int>::max(), 0});
  const std::size_t targets = plans.empty() ? 0 : plans.front().targets.size();
  for (std::size_t t = 0; t < targets; ++t) {
    std::vector<const TargetObservation*> measured;
    for (const Observation& plan : plans) {
      const TargetObservation& on = plan.targets[t];
      measured.push_back(on.status == Status::kMeasured ? &on : nullptr);
    }
    const std::vector<Ranking> here = rank_on_target(measured);
    for (std::size_t i = 0; i < plans.size(); ++i) {
      if (better(here[i], best[i])) best[i] = here[i];
    }
  }
  return best;
}

}  // namespace pare::search
