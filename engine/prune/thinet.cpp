#include "engine/prune/thinet.h"

#include <algorithm>
#include <numeric>

#include "engine/prune/block_elimination.h"
#include "engine/prune/linear_layer.h"

namespace pare::engine {
namespace {

// interaction(u, v): what of the consumers' squared error is due to the two units together.
Result<Eigen::MatrixXd> interactions(const Graph& graph, const Groups& groups, const Group& group,
                                     const Statistics& statistics) {
  const auto units = std::ssize(group.units);
  Eigen::MatrixXd total = Eigen::MatrixXd::Zero(units, units);
  for (const std::size_t n : group.consumers) {
    const Result<LinearLayer> layer = linear_layer(graph, groups, n);
    if (!layer) return layer.error();
    const Eigen::MatrixXd& w = layer.value().weights;
    const Result<const Gram*> gram =
        statistics.find(graph.nodes[n].name, static_cast<int>(w.cols()));
    if (!gram) return gram.error();
    const Eigen::MatrixXd g = dense(*gram.value());
    const Eigen::MatrixXd error = (w.transpose() * w).cwiseProduct(g) / output_variance(w, g);
    const auto columns = columns_by_unit(layer.value(), group);
    for (Eigen::Index u = 0; u < units; ++u) {
      for (Eigen::Index v = 0; v < units; ++v) {
        total(u, v) +=
            error(columns[static_cast<std::size_t>(u)], columns[static_cast<std::size_t>(v)]).sum();
      }
    }
  }
  return total;
}

}  // namespace

Result<std::vector<int>> thinet_order(const Graph& graph, const Groups& groups, const Group& group,
                                      const Statistics& statistics) {
  const Result<Eigen::MatrixXd> found = interactions(graph, groups, group, statistics);
  if (!found) return found.error();
  const Eigen::MatrixXd& interaction = found.value();
  Eigen::VectorXd cost = interaction.diagonal();  // of each unit beside those that went
  std::vector<Eigen::Index> alive(group.units.size());
  std::iota(alive.begin(), alive.end(), 0);
  std::vector<int> order(group.units.size());
  while (!alive.empty()) {
    const auto cheapest =
        std::ranges::min_element(alive, {}, [&](Eigen::Index u) { return cost(u); });
    const Eigen::Index gone = *cheapest;
    alive.erase(cheapest);
    order[alive.size()] = static_cast<int>(gone);
    cost += 2 * interaction.col(gone);
  }
  return order;
}

}  // namespace pare::engine
