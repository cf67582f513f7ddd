#include "search/hypervolume.h"

#include <algorithm>

#include "core/check.h"
#include "search/pareto_front.h"

namespace pare::search {
namespace {

using Points = std::vector<std::vector<double>>;

double box(std::span<const double> point, std::span<const double> reference) {
  double volume = 1;
  for (std::size_t k = 0; k < point.size(); ++k) volume *= reference[k] - point[k];
  return volume;
}

// REQUIRES: two objectives, all points below the reference.
double sweep(Points points, std::span<const double> reference) {
  std::ranges::sort(points);
  double volume = 0;
  double lowest = reference[1];
  for (const std::vector<double>& point : points) {
    if (point[1] >= lowest) continue;
    volume += (reference[0] - point[0]) * (lowest - point[1]);
    lowest = point[1];
  }
  return volume;
}

void keep_undominated(Points& points) {
  Points kept;
  for (std::size_t i = 0; i < points.size(); ++i) {
    bool beaten = false;
    for (std::size_t j = 0; j < points.size() && !beaten; ++j) {
      beaten = dominates(points[j], points[i]) || (j < i && points[j] == points[i]);
    }
    if (!beaten) kept.push_back(points[i]);
  }
  points = std::move(kept);
}

double wfg(Points points, std::span<const double> reference) {
  if (reference.size() == 2) return sweep(std::move(points), reference);
  double volume = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    Points limited;  // the later points, cut to what they share with this one
    for (std::size_t j = i + 1; j < points.size(); ++j) {
      std::vector<double> worse = points[j];
      for (std::size_t k = 0; k < worse.size(); ++k) worse[k] = std::max(worse[k], points[i][k]);
      limited.push_back(std::move(worse));
    }
    keep_undominated(limited);
    volume += box(points[i], reference) - wfg(std::move(limited), reference);
  }
  return volume;
}

}  // namespace

double hypervolume(std::span<const std::vector<double>> points, std::span<const double> reference) {
  PARE_CHECK(!reference.empty(), "a reference point without objectives");
  Points inside;
  for (const std::vector<double>& point : points) {
    PARE_CHECK(point.size() == reference.size(), "a point of another number of objectives");
    bool below = true;
    for (std::size_t k = 0; k < point.size(); ++k) below &= point[k] < reference[k];
    if (below) inside.push_back(point);
  }
  keep_undominated(inside);
  return wfg(std::move(inside), reference);
}

}  // namespace pare::search
