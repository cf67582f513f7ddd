#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "engine/ops/all_ops.h"
#include "tests/engine/prune/pruning_check.h"
#include "tests/engine/prune/random_flows.h"
#include "tests/engine/prune/runtime_check.h"

namespace pare::engine::test {
namespace {

constexpr double kEqual = 1e-5;   // of the range
constexpr unsigned kBatch = 250;  // graphs that ONNX Runtime gets at once

// PARE_RANDOM_NETWORKS=10000 for the figures of a release; few enough by default for every run.
// PARE_FIRST_NETWORK says where to begin.
unsigned asked(const char* name, unsigned otherwise) {
  const char* const said = std::getenv(name);
  return said == nullptr ? otherwise : static_cast<unsigned>(std::stoul(said));
}

struct Counts {
  std::size_t units = 0, removed = 0, frozen = 0, changed = 0;
  double worst = 0;
};

// Removes random units of the network of a seed; nothing where it has none.
void add_pruned(unsigned seed, RuntimeCheck& check, Counts& counts) {
  const Analysed model = analyse(random_flows(seed));
  const auto removed = select_units(model.groups, random_widths(model.groups, seed),
                                    random_orders(model.groups, seed));
  ASSERT_TRUE(removed) << "seed " << seed << ": " << removed.error().message;
  counts.units += removed.value().size() - 1;
  for (const Frozen& frozen : model.groups.frozen) {
    counts.frozen += static_cast<std::size_t>(frozen.channels);
  }
  if (std::ranges::count(removed.value(), true) == 0) return;
  counts.removed += static_cast<std::size_t>(std::ranges::count(removed.value(), true));
  const auto pruned = prune(model.graph, model.observed, all_ops(), model.groups, removed.value());
  ASSERT_TRUE(pruned) << "seed " << seed << ": " << pruned.error().message;
  const auto sound = verify(pruned.value().graph);
  ASSERT_TRUE(sound) << "seed " << seed << ": " << sound.error().message;
  check.add(std::to_string(seed), pruned.value().graph,
            mute(model.graph, model.observed, model.groups, removed.value()), model.graph);
}

TEST(RandomFlows, pruned_equals_the_original_that_ignores_the_removed_channels) {
  const unsigned first = asked("PARE_FIRST_NETWORK", 1);
  const unsigned last = first + asked("PARE_RANDOM_NETWORKS", 300) - 1;
  Counts counts;
  std::size_t pruned = 0;
  for (unsigned from = first; from <= last; from += kBatch) {
    RuntimeCheck check;
    for (unsigned seed = from; seed <= std::min(last, from + kBatch - 1); ++seed) {
      add_pruned(seed, check, counts);
    }
    for (const auto& [seed, difference] : check.run()) {
      EXPECT_LT(difference.pruned, kEqual) << "seed " << seed;
      counts.worst = std::max(counts.worst, difference.pruned);
      counts.changed += difference.original > 1e-4 ? 1U : 0U;
      ++pruned;
    }
  }
  std::cout << last - first + 1 << " networks, " << pruned << " pruned, " << counts.removed
            << " of " << counts.units << " units removed, " << counts.frozen
            << " channels frozen, largest error " << counts.worst << ", " << counts.changed
            << " changed by what was muted\n";
  EXPECT_GT(10 * counts.changed, 9 * pruned) << "too often nothing was muted";
}

class RandomFlow : public testing::TestWithParam<unsigned> {};

TEST_P(RandomFlow, on_the_executor_too) {
  const unsigned seed = GetParam();
  const Analysed model = analyse(random_flows(seed));
  const auto removed = select_units(model.groups, random_widths(model.groups, seed),
                                    random_orders(model.groups, seed));
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_LT(compare_with_muted(model, removed.value(), seed).error, kEqual);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomFlow, testing::Range(1U, 16U));

}  // namespace
}  // namespace pare::engine::test
