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

// None before one that it is beaten by.
Indices beaten_last(const std::vector<const TargetObservation*>& plans) {
  Indices order;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    if (plans[i] != nullptr) order.push_back(i);
  }
  std::vector<double> violations(plans.size());
  for (const std::size_t i : order) violations[i] = violation(*plans[i]);
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    if (violations[a] != violations[b]) return violations[a] < violations[b];
    return plans[a]->objectives < plans[b]->objectives;
  });
  return order;
}

// Of the plans that were measured on one target; null for the others, which rank last.
std::vector<Ranking> rank_on_target(const std::vector<const TargetObservation*>& plans) {
  std::vector<Indices> fronts;
  for (const std::size_t i : beaten_last(plans)) {
    const auto beats_it = [&](const Indices& front) {
      return std::any_of(front.rbegin(), front.rend(), [&](std::size_t j) {
        return constrained_dominates(*plans[j], *plans[i]);
      });
    };
    const auto first = std::ranges::partition_point(fronts, beats_it);
    if (first == fronts.end()) {
      fronts.push_back({i});
    } else {
      first->push_back(i);
    }
  }
  std::vector<Ranking> ranking(plans.size(), {std::numeric_limits<int>::max(), 0});
  for (std::size_t rank = 0; rank < fronts.size(); ++rank) {
    std::ranges::sort(fronts[rank]);
    for (const std::size_t i : fronts[rank]) ranking[i].rank = static_cast<int>(rank);
    add_crowding(plans, fronts[rank], ranking);
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
