#include "search/surrogate/resemblance.h"

#include <limits>

namespace pare::search {
namespace {

// What two plans tell apart must be looked up for both: of more than this share nothing is saved.
constexpr double kHardlyAny = 0.6;

std::size_t differing(const Code& a, const Code& b) {
  std::size_t count = 0;
  for (std::size_t j = 0; j < a.size(); ++j) count += a[j] != b[j] ? 1 : 0;
  return count;
}

}  // namespace

std::vector<Resemblance> resemblances(std::span<const Code> plans) {
  std::vector<Resemblance> out(plans.size());
  for (std::size_t i = 0; i < plans.size(); ++i) {
    std::size_t fewest = std::numeric_limits<std::size_t>::max();
    std::size_t nearest = 0;
    for (std::size_t other = 0; other < i; ++other) {
      const std::size_t count = differing(plans[i], plans[other]);
      if (count >= fewest) continue;
      fewest = count;
      nearest = other;
    }
    const auto columns = static_cast<double>(plans[i].size());
    if (static_cast<double>(fewest) <= kHardlyAny * columns) out[i].to = nearest;
    for (std::size_t j = 0; j < plans[i].size(); ++j) {
      const bool differs = !out[i].to || plans[i][j] != plans[nearest][j];
      if (differs) out[i].columns.push_back(j);
    }
  }
  return out;
}

}  // namespace pare::search
