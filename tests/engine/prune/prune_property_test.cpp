#include <gtest/gtest.h>

#include <algorithm>

#include "tests/engine/prune/pruning_check.h"
#include "tests/engine/prune/random_network.h"

namespace pare::engine::test {
namespace {

class RandomNetwork : public testing::TestWithParam<unsigned> {};

TEST_P(RandomNetwork, pruned_equals_the_original_whose_consumers_ignore_the_removed_channels) {
  const unsigned seed = GetParam();
  const Analysed model = analyse(random_network(seed));
  ASSERT_FALSE(model.groups.groups.empty());
  const auto widths = random_widths(model.groups, seed);
  const auto removed = select_units(model.groups, widths, random_orders(model.groups, seed));
  ASSERT_TRUE(removed) << removed.error().message;
  const Comparison comparison = compare_with_muted(model, removed.value(), seed);
  EXPECT_LT(comparison.error, 1e-5);
  if (std::ranges::count(removed.value(), true) > 0) {
    const Graph muted = mute(model.graph, model.observed, model.groups, removed.value());
    EXPECT_GT(difference(model.graph, muted, seed), 1e-4) << "nothing was muted";
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomNetwork, testing::Range(1U, 61U));

}  // namespace
}  // namespace pare::engine::test
