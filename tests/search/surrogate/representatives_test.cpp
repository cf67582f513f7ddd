#include "search/surrogate/representatives.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "search/surrogate/surrogates.h"

namespace pare::search {
namespace {

std::vector<Observation> trials(std::size_t count, unsigned seed) {
  std::mt19937 rng(seed);
  std::uniform_real_distribution<double> uniform;
  std::vector<Observation> out;
  for (std::size_t i = 0; i < count; ++i) {
    const int x = static_cast<int>(rng() % 30);
    const int y = static_cast<int>(rng() % 30);
    TargetObservation on{Status::kMeasured, {x / 30.0 + 0.1 * uniform(rng), 1 - x / 30.0 + y}, {}};
    if (uniform(rng) < 0.1) on = {Status::kInfeasible, {}, {}};
    out.push_back({TrialId{static_cast<int>(i) + 1}, {{x, y}}, {on}});
  }
  return out;
}

Representatives told(std::span<const Observation> all) {
  Representatives representatives;
  for (std::size_t i = 1; i <= all.size(); ++i) representatives.tell(all.first(i));
  return representatives;
}

TEST(Representatives, are_all_while_there_are_few_and_bounded_for_ever) {
  const auto all = trials(3000, 1);
  Representatives representatives;
  for (std::size_t i = 1; i <= all.size(); ++i) {
    representatives.tell(std::span(all).first(i));
    const auto chosen = representatives.chosen();
    if (i < Representatives::kMost) {
      EXPECT_EQ(chosen.size(), i);
    }
    EXPECT_LT(chosen.size(), Representatives::kMost);
    EXPECT_TRUE(std::ranges::is_sorted(chosen));
    EXPECT_LT(chosen.back(), i);
  }
}

TEST(Representatives, hold_the_front_and_some_of_the_rest) {
  const auto all = trials(3000, 2);
  const Representatives representatives = told(all);
  std::size_t on_front = 0;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto beats = [&](const Observation& other) {
      const auto& a = other.targets[0].objectives;
      const auto& b = all[i].targets[0].objectives;
      return !a.empty() && a[0] < b[0] && a[1] < b[1];
    };
    if (all[i].targets[0].objectives.empty() || std::ranges::any_of(all, beats)) continue;
    ++on_front;
    kept +=
        std::ranges::find(representatives.chosen(), i) != representatives.chosen().end() ? 1 : 0;
  }
  EXPECT_GT(on_front, 10U);
  EXPECT_EQ(kept, on_front);
  const auto early =
      std::ranges::count_if(representatives.chosen(), [](std::size_t i) { return i < 1500; });
  EXPECT_GT(early, 100);
}

TEST(Representatives, surrogates_restored_at_the_end_say_what_those_that_learnt_all_along_say) {
  std::vector<Decision> decisions(2);
  for (Decision& d : decisions) {
    d.family = family::kLevel;
    d.ordered = true;
    d.choices = 30;
  }
  const Space space = Space::of_decisions(std::move(decisions));
  const auto all = trials(700, 3);
  Surrogates along(space);
  Surrogates restored(space);
  for (std::size_t i = 0; i < all.size(); ++i) {
    along.tell(all[i]);
    restored.tell(all[i]);
    if (i % 90 == 50) {
      EXPECT_TRUE(along.learn());
    }
  }
  EXPECT_TRUE(along.learn());
  EXPECT_TRUE(restored.learn());
  std::vector<Genome> asked;
  for (int x = 0; x < 30; ++x) asked.push_back({{x, (7 * x) % 30}});
  EXPECT_EQ(along.consider(asked, {}).gains(asked.size()),
            restored.consider(asked, {}).gains(asked.size()));
}

}  // namespace
}  // namespace pare::search
