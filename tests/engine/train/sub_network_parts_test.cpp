// Sub-networks that lack blocks and taps of kernels beside channels.
#include <gtest/gtest.h>

#include "engine/executor/openvino_runner.h"
#include "engine/prune/correction.h"
#include "engine/prune/reconstruct.h"
#include "engine/train/elastic/networks.h"
#include "engine/train/graph/torch_tensor.h"
#include "tests/engine/train/elastic_network.h"

namespace pare::engine::test {
namespace {

const std::vector<double> kKnots = {0.5};

// Two residual branches, both of which may go; read by a layer of 3x3, behind it a depthwise one
// of 5x5.
Graph branched() {
  GraphBuilder b(7);
  auto x = b.silu(b.conv(b.input({1, 3, 16, 24}), {.channels = 16, .name = "stem"}));
  for (const std::string name : {"first", "second"}) {
    const auto inner = b.silu(b.conv(x, {.channels = 16, .kernel = 1, .name = name + "/narrow"}));
    x = b.add(x, b.silu(b.conv(inner, {.channels = 16, .name = name + "/wide"})));
  }
  x = b.silu(b.conv(x, {.channels = 24, .name = "reads"}));
  x = b.silu(b.conv(x, {.channels = 24, .kernel = 5, .groups = 24, .name = "depthwise"}));
  b.output(b.conv(x, {.channels = 8, .kernel = 1, .name = "prediction"}));
  return b.build();
}

struct Branched {
  Analysed model = analyse(branched());
  HeadMatch head = {.head = "raw"};
  std::vector<SkipStage> stages =
      offered_stages(model.graph, model.observed, all_ops(), model.groups).value();
  std::vector<ElasticKernel> kernels =
      find_elastic_kernels(model.graph, model.observed, model.groups);
  Statistics statistics = statistics_of(model, stages, kernels, 6);
  Ranking ranking = rank_by_gram(model.graph, model.groups, statistics).value();

  ElasticBody body() const {
    return {model.graph, model.observed, model.groups, head, statistics, all_ops()};
  }
  PartsToGo blocks(int count) const {
    PartsToGo parts;
    for (int k = 0; k < count; ++k) parts.blocks.insert(stages.at(0).blocks.at(k).name);
    return parts;
  }
};

Coordinates coordinates_of(const Branched& network, unsigned seed) {
  const std::vector<bool> all(network.model.graph.nodes.size(), true);
  auto made = Coordinates::make(network.body(), all, kKnots.size(),
                                to_torch(random_tensor({4, 3, 16, 24}, 3, 0, 1)));
  draw_values(made.value().values(), seed);
  return std::move(made).value();
}

// What a candidate of the plan computes: corrected, then without its parts, then narrower.
Graph cut_out(const Branched& network, const Coordinates& coordinates, const PoolPlan& plan) {
  const Supernet supernet{{}, kKnots, coordinates.changes(coordinates.values())};
  const Graph changed = corrected(network.model.graph, supernet, plan.share).value();
  const WithoutParts left = without_parts(changed, network.model.observed, network.model.groups,
                                          network.statistics, all_ops(), plan.parts)
                                .value();
  const RemovedUnits removed =
      select_units(left.groups, plan.widths, network.ranking.orders).value();
  const Graph repaired = reconstruct(left.graph, left.groups, removed, left.statistics).value();
  return prune(repaired, left.observed, all_ops(), left.groups, removed).value().graph;
}

std::vector<PoolPlan> plans_of(const Branched& network) {
  std::vector<PoolPlan> plans;
  for (const int blocks : {0, 1, 2}) {
    for (const bool kernels : {false, true}) {
      PoolPlan plan{{}, 0.25 + 0.1 * blocks, {}, network.blocks(blocks)};
      if (kernels) plan.parts.kernels = {{"depthwise", 3}, {"reads", 1}};
      plans.push_back(plan);
      for (const Group& group : network.model.groups.groups) {
        if (group.name.find("reads") == std::string::npos &&
            group.name.find("stem") == std::string::npos)
          continue;
        plan.widths[group.name] = static_cast<int>(group.units.size()) - 5;
      }
      plans.push_back(plan);
    }
  }
  return plans;
}

TEST(SubNetworkParts, torch_computes_what_the_executor_does_with_the_graph_that_is_cut_out) {
  const Branched network;
  ASSERT_EQ(network.stages.at(0).blocks.size(), 2U);
  unsigned seed = 1;
  for (const PoolPlan& plan : plans_of(network)) {
    const Coordinates coordinates = coordinates_of(network, ++seed);
    auto made =
        make_sub_networks(network.body(), network.ranking.orders, coordinates, kKnots, {plan});
    ASSERT_TRUE(made) << made.error().message;
    const Tensor image = random_tensor({1, 3, 16, 24}, seed, 0, 1);
    const Graph graph = cut_out(network, coordinates, plan);
    const auto expected = make_openvino_runner(graph).value()->run({image}).value();
    SubNetwork network_of_plan = std::move(made).value()[0];
    const auto ours = network_of_plan.forward(to_torch(image)).value();
    const torch::Tensor theirs = to_torch(expected[0]);
    const double range = (theirs.max() - theirs.min()).item<double>();
    EXPECT_LT((ours[0] - theirs).abs().max().item<double>() / range, 1e-4)
        << plan.parts.blocks.size() << " blocks, " << plan.parts.kernels.size() << " kernels, "
        << plan.widths.size() << " groups";
  }
}

TEST(SubNetworkParts, readers_and_what_stands_behind_them_are_trained_and_compared) {
  const Branched network;
  const auto affected =
      affected_by_any(network.body(), network.ranking.orders, {{{}, 0.2, {}, network.blocks(1)}})
          .value();
  std::set<std::string> layers;
  for (std::size_t n = 0; n < affected.size(); ++n) {
    const Node& node = network.model.graph.nodes[n];
    if (affected[n] && node.op == "Conv") layers.insert(node.name);
  }
  EXPECT_EQ(layers, (std::set<std::string>{"reads", "depthwise", "prediction"}));
  const Coordinates coordinates = coordinates_of(network, 1);
  auto made = make_sub_networks(network.body(), network.ranking.orders, coordinates, kKnots,
                                {{{}, 0.2, {}, network.blocks(1)}});
  std::set<std::string> compared;
  for (const TracedLayer& layer : made.value()[0].traced()) compared.insert(layer.tensor);
  EXPECT_EQ(compared, (std::set<std::string>{"reads", "depthwise", "prediction"}));
}

}  // namespace
}  // namespace pare::engine::test
