#include "engine/prune/elastic_layer.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <string>

#include "engine/prune/layer_inputs.h"
#include "engine/prune/linear_layer.h"
#include "engine/prune/ridge_fit.h"

namespace pare::engine {
namespace {

const Cut* consuming_cut_of(const Groups& groups, std::size_t n) {
  const auto cut = std::ranges::find(groups.cuts[n], CutRole::kConsumes, &Cut::role);
  return cut == groups.cuts[n].end() ? nullptr : &*cut;
}

// The cut that drops rows of a convolution's weights.
const Cut* row_cut_of(const Groups& groups, std::size_t n) {
  for (const Cut& cut : groups.cuts[n]) {
    const bool drops_rows = cut.role == CutRole::kProduces || cut.role == CutRole::kCarries;
    if (cut.input == static_cast<int>(kWeightInput) && drops_rows) return &cut;
  }
  return nullptr;
}

}  // namespace

bool is_elastic_layer(const Graph& graph, const Node& node) {
  if (!node.domain.empty() || node.op != "Conv" || node.inputs.size() <= kWeightInput) return false;
  const auto weights = graph.constants.find(node.inputs[kWeightInput]);
  if (weights == graph.constants.end() || weights->second.dtype() != DType::kFloat32) return false;
  // Columns of several groups go without a repair: there is no map to correct.
  return int_attribute(node, "group", 1) == 1 || weights->second.shape()[1] == 1;
}

Result<std::optional<Whitening>> whitening_of(const Graph& graph, const Groups& groups,
                                              std::size_t n, const Statistics& statistics) {
  const std::string& name = graph.nodes[n].name;
  if (consuming_cut_of(groups, n) == nullptr || !statistics.gram_of.contains(name)) {
    return std::optional<Whitening>{};
  }
  const auto layer = linear_layer(graph, groups, n);
  if (!layer) return layer.error();
  const auto gram = statistics.find(name, static_cast<int>(layer.value().weights.cols()));
  if (!gram) return gram.error();
  return std::optional(whiten(layer.value().weights, dense(*gram.value())));
}

Result<LayerInPlan> layer_in_plan(const Graph& graph, const Groups& groups, std::size_t n,
                                  const RemovedUnits& removed, const Statistics& statistics,
                                  const ReconstructOptions& options) {
  LayerInPlan layer;
  if (const Cut* const rows = row_cut_of(groups, n)) {
    for (std::size_t r = 0; r < rows->symbols.size(); ++r) {
      if (!removed[rows->symbols[r]]) layer.rows.push_back(static_cast<std::int64_t>(r));
    }
  } else {
    const Tensor& weights = graph.constants.at(graph.nodes[n].inputs[kWeightInput]);
    layer.rows.resize(static_cast<std::size_t>(weights.shape()[0]));
    std::iota(layer.rows.begin(), layer.rows.end(), 0);
  }
  if (!loses_inputs(groups.cuts[n], removed)) return layer;
  const auto read = linear_layer(graph, groups, n);
  if (!read) return read.error();
  const Eigen::Index inputs = read.value().weights.cols();
  const auto gram = statistics.find(graph.nodes[n].name, static_cast<int>(inputs));
  if (!gram) return gram.error();
  const Eigen::MatrixXd g = dense(*gram.value());
  const std::vector<Eigen::Index> kept = columns_that_stay(read.value(), removed);
  const Eigen::MatrixXd stay = Eigen::MatrixXd::Identity(inputs, inputs)(Eigen::all, kept);
  layer.repair = ridge_fit(stay, {g(kept, kept), g(Eigen::all, kept)}, options.ridge);
  return layer;
}

std::vector<bool> affected_nodes(const Graph& graph, const Groups& groups,
                                 const RemovedUnits& removed, const LayerMaps& maps) {
  std::set<std::string> changed;
  std::vector<bool> affected;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    affected.push_back(changes_output(groups, n, removed) || maps.contains(node.name) ||
                       std::ranges::any_of(node.inputs, [&](const std::string& input) {
                         return changed.contains(input);
                       }));
    if (affected.back()) changed.insert(node.outputs.begin(), node.outputs.end());
  }
  return affected;
}

}  // namespace pare::engine
