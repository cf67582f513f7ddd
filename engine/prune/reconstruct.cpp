#include "engine/prune/reconstruct.h"

#include "engine/prune/constant_edits.h"
#include "engine/prune/linear_layer.h"
#include "engine/prune/ridge_fit.h"

namespace pare::engine {
namespace {

void repair(LinearLayer& layer, const Eigen::MatrixXd& gram, const std::vector<Eigen::Index>& kept,
            double ridge) {
  const Eigen::MatrixXd columns = gram(Eigen::all, kept);
  const Moments moments{gram(kept, kept), layer.weights * columns};
  const Eigen::MatrixXd stay = layer.weights(Eigen::all, kept);
  layer.weights.setZero();
  layer.weights(Eigen::all, kept) = ridge_fit(stay, moments, ridge);
}

}  // namespace

Result<Graph> reconstruct(const Graph& graph, const Groups& groups, const RemovedUnits& removed,
                          const Statistics& statistics, const ReconstructOptions& options) {
  Graph repaired = graph;
  ConstantEdits edits;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!loses_inputs(groups.cuts[n], removed)) continue;
    Result<LinearLayer> read = linear_layer(graph, groups, n);
    if (!read) return read.error();
    LinearLayer layer = std::move(read).value();
    const Result<const Gram*> gram =
        statistics.find(graph.nodes[n].name, static_cast<int>(layer.weights.cols()));
    if (!gram) return gram.error();
    repair(layer, dense(*gram.value()), columns_that_stay(layer, removed), options.ridge);
    LayerConstants constants = layer_constants(layer, graph, groups, n);
    edits.set(n, 1, std::move(constants.weights));
    edits.set(n, 2, std::move(constants.bias));
  }
  edits.apply(repaired);
  return repaired;
}

}  // namespace pare::engine
