#include "engine/train/elastic/networks.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "engine/prune/elastic_layer.h"

namespace pare::engine {
namespace {

constexpr std::int64_t kSamples = 8;  // images that coordinates are measured on

torch::Tensor samples_of(const torch::Tensor& images) {
  return images.narrow(0, 0, std::min(kSamples, images.size(0)));
}

// Every tensor that Q/DQ pairs may stand behind.
std::vector<std::string> activations_of(const Graph& graph) {
  std::vector<std::string> names;
  for (const TensorInfo& input : graph.inputs) names.push_back(input.name);
  for (const Node& node : graph.nodes) {
    names.insert(names.end(), node.outputs.begin(), node.outputs.end());
  }
  return names;
}

// What a plan is cut from, and what of it goes.
struct Prepared {
  std::unique_ptr<WithoutParts> left;  // null: the whole body
  ElasticBody body;
  RemovedUnits removed;

  CutOut cut(double share) const {
    return {body, removed, share, left == nullptr ? nullptr : &left->maps};
  }
};

// Widths of groups that are left.
std::map<std::string, int> widths_of(const Groups& groups, const PoolPlan& plan) {
  std::map<std::string, int> widths;
  for (const Group& group : groups.groups) {
    const auto at = plan.widths.find(group.name);
    if (at != plan.widths.end()) widths.insert(*at);
  }
  return widths;
}

Result<Prepared> prepare_cut(const ElasticBody& body, const UnitOrders& orders,
                             const PoolPlan& plan) {
  if (plan.parts.empty()) {
    auto removed = select_units(body.groups, plan.widths, orders);
    if (!removed) return removed.error();
    return Prepared{nullptr, body, std::move(removed).value()};
  }
  auto made = without_parts(body.graph, body.observed, body.groups, body.statistics, body.ops,
                            plan.parts, Maps::kMade);
  if (!made) return made.error();
  auto left = std::make_unique<WithoutParts>(std::move(made).value());
  auto removed = select_units(left->groups, widths_of(left->groups, plan), orders);
  if (!removed) return removed.error();
  const ElasticBody own{left->graph, left->observed,   left->groups,
                        body.head,   left->statistics, body.ops};
  return Prepared{std::move(left), own, std::move(removed).value()};
}

}  // namespace

Result<std::vector<SubNetwork>> make_sub_networks(const ElasticBody& body, const UnitOrders& orders,
                                                  const Coordinates& coordinates,
                                                  const std::vector<double>& knots,
                                                  const std::vector<PoolPlan>& plans) {
  std::vector<SubNetwork> all;
  for (const PoolPlan& plan : plans) {
    const auto prepared = prepare_cut(body, orders, plan);
    if (!prepared) return prepared.error();
    auto made = SubNetwork::make(prepared.value().cut(plan.share), coordinates, knots);
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
    Graph graph = body.graph;
    if (int8.from != nullptr) {
      auto inherited = corrected(graph, *int8.from, plan.share);
      if (!inherited) return inherited.error();
      graph = std::move(inherited).value();
    }
    const ElasticBody own{graph, body.observed, body.groups, body.head, body.statistics, body.ops};
    const auto prepared = prepare_cut(own, orders, plan);
    if (!prepared) return prepared.error();
    const QuantizationPlan& quantization = plan.quantization.value();
    const Lowering lowering{
        [&](const PrunedGraph& pruned) { return int8.quantize(pruned, quantization); },
        quantization.weight_bits};
    auto made = SubNetwork::make(prepared.value().cut(plan.share), coordinates, lowering);
    if (!made) return made.error();
    all.push_back(std::move(made).value());
  }
  return all;
}

Result<std::vector<bool>> affected_by_any(const ElasticBody& body, const UnitOrders& orders,
                                          const std::vector<PoolPlan>& plans) {
  std::set<std::string> names;
  for (const PoolPlan& plan : plans) {
    const auto prepared = prepare_cut(body, orders, plan);
    if (!prepared) return prepared.error();
    const auto& [left, own, removed] = prepared.value();
    const auto affected =
        affected_nodes(own.graph, own.groups, removed, left == nullptr ? LayerMaps{} : left->maps);
    for (std::size_t n = 0; n < affected.size(); ++n) {
      if (affected[n]) names.insert(own.graph.nodes[n].name);
    }
  }
  std::vector<bool> any;
  for (const Node& node : body.graph.nodes) any.push_back(names.contains(node.name));
  return any;
}

Result<Coordinates> fp32_coordinates(const ElasticBody& body, const UnitOrders& orders,
                                     const std::vector<PoolPlan>& plans, std::size_t knots,
                                     const torch::Tensor& images) {
  const auto affected = affected_by_any(body, orders, plans);
  if (!affected) return affected.error();
  return Coordinates::make(body, affected.value(), knots, samples_of(images));
}

Result<Coordinates> int8_coordinates(const ElasticBody& body, const torch::Tensor& images) {
  return Coordinates::make(body, std::vector<bool>(body.graph.nodes.size(), true), 1,
                           samples_of(images), activations_of(body.graph));
}

}  // namespace pare::engine
