#include "engine/pipeline/elastic_parts.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/ops/all_ops.h"
#include "engine/pipeline/prepare.h"
#include "engine/prune/without_parts.h"

namespace pare::engine {
namespace {

Shortened without_first(const Detector& detector, const SkipStage& stage, std::size_t blocks) {
  return without_blocks(detector.body, detector.observed, {stage},
                        SkipLevels{static_cast<int>(blocks)});
}

std::set<std::string> layer_names(const Graph& graph) {
  std::set<std::string> names;
  for (const Node& node : graph.nodes) {
    if (is_layer(node)) names.insert(node.name);
  }
  return names;
}

std::vector<std::string> gone_from(const std::set<std::string>& before,
                                   const std::set<std::string>& after) {
  std::vector<std::string> gone;
  std::ranges::set_difference(before, after, std::back_inserter(gone));
  return gone;
}

// Of what is left of `layers`: whose convolutions went, went.
std::vector<std::string> groups_without(const Detector& detector,
                                        const std::set<std::string>& layers,
                                        std::set<std::string>& known) {
  std::vector<std::string> gone;
  for (const Group& group : detector.groups.groups) {
    const bool is_left = std::ranges::any_of(group.producers, [&](std::size_t n) {
      return layers.contains(detector.body.nodes[n].name);
    });
    if (!is_left && known.insert(group.name).second) gone.push_back(group.name);
  }
  return gone;
}

DepthStage summary_of(const Detector& detector, const SkipStage& stage) {
  DepthStage out;
  std::set<std::string> before = layer_names(detector.body), gone_groups;
  for (std::size_t k = 0; k < stage.blocks.size(); ++k) {
    std::set<std::string> after = layer_names(without_first(detector, stage, k + 1).graph);
    out.blocks.push_back({stage.blocks[k].name, gone_from(before, after),
                          groups_without(detector, after, gone_groups)});
    before = std::move(after);
  }
  return out;
}

// The histogram of a tensor of the reduced network: of what it holds now.
Result<ActivationHistogram> histogram_of(
    const TensorFile& file, const Plan& plan,
    const std::map<std::string, std::vector<std::string>>& joined, const std::string& tensor) {
  const auto parts = joined.find(tensor);
  if (parts == joined.end()) return find_histogram(file, plan.height, plan.width, tensor);
  std::vector<ActivationHistogram> histograms;
  for (const std::string& part : parts->second) {
    auto one = histogram_of(file, plan, joined, part);
    if (!one) return one.error();
    histograms.push_back(std::move(one).value());
  }
  return ActivationHistogram::joined(histograms);
}

Result<std::monostate> join_histograms(
    const Plan& plan, const std::map<std::string, std::vector<std::string>>& joined,
    const TensorFile& from, TensorFile& into) {
  for (const auto& [tensor, parts] : joined) {
    const auto histogram = histogram_of(from, plan, joined, tensor);
    if (!histogram && histogram.error().code != ErrorCode::kNotFound) return histogram.error();
    store_histogram(histogram, plan.height, plan.width, tensor, into);
  }
  return std::monostate{};
}

bool has_group(const Detector& detector, const std::string& name) {
  return std::ranges::find(detector.groups.groups, name, &Group::name) !=
         detector.groups.groups.end();
}

}  // namespace

Result<ElasticParts> elastic_parts(const Detector& detector) {
  auto stages = offered_stages(detector.body, detector.observed, all_ops(), detector.groups);
  if (!stages) return stages.error();
  return ElasticParts{std::move(stages).value(),
                      find_elastic_kernels(detector.body, detector.observed, detector.groups)};
}

void summarize(const Detector& detector, const ElasticParts& parts, ModelSummary& summary) {
  for (const SkipStage& stage : parts.stages) {
    summary.stages.push_back(summary_of(detector, stage));
  }
  for (const ElasticKernel& kernel : parts.kernels) {
    summary.kernels.push_back({detector.body.nodes[kernel.node].name, kernel.sizes});
  }
}

Result<std::monostate> add_parts(const Detector& detector, const ElasticParts& parts,
                                 const UnitOrders& orders, WidthCosts& costs) {
  for (const SkipStage& stage : parts.stages) {
    std::vector<WidthCosts> levels;
    for (std::size_t k = 0; k < stage.blocks.size(); ++k) {
      const Shortened less = without_first(detector, stage, k + 1);
      const auto groups = find_groups(less.graph, less.observed, all_ops());
      if (!groups) return groups.error();
      UnitOrders left;
      for (const Group& group : groups.value().groups) left[group.name] = orders.at(group.name);
      auto level = WidthCosts::make(less.graph, less.observed, all_ops(), groups.value(), left);
      if (!level) return level.error();
      levels.push_back(std::move(level).value());
    }
    costs.add_stage(levels);
  }
  for (const ElasticKernel& kernel : parts.kernels) {
    const Node& node = detector.body.nodes[kernel.node];
    const Shape& weights = detector.body.constants.at(node.inputs[1]).shape();
    costs.add_kernel(node.name, static_cast<int>(weights[2]));
  }
  return std::monostate{};
}

Result<Reduced> reduce(const Detector& detector, const TensorFile& statistics, const Plan& plan) {
  Reduced reduced{detector, statistics, plan};
  if (plan.skip.empty() && plan.kernels.empty()) return reduced;
  const auto loaded = load_statistics(statistics);
  if (!loaded) return loaded.error();
  auto made = without_parts(detector.body, detector.observed, detector.groups, loaded.value(),
                            all_ops(), {plan.skip, plan.kernels});
  if (!made) return made.error();
  WithoutParts left = std::move(made).value();
  if (plan.quantization) {
    const auto done = join_histograms(plan, left.joined, statistics, reduced.statistics);
    if (!done) return done.error();
  }
  store(left.statistics, reduced.statistics);
  reduced.detector.body = std::move(left.graph);
  reduced.detector.observed = std::move(left.observed);
  reduced.detector.groups = std::move(left.groups);
  reduced.plan.skip.clear();
  reduced.plan.kernels.clear();
  std::erase_if(reduced.plan.widths, [&](const auto& width) {
    return has_group(detector, width.first) && !has_group(reduced.detector, width.first);
  });
  std::erase_if(reduced.plan.layers, [&](const auto& layer) {
    return find_node(detector.body, layer.first) != nullptr &&
           find_node(reduced.detector.body, layer.first) == nullptr;
  });
  return reduced;
}

}  // namespace pare::engine
