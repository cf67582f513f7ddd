#include "engine/prune/reconstruct.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <limits>

#include "engine/prune/constant_edits.h"
#include "engine/prune/linear_layer.h"

namespace pare::engine {
namespace {

// The bias is the last column and always stays.
std::vector<Eigen::Index> columns_that_stay(const LinearLayer& layer, const RemovedUnits& removed) {
  std::vector<Eigen::Index> kept;
  for (std::size_t c = 0; c < layer.symbols.size(); ++c) {
    if (!removed[layer.symbols[c]]) kept.push_back(static_cast<Eigen::Index>(c));
  }
  kept.push_back(std::ssize(layer.symbols));
  return kept;
}

// W_S = (W G_:S + W_S L) (G_SS + L)^-1 with L diagonal: the ridge, 0 for the bias.
void repair(LinearLayer& layer, const Eigen::MatrixXd& gram, const std::vector<Eigen::Index>& kept,
            double ridge) {
  const Eigen::Index inputs = gram.cols() - 1;
  const double lambda =
      ridge * gram.diagonal().head(inputs).mean() + std::numeric_limits<float>::min();
  Eigen::VectorXd diagonal = Eigen::VectorXd::Constant(std::ssize(kept), lambda);
  diagonal(diagonal.size() - 1) = 0;

  const Eigen::MatrixXd stay = layer.weights(Eigen::all, kept);
  const Eigen::MatrixXd columns = gram(Eigen::all, kept);
  Eigen::MatrixXd left = gram(kept, kept);
  left.diagonal() += diagonal;
  Eigen::MatrixXd right = layer.weights * columns;
  right.noalias() += stay * diagonal.asDiagonal();
  const Eigen::MatrixXd solved = left.llt().solve(right.transpose()).transpose();
  layer.weights.setZero();
  layer.weights(Eigen::all, kept) = solved;
}

bool loses_inputs(const std::vector<Cut>& cuts, const RemovedUnits& removed) {
  return std::ranges::any_of(cuts, [&](const Cut& cut) {
    return cut.role == CutRole::kConsumes &&
           std::ranges::any_of(cut.symbols, [&](Symbol s) { return removed[s]; });
  });
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
