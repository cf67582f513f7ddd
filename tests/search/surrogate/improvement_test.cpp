#include "search/surrogate/improvement.h"

#include <gtest/gtest.h>

#include <random>

#include "search/hypervolume.h"
#include "search/surrogate/normal.h"

namespace pare::search {
namespace {

std::vector<std::vector<double>> random_points(int count, std::size_t objectives,
                                               std::mt19937& rng) {
  std::uniform_real_distribution<double> uniform(-1.2, 1.2);
  std::vector<std::vector<double>> points(static_cast<std::size_t>(count));
  for (auto& point : points) {
    for (std::size_t k = 0; k < objectives; ++k) point.push_back(uniform(rng));
  }
  return points;
}

double by_monte_carlo(std::vector<std::vector<double>> front, const std::vector<double>& reference,
                      std::span<const NormalValue> point, int draws, std::mt19937& rng) {
  std::normal_distribution<double> normal;
  const double before = hypervolume(front, reference);
  double sum = 0;
  front.emplace_back(point.size());
  for (int i = 0; i < draws; ++i) {
    for (std::size_t k = 0; k < point.size(); ++k) {
      front.back()[k] = point[k].mean + point[k].deviation * normal(rng);
    }
    sum += hypervolume(front, reference) - before;
  }
  return sum / draws;
}

TEST(Improvement, of_two_objectives_it_is_what_drawing_gives) {
  std::mt19937 rng(1);
  const std::vector<double> reference{1.0, 1.0};
  for (int round = 0; round < 12; ++round) {
    const auto points = random_points(round, 2, rng);
    Improvement improvement(reference);
    for (const auto& point : points) improvement.add(point);
    EXPECT_NEAR(improvement.hypervolume(), hypervolume(points, reference), 1e-12);
    const NormalValue at[] = {{-0.6 + 0.1 * round, 0.3}, {0.4 - 0.1 * round, 0.5}};
    EXPECT_NEAR(improvement.expected(at), by_monte_carlo(points, reference, at, 20000, rng), 0.02);
  }
}

TEST(Improvement, of_three_objectives_it_is_near_what_drawing_gives) {
  std::mt19937 rng(2);
  const std::vector<double> reference{1.0, 1.0, 1.0};
  for (int round = 0; round < 5; ++round) {
    const auto points = random_points(6, 3, rng);
    Improvement improvement(reference);
    for (const auto& point : points) improvement.add(point);
    const NormalValue at[] = {{-0.5, 0.3}, {-0.4, 0.4}, {-0.3, 0.2}};
    const double drawn = by_monte_carlo(points, reference, at, 4000, rng);
    EXPECT_NEAR(improvement.expected(at), drawn, 0.15 * drawn + 0.02);
  }
}

TEST(Improvement, of_one_objective_it_is_what_drawing_gives) {
  std::mt19937 rng(3);
  const std::vector<double> reference{1.0};
  const auto front = random_points(5, 1, rng);
  Improvement improvement(reference);
  const NormalValue point[] = {{-0.4, 0.9}};
  EXPECT_NEAR(improvement.expected(point), by_monte_carlo({}, reference, point, 200'000, rng),
              0.01);
  for (const auto& other : front) improvement.add(other);
  EXPECT_NEAR(improvement.expected(point), by_monte_carlo(front, reference, point, 200'000, rng),
              0.01);
}

TEST(Improvement, a_sure_point_gains_its_own_box_and_a_beaten_one_nothing) {
  Improvement improvement({1.0, 1.0});
  improvement.add({0.0, 0.0});
  const NormalValue better[] = {{-0.5, 1e-9}, {0.5, 1e-9}};
  EXPECT_NEAR(improvement.expected(better), 0.5 * 0.5, 1e-6);
  const NormalValue beaten[] = {{0.5, 1e-9}, {0.5, 1e-9}};
  EXPECT_NEAR(improvement.expected(beaten), 0, 1e-9);
}

TEST(Improvement, the_order_of_the_points_and_points_beyond_the_reference_do_not_matter) {
  std::mt19937 rng(3);
  auto points = random_points(30, 2, rng);
  Improvement forwards({1.0, 1.0});
  for (const auto& point : points) forwards.add(point);
  std::ranges::reverse(points);
  Improvement backwards({1.0, 1.0});
  for (const auto& point : points) backwards.add(point);
  const NormalValue at[] = {{-0.7, 0.3}, {-0.7, 0.3}};
  EXPECT_EQ(forwards.expected(at), backwards.expected(at));
}

TEST(Normal, the_quantile_inverts_the_distribution) {
  for (double p = 0.0005; p < 1; p += 0.0101) EXPECT_NEAR(normal_cdf(normal_quantile(p)), p, 1e-9);
}

}  // namespace
}  // namespace pare::search
