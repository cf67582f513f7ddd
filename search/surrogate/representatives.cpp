#include "search/surrogate/representatives.h"

#include <algorithm>
#include <numeric>

#include "core/random.h"
#include "search/ranking.h"

namespace pare::search {

void Representatives::tell(std::span<const Observation> told) {
  chosen_.push_back(told.size() - 1);
  if (chosen_.size() < kMost) return;

  std::vector<Observation> some;
  for (const std::size_t i : chosen_) some.push_back(told[i]);
  const std::vector<Ranking> ranking = rank(some);
  std::vector<std::size_t> order(chosen_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(
      order, [&](std::size_t a, std::size_t b) { return better(ranking[a], ranking[b]); });
  const auto draw = [&](std::size_t i) { return Random(chosen_[i], 0).next(); };
  std::ranges::sort(order.begin() + kBest, order.end(), {}, draw);
  order.resize(kBest + kOthers);

  std::vector<std::size_t> kept;
  kept.reserve(order.size());
  for (const std::size_t i : order) kept.push_back(chosen_[i]);
  std::ranges::sort(kept);
  chosen_ = std::move(kept);
}

}  // namespace pare::search
