#include "search/hypervolume.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>

namespace pare::search {
namespace {

using Points = std::vector<std::vector<double>>;

// The share of a grid's cells that some point dominates: exact where points lie on the grid.
double by_counting(const Points& points, int side, std::size_t objectives) {
  std::size_t cells = 1;
  for (std::size_t k = 0; k < objectives; ++k) cells *= static_cast<std::size_t>(side);
  std::size_t covered = 0;
  for (std::size_t cell = 0; cell < cells; ++cell) {
    const bool inside = std::ranges::any_of(points, [&](const std::vector<double>& point) {
      std::size_t rest = cell;
      for (const double x : point) {
        if (x > static_cast<double>(rest % static_cast<std::size_t>(side))) return false;
        rest /= static_cast<std::size_t>(side);
      }
      return true;
    });
    covered += inside ? 1 : 0;
  }
  return static_cast<double>(covered);
}

TEST(Hypervolume, two_steps_are_two_rectangles) {
  const double reference[] = {4, 4};
  EXPECT_DOUBLE_EQ(hypervolume(Points{{1, 3}, {2, 1}}, reference), 3 * 1 + 2 * 2);
  EXPECT_DOUBLE_EQ(hypervolume(Points{}, reference), 0);
  EXPECT_DOUBLE_EQ(hypervolume(Points{{4, 0}, {5, -1}}, reference), 0);
}

TEST(Hypervolume, it_equals_counting_cells_in_two_three_and_four_objectives) {
  std::mt19937 rng(3);
  std::uniform_int_distribution<int> coordinate(0, 8);
  for (const std::size_t objectives : {2U, 3U, 4U}) {
    for (int round = 0; round < 30; ++round) {
      Points points(1 + rng() % 9, std::vector<double>(objectives));
      for (auto& point : points) {
        for (double& x : point) x = coordinate(rng);
      }
      const std::vector<double> reference(objectives, 8.0);
      EXPECT_DOUBLE_EQ(hypervolume(points, reference), by_counting(points, 8, objectives));
    }
  }
}

// The script beside the file made it.
TEST(Hypervolume, it_is_what_pygmo_gives_in_two_to_five_objectives) {
  std::ifstream file("tests/search/hypervolumes_of_pygmo.txt");
  int sets = 0;
  for (std::size_t objectives = 0, count = 0; file >> objectives >> count; ++sets) {
    Points points(count, std::vector<double>(objectives));
    for (auto& point : points) {
      for (double& x : point) file >> x;
    }
    double expected = 0;
    file >> expected;
    const std::vector<double> reference(objectives, 1.0);
    EXPECT_NEAR(hypervolume(points, reference), expected, 1e-9 * expected) << "set " << sets;
    std::ranges::reverse(points);
    EXPECT_NEAR(hypervolume(points, reference), expected, 1e-9 * expected) << "set " << sets;
  }
  EXPECT_EQ(sets, 20);
}

}  // namespace
}  // namespace pare::search
