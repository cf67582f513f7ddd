#include "search/surrogate/working.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace pare::search {
namespace {

constexpr double kTrustInUnseen = 0.9;  // counts as one trial
constexpr std::size_t kNeighbours = 6;

double distance(const std::vector<Column>& columns, const Code& a, const Code& b) {
  double sum = 0;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    const int apart = std::abs(int{a[j]} - int{b[j]});
    sum += columns[j].ordered ? apart / (columns[j].levels - 1.0) : std::min(apart, 1);
  }
  return sum;
}

}  // namespace

double chance_of_working(const std::vector<Column>& columns, std::span<const Code> tried,
                         const std::vector<bool>& worked, const Code& plan) {
  if (std::ranges::find(worked, false) == worked.end()) return 1;
  std::vector<std::pair<double, bool>> near;
  for (std::size_t i = 0; i < tried.size(); ++i) {
    near.emplace_back(distance(columns, tried[i], plan), worked[i]);
  }
  const auto nearest = static_cast<std::ptrdiff_t>(std::min(kNeighbours, near.size()));
  std::ranges::partial_sort(near, near.begin() + nearest);
  const auto count = std::count_if(near.begin(), near.begin() + nearest,
                                   [](const auto& one) { return one.second; });
  return (kTrustInUnseen + static_cast<double>(count)) / (1 + static_cast<double>(nearest));
}

}  // namespace pare::search
