#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <random>

#include "engine/executor/observe.h"
#include "engine/heads/head.h"
#include "engine/onnx/onnx_io.h"
#include "engine/ops/all_ops.h"
#include "engine/passes/passes.h"
#include "engine/prune/reconstruct.h"
#include "tests/engine/prune/calibrated.h"
#include "tests/engine/prune/pruning_check.h"
#include "tests/support/real_models.h"

namespace pare::engine::test {
namespace {

Graph imported(const std::string& file) {
  Graph graph = import_onnx_file(std::string(PARE_REAL_MODELS "/") + file).value();
  const Observation observed = observe(graph).value();
  return fold_batch_norm(remove_dead_ends(fold_constants(std::move(graph), observed)));
}

// Without its decode tail; where the head is not known, without what follows the last convolutions.
Graph body_of(const std::string& file) {
  const Graph graph = imported(file);
  const Observation observed = observe(graph).value();
  const auto match = find_head(graph, observed);
  return cut(graph, observed, match ? match.value() : raw_head(graph, observed));
}

// PARE_RANDOM_PLANS=200 for the figures of a release; few enough by default for every run.
unsigned plans() {
  const char* const asked = std::getenv("PARE_RANDOM_PLANS");
  return asked == nullptr ? 10 : static_cast<unsigned>(std::stoul(asked));
}

void print(const std::string& file, const Analysed& model) {
  const GroupSummary summary = summarize(model.groups, model.graph);
  std::cout << file << ": " << summary.groups.size() << " groups, " << summary.frozen.size()
            << " frozen layers\n";
  for (const FrozenChannels& frozen : summary.frozen) {
    std::cout << "  " << frozen.layer << ": " << frozen.channels << " channels, because "
              << frozen.reason << "\n";
  }
}

class Body : public testing::TestWithParam<const char*> {};

TEST_P(Body, random_plans_equal_the_original_that_ignores_the_removed_channels) {
  const Analysed model = analyse(body_of(GetParam()));
  print(GetParam(), model);
  double worst = 0;
  std::size_t most = 0;
  for (unsigned seed = 1; seed <= plans(); ++seed) {
    const auto removed = select_units(model.groups, random_widths(model.groups, seed, 8),
                                      random_orders(model.groups, seed));
    ASSERT_TRUE(removed) << removed.error().message;
    const Comparison comparison = compare_with_muted(model, removed.value(), seed);
    ASSERT_LT(comparison.error, 1e-5) << "seed " << seed;
    worst = std::max(worst, comparison.error);
    most = std::max(most, static_cast<std::size_t>(std::ranges::count(removed.value(), true)));
  }
  std::cout << GetParam() << ": " << plans() << " plans, up to " << most << " of "
            << select_units(model.groups, {}, {}).value().size() - 1
            << " units removed, largest error " << worst << "\n";
}

// Blocks and kernels, then channels: any of them go together.
TEST_P(Body, channels_go_from_what_random_blocks_and_kernels_leave) {
  const Analysed model = analyse(body_of(GetParam()));
  const auto stages = offered_stages(model.graph, model.observed, all_ops(), model.groups).value();
  const auto kernels = find_elastic_kernels(model.graph, model.observed, model.groups);
  const Statistics statistics = statistics_of(model, stages, kernels, 1);
  std::size_t blocks = 0, sizes = 0;
  for (unsigned seed = 1; seed <= 3; ++seed) {
    std::mt19937 random(seed);
    SkipLevels levels;
    for (const SkipStage& stage : stages) {
      levels.push_back(static_cast<int>(random() % (stage.blocks.size() + 1)));
      blocks += static_cast<std::size_t>(levels.back());
    }
    SkippedBody less = skip_blocks(model.graph, model.observed, statistics, stages, levels).value();
    Analysed left = analyse(std::move(less.graph));
    KernelSizes chosen;
    const auto still = find_elastic_kernels(left.graph, left.observed, left.groups);
    for (const ElasticKernel& kernel : still) {
      if (random() % 2 == 0) continue;
      chosen[left.graph.nodes[kernel.node].name] = kernel.sizes[random() % kernel.sizes.size()];
    }
    sizes += chosen.size();
    ShrunkKernels shrunk =
        shrink_kernels(left.graph, left.observed, less.statistics, still, chosen).value();
    left = analyse(std::move(shrunk.graph));
    const auto removed = select_units(left.groups, random_widths(left.groups, seed, 8),
                                      random_orders(left.groups, seed));
    ASSERT_TRUE(removed) << removed.error().message;
    ASSERT_LT(compare_with_muted(left, removed.value(), seed).error, 1e-5) << "seed " << seed;
    ASSERT_TRUE(reconstruct(left.graph, left.groups, removed.value(), shrunk.statistics));
  }
  std::cout << GetParam() << ": " << blocks << " blocks skipped, " << sizes
            << " kernels shrunk in three plans\n";
}

INSTANTIATE_TEST_SUITE_P(Real, Body, testing::ValuesIn(kRealModels), name_of_param);

// Whole, the decode tails are in the way: what they touch is frozen, the rest still moves.
class Whole : public testing::TestWithParam<const char*> {};

TEST_P(Whole, random_plans_equal_the_original_that_ignores_the_removed_channels) {
  const Analysed model = analyse(imported(GetParam()));
  print(GetParam(), model);
  EXPECT_GT(model.groups.groups.size(), 10U);
  for (unsigned seed = 1; seed <= 3; ++seed) {
    const auto removed = select_units(model.groups, random_widths(model.groups, seed, 8),
                                      random_orders(model.groups, seed));
    ASSERT_TRUE(removed) << removed.error().message;
    EXPECT_LT(compare_with_muted(model, removed.value(), seed).error, 1e-5) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Real, Whole, testing::ValuesIn(kRealModels), name_of_param);

}  // namespace
}  // namespace pare::engine::test
