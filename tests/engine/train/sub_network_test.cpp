#include "engine/train/elastic/sub_network.h"

#include <gtest/gtest.h>

#include <map>

#include "engine/executor/openvino_runner.h"
#include "engine/prune/reconstruct.h"
#include "engine/quant/activation_histogram.h"
#include "engine/train/elastic/plan_pool.h"
#include "engine/train/graph/torch_tensor.h"
#include "tests/engine/train/elastic_network.h"

namespace pare::engine::test {
namespace {

const std::vector<double> kKnots = {0.1, 0.3};

Coordinates coordinates_of(const ElasticNetwork& network, unsigned seed) {
  const std::vector<bool> all(network.model.graph.nodes.size(), true);
  auto made = Coordinates::make(network.body(), all, kKnots.size(),
                                to_torch(random_tensor({4, 3, 32, 48}, 3, 0, 1)));
  EXPECT_TRUE(made) << made.error().message;
  draw_values(made.value().values(), seed);
  return std::move(made).value();
}

// The largest difference over all outputs, relative to the largest value.
double difference(const std::vector<torch::Tensor>& ours, const std::vector<Tensor>& theirs) {
  double worst = 0, largest = 1e-9;
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    const torch::Tensor expected = to_torch(theirs[i]);
    worst = std::max(worst, (ours[i].detach() - expected).abs().max().item<double>());
    largest = std::max(largest, expected.abs().max().item<double>());
  }
  return worst / largest;
}

// The mean difference over all outputs.
double mean_difference(const std::vector<torch::Tensor>& ours, const std::vector<Tensor>& theirs) {
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    sum += (ours[i].detach() - to_torch(theirs[i])).abs().sum().item<double>();
    count += static_cast<double>(theirs[i].size());
  }
  return sum / count;
}

TEST(SubNetwork, torch_computes_what_the_executor_does_with_the_graph_that_is_cut_out) {
  const ElasticNetwork network;
  for (unsigned seed = 1; seed <= 8; ++seed) {
    const Coordinates coordinates = coordinates_of(network, seed);
    const RemovedUnits removed =
        select_units(network.model.groups, random_widths(network.model.groups, seed),
                     network.ranking.orders)
            .value();
    const double share = 0.05 * seed;
    auto sub = SubNetwork::make({network.body(), removed, share}, coordinates, kKnots);
    ASSERT_TRUE(sub) << sub.error().message;
    const Supernet supernet{{}, kKnots, coordinates.changes(coordinates.values())};
    const Graph corrected_body = corrected(network.model.graph, supernet, share).value();
    const Graph repaired =
        reconstruct(corrected_body, network.model.groups, removed, network.statistics).value();
    const Graph cut_out =
        prune(repaired, network.model.observed, all_ops(), network.model.groups, removed)
            .value()
            .graph;
    const Tensor image = random_tensor({1, 3, 32, 48}, seed, 0, 1);
    const auto expected = make_openvino_runner(cut_out).value()->run({image});
    const auto original = make_openvino_runner(network.model.graph).value()->run({image});
    auto made =
        std::move(sub).value().forward(to_torch(image).contiguous(at::MemoryFormat::ChannelsLast));
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_LT(difference(made.value(), expected.value()), 1e-4) << "seed " << seed;
    EXPECT_GT(difference(made.value(), original.value()), 1e-3) << "nothing was removed";
  }
}

TEST(SubNetwork, gradients_reach_the_knots_beside_the_share_and_no_others) {
  const ElasticNetwork network;
  Coordinates coordinates = coordinates_of(network, 1);
  const RemovedUnits removed =
      select_units(network.model.groups, random_widths(network.model.groups, 1),
                   network.ranking.orders)
          .value();
  const auto gradient_of = [&](double share) {
    auto sub = SubNetwork::make({network.body(), removed, share}, coordinates, kKnots).value();
    coordinates.gradients().zero_();
    const auto made = sub.forward(to_torch(random_tensor({2, 3, 32, 48}, 1, 0, 1)));
    made.value()[0].square().sum().backward();
    const std::int64_t each = coordinates.per_knot();
    return std::pair(coordinates.gradients().narrow(0, 0, each).abs().sum().item<double>(),
                     coordinates.gradients().narrow(0, each, each).abs().sum().item<double>());
  };
  const auto first = gradient_of(0.1), last = gradient_of(0.6), between = gradient_of(0.2);
  EXPECT_GT(first.first, 0);
  EXPECT_EQ(first.second, 0);
  EXPECT_EQ(last.first, 0);
  EXPECT_GT(last.second, 0);
  EXPECT_GT(between.first, 0);
  EXPECT_GT(between.second, 0);
}

// What a run of the network on one image shows of every activation.
class ObservedOnce {
 public:
  explicit ObservedOnce(const Graph& graph) {
    std::vector<std::string> names;
    for (const Node& node : graph.nodes) names.push_back(node.outputs[0]);
    const Tensor image = random_tensor({1, 3, 32, 48}, 11, 0, 1);
    const auto seen = make_openvino_runner(graph, names).value()->run({image}).value();
    add(graph.inputs[0].name, image);
    for (std::size_t i = 0; i < names.size(); ++i) add(names[i], seen[i]);
  }
  QuantizationSources sources() const {
    return {[this](const std::string& tensor) -> Result<Distribution> {
              const auto found = histograms_.find(tensor);
              if (found != histograms_.end()) return found->second.distribution({});
              return Error{ErrorCode::kNotFound, "no values of " + tensor};
            },
            {},
            {}};
  }

 private:
  void add(const std::string& name, const Tensor& values) {
    if (values.shape().size() != 4) return;
    ActivationHistogram histogram(values.shape()[1]);
    EXPECT_TRUE(histogram.add(values));
    histograms_.emplace(name, std::move(histogram));
  }
  std::map<std::string, ActivationHistogram> histograms_;
};

TEST(SubNetwork, in_int8_torch_computes_what_the_executor_does_with_the_simulated_candidate) {
  const ElasticNetwork network;
  const Graph& graph = network.model.graph;
  const Groups& groups = network.model.groups;
  std::vector<std::string> activations{graph.inputs[0].name};
  for (const Node& node : graph.nodes) activations.push_back(node.outputs[0]);
  for (const QdqPlacement placement : kAllPlacements) {
    const QuantizationPlan plan{.ranges = RangeMethod::kPercentile, .placement = placement};
    const RemovedUnits removed =
        select_units(groups, random_widths(groups, 2), network.ranking.orders).value();
    Coordinates coordinates =
        Coordinates::make(network.body(), std::vector<bool>(graph.nodes.size(), true), 1,
                          to_torch(random_tensor({4, 3, 32, 48}, 3, 0, 1)), activations)
            .value();
    draw_values(coordinates.values(), 5);
    const auto factors = coordinates.range_factors(coordinates.values());

    // The candidate: the change of int8, repaired, pruned, quantized with the ranges multiplied.
    Int8Change int8{{}, factors};
    for (auto& [layer, change] : coordinates.changes(coordinates.values())) {
      int8.changes.emplace(layer, change[0]);
    }
    const auto cut = [&](const Graph& body) {
      const Graph repaired = reconstruct(body, groups, removed, network.statistics).value();
      return prune(repaired, network.model.observed, all_ops(), groups, removed).value();
    };
    const PrunedGraph left = cut(corrected_for_int8(graph, int8).value());
    const ObservedOnce observed(cut(graph).graph);
    QuantizationSources sources = observed.sources();
    sources.range_factor = [&](const std::string& tensor) { return factors.at(tensor); };
    const QuantizedGraph candidate =
        insert_qdq(left.graph, plan, sources, WeightForm::kSimulated).value();

    const Lowering lowering{[&](const PrunedGraph& pruned) {
      return insert_qdq(pruned.graph, plan, observed.sources(), WeightForm::kSimulated);
    }};
    auto sub = SubNetwork::make({network.body(), removed, 0.2}, coordinates, lowering);
    ASSERT_TRUE(sub) << sub.error().message;
    const Tensor image = random_tensor({1, 3, 32, 48}, 4, 0, 1);
    const auto expected = make_openvino_runner(candidate.graph).value()->run({image}).value();
    const auto in_fp32 = make_openvino_runner(left.graph).value()->run({image}).value();
    const auto made = std::move(sub).value().forward(to_torch(image)).value();
    // A value between two levels may become either; on the whole they are equal.
    EXPECT_LT(mean_difference(made, expected), 0.2 * mean_difference(made, in_fp32))
        << static_cast<int>(placement);

    coordinates.gradients().zero_();
    made[0].square().sum().backward();
    const std::int64_t ranges = coordinates.gradients().numel() - coordinates.per_knot();
    EXPECT_EQ(ranges, std::ssize(activations));
    EXPECT_GT(
        coordinates.gradients().narrow(0, 0, coordinates.per_knot()).abs().sum().item<double>(), 0);
    EXPECT_GT(coordinates.gradients()
                  .narrow(0, coordinates.per_knot(), ranges)
                  .abs()
                  .sum()
                  .item<double>(),
              0);
  }
}

TEST(PlanPool, plans_spread_over_the_shares_and_differ_by_their_noise) {
  const ElasticNetwork network;
  const PoolOptions options{.plans = 8, .least = 0.05, .most = 0.4, .noise = 0.4, .seed = 3};
  const PoolSpace space = space_of_widths(network.body(), network.ranking).value();
  const auto pool = draw_pool(space, options);
  ASSERT_GE(pool.size(), 4U);
  for (std::size_t p = 0; p < pool.size(); ++p) {
    EXPECT_FALSE(pool[p].widths.empty());
    EXPECT_NEAR(share_saved(network.body(), network.ranking.orders, pool[p].widths).value(),
                pool[p].share, 1e-9);
    EXPECT_GE(pool[p].share, 0.05);
  }
  EXPECT_LT(pool.front().share, pool.back().share);
  const auto same = draw_pool(space, options);
  PoolOptions other = options;
  other.seed = 4;
  const auto different = draw_pool(space, other);
  bool all_equal = true;
  for (std::size_t p = 0; p < pool.size(); ++p) {
    EXPECT_EQ(pool[p].widths, same[p].widths);
    all_equal = all_equal && p < different.size() && pool[p].widths == different[p].widths;
  }
  EXPECT_FALSE(all_equal);
}

}  // namespace
}  // namespace pare::engine::test
