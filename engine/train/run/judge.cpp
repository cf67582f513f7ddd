#include "engine/train/run/judge.h"

#include <cmath>
#include <utility>

#include "engine/prune/elastic_layer.h"

namespace pare::engine {

Result<std::vector<SubNetwork>> make_sub_networks(const ElasticBody& body, const UnitOrders& orders,
                                                  const Coordinates& coordinates,
                                                  const std::vector<double>& knots,
                                                  const std::vector<PoolPlan>& plans) {
  std::vector<SubNetwork> all;
  for (const PoolPlan& plan : plans) {
    const auto removed = select_units(body.groups, plan.widths, orders);
    if (!removed) return removed.error();
    auto made = SubNetwork::make(body, coordinates, knots, removed.value(), plan.share);
    if (!made) return made.error();
    all.push_back(std::move(made).value());
  }
  return all;
}

Result<std::vector<SubNetwork>> make_int8_networks(const ElasticBody& body,
                                                   const UnitOrders& orders,
                                                   const Coordinates& coordinates,
                                                   const Int8Networks& int8,
                                                   const std::vector<PoolPlan>& plans) {
  std::vector<SubNetwork> all;
  for (const PoolPlan& plan : plans) {
    const auto removed = select_units(body.groups, plan.widths, orders);
    if (!removed) return removed.error();
    Graph graph = body.graph;
    if (int8.from != nullptr) {
      auto inherited = corrected(graph, *int8.from, plan.share);
      if (!inherited) return inherited.error();
      graph = std::move(inherited).value();
    }
    const ElasticBody own{graph, body.observed, body.groups, body.head, body.statistics, body.ops};
    const QuantizationPlan& quantization = plan.quantization.value();
    const Lowering lowering{
        [&](const PrunedGraph& pruned) { return int8.quantize(pruned, quantization); },
        quantization.weight_bits};
    auto made = SubNetwork::make(own, coordinates, removed.value(), plan.share, lowering);
    if (!made) return made.error();
    all.push_back(std::move(made).value());
  }
  return all;
}

Result<std::vector<bool>> affected_by_any(const ElasticBody& body, const UnitOrders& orders,
                                          const std::vector<PoolPlan>& plans) {
  std::vector<bool> any(body.graph.nodes.size(), false);
  for (const PoolPlan& plan : plans) {
    const auto removed = select_units(body.groups, plan.widths, orders);
    if (!removed) return removed.error();
    const auto affected = affected_nodes(body.graph, body.groups, removed.value());
    for (std::size_t n = 0; n < any.size(); ++n) any[n] = any[n] || affected[n];
  }
  return any;
}

Result<std::vector<double>> held_out_losses(Distillation& distillation,
                                            std::vector<SubNetwork>& judged,
                                            const std::vector<torch::Tensor>& batches) {
  const torch::NoGradGuard no_grad;
  std::vector<double> losses(judged.size(), 0);
  double images = 0;
  for (const torch::Tensor& batch : batches) {
    const auto teacher = distillation.teacher(batch);
    if (!teacher) return teacher.error();
    const auto count = static_cast<double>(batch.size(0));
    images += count;
    for (std::size_t j = 0; j < judged.size(); ++j) {
      const auto loss = distillation.loss(judged[j], batch, teacher.value());
      if (!loss) return loss.error();
      losses[j] += count * (loss.value().features + loss.value().heads);
    }
  }
  for (double& loss : losses) loss /= images;
  return losses;
}

std::size_t nearest_to(const std::vector<SubNetwork>& judged, double share) {
  std::size_t nearest = 0;
  for (std::size_t j = 1; j < judged.size(); ++j) {
    const double here = std::abs(judged[j].share() - share);
    if (here < std::abs(judged[nearest].share() - share)) nearest = j;
  }
  return nearest;
}

}  // namespace pare::engine
