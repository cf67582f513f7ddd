#include "engine/prune/linear_layer.h"

#include <algorithm>
#include <map>

#include "engine/prune/layer_inputs.h"

namespace pare::engine {
namespace {

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

const Cut& consuming_cut(const Groups& groups, std::size_t n) {
  return *std::ranges::find(groups.cuts[n], CutRole::kConsumes, &Cut::role);
}

// Conv and Gemm with transB have a row for each output; Gemm without has a column.
bool is_turned(const Cut& cut) {
  return cut.axis == 0;
}

// A row for each output, the bias in the last column.
Result<Eigen::MatrixXd> weight_matrix(const Graph& graph, const Node& node, bool turned) {
  const Result<std::span<const float>> values = fp32_constant(graph, node, kWeightInput);
  if (!values) return values.error();
  const Shape& shape = graph.constants.find(node.inputs[kWeightInput])->second.shape();
  const Eigen::Index outputs = turned ? shape[1] : shape[0];
  const Eigen::Index inputs = element_count(shape) / outputs;
  const Eigen::Map<const RowMajor> stored(values.value().data(), turned ? inputs : outputs,
                                          turned ? outputs : inputs);
  Eigen::MatrixXd weights(outputs, inputs + 1);
  if (turned) {
    weights.leftCols(inputs) = stored.transpose().cast<double>();
  } else {
    weights.leftCols(inputs) = stored.cast<double>();
  }
  weights.col(inputs).setZero();
  if (kBiasInput < node.inputs.size() && !node.inputs[kBiasInput].empty()) {
    const Result<std::span<const float>> bias = fp32_constant(graph, node, kBiasInput);
    if (!bias) return bias.error();
    const std::span<const float> b = bias.value();
    for (Eigen::Index o = 0; o < outputs; ++o) {
      weights(o, inputs) = b[b.size() == 1 ? 0 : static_cast<std::size_t>(o)];
    }
  }
  return weights;
}

// A matrix of `shape` and a bias.
LayerConstants constants_of(RowMajor weights, const Eigen::VectorXf& bias, const Shape& shape) {
  const std::span<const float> weight_values(weights.data(),
                                             static_cast<std::size_t>(weights.size()));
  const std::span<const float> bias_values(bias.data(), static_cast<std::size_t>(bias.size()));
  return {Tensor::of<float>(shape, weight_values), Tensor::of<float>({bias.size()}, bias_values)};
}

}  // namespace

Result<std::span<const float>> fp32_constant(const Graph& graph, const Node& node,
                                             std::size_t input) {
  const auto found = graph.constants.find(node.inputs[input]);
  if (found == graph.constants.end() || found->second.dtype() != DType::kFloat32) {
    return Error{ErrorCode::kUnsupported,
                 node.op + " " + node.name + ": " + node.inputs[input] +
                     (found == graph.constants.end()
                          ? " is no constant of the graph"
                          : " holds " + std::string(name_of(found->second.dtype()))) +
                     ", float32 weights are needed"};
  }
  return found->second.values<float>();
}

Result<LinearLayer> linear_layer(const Graph& graph, const Groups& groups, std::size_t n) {
  const Node& node = graph.nodes[n];
  const Cut& cut = consuming_cut(groups, n);
  auto weights = weight_matrix(graph, node, is_turned(cut));
  if (!weights) return weights.error();
  LinearLayer layer{std::move(weights).value(), {}};
  const Eigen::Index inputs = layer.weights.cols() - 1;
  const auto kernel = static_cast<std::size_t>(inputs) / cut.symbols.size();
  for (const Symbol symbol : cut.symbols) layer.symbols.insert(layer.symbols.end(), kernel, symbol);
  return layer;
}

std::vector<std::vector<Eigen::Index>> columns_by_unit(const LinearLayer& layer,
                                                       const Group& group) {
  std::map<Symbol, std::size_t> place;
  for (std::size_t u = 0; u < group.units.size(); ++u) place[group.units[u]] = u;
  std::vector<std::vector<Eigen::Index>> columns(group.units.size());
  for (std::size_t c = 0; c < layer.symbols.size(); ++c) {
    const auto unit = place.find(layer.symbols[c]);
    if (unit != place.end()) columns[unit->second].push_back(static_cast<Eigen::Index>(c));
  }
  return columns;
}

std::vector<Eigen::Index> columns_that_stay(const LinearLayer& layer, const RemovedUnits& removed) {
  std::vector<Eigen::Index> kept;
  for (std::size_t c = 0; c < layer.symbols.size(); ++c) {
    if (!removed[layer.symbols[c]]) kept.push_back(static_cast<Eigen::Index>(c));
  }
  kept.push_back(std::ssize(layer.symbols));
  return kept;
}

bool loses_inputs(const std::vector<Cut>& cuts, const RemovedUnits& removed) {
  return std::ranges::any_of(cuts, [&](const Cut& cut) {
    return cut.role == CutRole::kConsumes &&
           std::ranges::any_of(cut.symbols, [&](Symbol s) { return removed[s]; });
  });
}

bool changes_output(const Groups& groups, std::size_t n, const RemovedUnits& removed) {
  const auto goes = [&](Symbol s) { return removed[s]; };
  return std::ranges::any_of(
             groups.cuts[n],
             [&](const Cut& cut) {
               return (cut.role == CutRole::kConsumes || cut.role == CutRole::kReads) &&
                      std::ranges::any_of(cut.symbols, goes);
             }) ||
         std::ranges::any_of(groups.contractions[n], [&](const Contraction& read) {
           return std::ranges::any_of(read.symbols, goes);
         });
}

LayerConstants layer_constants(const LinearLayer& layer, const Graph& graph, const Groups& groups,
                               std::size_t n) {
  const Eigen::Index inputs = layer.weights.cols() - 1;
  RowMajor weights = layer.weights.leftCols(inputs).cast<float>();
  if (is_turned(consuming_cut(groups, n))) weights = RowMajor(weights.transpose());
  const Shape& shape = graph.constants.find(graph.nodes[n].inputs[kWeightInput])->second.shape();
  return constants_of(std::move(weights), layer.weights.col(inputs).cast<float>(), shape);
}

Result<Eigen::MatrixXd> conv_matrix(const Graph& graph, const Node& node) {
  return weight_matrix(graph, node, false);
}

LayerConstants conv_constants(const Eigen::MatrixXd& matrix, const Graph& graph, const Node& node) {
  Shape shape = graph.constants.find(node.inputs[kWeightInput])->second.shape();
  const Eigen::Index inputs = matrix.cols() - 1;
  shape[1] = inputs / (shape[2] * shape[3]);
  return constants_of(matrix.leftCols(inputs).cast<float>(), matrix.col(inputs).cast<float>(),
                      shape);
}

LayerConstants kernel_constants(const Eigen::MatrixXd& matrix, const Graph& graph, const Node& node,
                                std::int64_t size) {
  Shape shape = graph.constants.find(node.inputs[kWeightInput])->second.shape();
  shape[2] = shape[3] = size;
  const Eigen::Index inputs = matrix.cols() - 1;
  return constants_of(matrix.leftCols(inputs).cast<float>(), matrix.col(inputs).cast<float>(),
                      shape);
}

Eigen::MatrixXd dense(const Gram& gram) {
  Eigen::MatrixXd matrix(gram.size, gram.size);
  auto value = gram.triangle.begin();
  for (Eigen::Index i = 0; i < gram.size; ++i) {
    for (Eigen::Index j = i; j < gram.size; ++j) {
      matrix(i, j) = matrix(j, i) = static_cast<double>(*value++);
    }
  }
  return matrix;
}

Gram packed(const Eigen::MatrixXd& matrix, std::int64_t positions) {
  Gram gram{static_cast<int>(matrix.rows()), positions, {}};
  gram.triangle.reserve(static_cast<std::size_t>(matrix.rows() * (matrix.rows() + 1) / 2));
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    for (Eigen::Index j = i; j < matrix.rows(); ++j) {
      gram.triangle.push_back(static_cast<float>(matrix(i, j)));
    }
  }
  return gram;
}

}  // namespace pare::engine
