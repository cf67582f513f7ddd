#include "tests/engine/prune/pruning_check.h"

#include <algorithm>
#include <random>

#include "core/check.h"
#include "engine/executor/observe.h"
#include "engine/executor/openvino_runner.h"
#include "engine/ops/all_ops.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {
namespace {

template <typename T>
T need(Result<T> result) {
  if (!result) fail_check("result", result.error().message, __FILE__, __LINE__);
  return std::move(result).value();
}

}  // namespace

Analysed analyse(Graph graph) {
  Analysed model{std::move(graph), {}, {}};
  model.observed = need(observe(model.graph));
  model.groups = need(find_groups(model.graph, model.observed, all_ops()));
  return model;
}

UnitOrders random_orders(const Groups& groups, unsigned seed) {
  std::mt19937 random(seed);
  UnitOrders orders;
  for (const Group& group : groups.groups) {
    std::vector<int>& order = orders[group.name];
    for (const std::vector<int>& cover : group.covers) {
      const int unit = cover[random() % cover.size()];
      if (std::ranges::find(order, unit) == order.end()) order.push_back(unit);
    }
    std::vector<int> rest;
    for (int u = 0; u < static_cast<int>(group.units.size()); ++u) {
      if (std::ranges::find(order, u) == order.end()) rest.push_back(u);
    }
    for (std::size_t i = rest.size(); i > 1; --i) std::swap(rest[i - 1], rest[random() % i]);
    order.insert(order.end(), rest.begin(), rest.end());
  }
  return orders;
}

std::map<std::string, int> random_widths(const Groups& groups, unsigned seed, int step) {
  std::mt19937 random(seed);
  std::map<std::string, int> widths;
  for (const Group& group : groups.groups) {
    const auto covers = static_cast<int>(group.covers.size());
    const int lowest = (std::max(1, covers) + step - 1) / step;
    const int highest = (static_cast<int>(group.units.size()) - 1) / step;
    if (random() % 3 == 0 || highest < lowest) continue;
    widths[group.name] =
        step * (lowest + static_cast<int>(random() % static_cast<unsigned>(highest - lowest + 1)));
  }
  return widths;
}

std::vector<Tensor> outputs_of(const Graph& graph, unsigned seed) {
  const auto runner = need(make_openvino_runner(graph));
  return need(runner->run({random_tensor(graph.inputs[0].shape, seed, 0, 1)}));
}

double difference(const Graph& actual, const Graph& expected, unsigned seed) {
  const std::vector<Tensor> ours = outputs_of(actual, seed), theirs = outputs_of(expected, seed);
  double error = 0;
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    error = std::max(error, relative_error(ours[i], theirs[i]));
  }
  return error;
}

Comparison compare_with_muted(const Analysed& model, const RemovedUnits& removed, unsigned seed) {
  Comparison comparison;
  comparison.pruned = need(prune(model.graph, model.observed, all_ops(), model.groups, removed));
  need(verify(comparison.pruned.graph));
  comparison.error = difference(comparison.pruned.graph,
                                mute(model.graph, model.observed, model.groups, removed), seed);
  return comparison;
}

}  // namespace pare::engine::test
