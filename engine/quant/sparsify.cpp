#include "engine/quant/sparsify.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include "engine/quant/column_sweep.h"

namespace pare::engine {
namespace {

using Mask = Eigen::Matrix<bool, Eigen::Dynamic, Eigen::Dynamic>;  // true: the weight stays

constexpr Eigen::Index kBlock = 128;  // inputs that are looked at together where zeros are anywhere

// By place in the kernel, then by channel: the channels of a block of N:M stand side by side.
Eigen::VectorXi by_place(std::int64_t channels, std::int64_t places) {
  Eigen::VectorXi order(channels * places);
  for (std::int64_t place = 0; place < places; ++place) {
    for (std::int64_t c = 0; c < channels; ++c) {
      order[place * channels + c] = static_cast<int>(c * places + place);
    }
  }
  return order;
}

// Chooses what goes among the columns of one block; `cost` is outputs x columns of the block.
void keep_dearest_of_each_row(const Eigen::MatrixXd& cost, Eigen::Index keep, Eigen::Index first,
                              Mask& stays) {
  std::vector<Eigen::Index> columns(static_cast<std::size_t>(cost.cols()));
  for (Eigen::Index o = 0; o < cost.rows(); ++o) {
    std::iota(columns.begin(), columns.end(), 0);
    std::ranges::stable_sort(columns, std::ranges::greater{},
                             [&](Eigen::Index c) { return cost(o, c); });
    for (const Eigen::Index c : std::span(columns).subspan(static_cast<std::size_t>(keep))) {
      stays(o, first + c) = false;
    }
  }
}

void keep_dearest_of_all(const Eigen::MatrixXd& cost, int percent, Eigen::Index first,
                         Mask& stays) {
  std::vector<Eigen::Index> places(static_cast<std::size_t>(cost.size()));
  std::iota(places.begin(), places.end(), 0);
  const auto go = static_cast<std::ptrdiff_t>(places.size()) * percent / 100;
  std::ranges::stable_sort(
      places, {}, [&](Eigen::Index at) { return cost(at % cost.rows(), at / cost.rows()); });
  for (const Eigen::Index at : std::span(places).first(static_cast<std::size_t>(go))) {
    stays(at % cost.rows(), first + at / cost.rows()) = false;
  }
}

// The columns of the block that begins there; none: no block does.
class Blocks {
 public:
  Blocks(const Sparsity& sparsity, Eigen::Index channels, Eigen::Index inputs)
      : sparsity_(sparsity), channels_(channels), inputs_(inputs) {}

  Eigen::Index width_at(Eigen::Index column) const {
    if (sparsity_.of == 0) {
      return column % kBlock == 0 ? std::min(kBlock, inputs_ - column) : 0;
    }
    const Eigen::Index channel = column % channels_;
    const bool whole = channel + sparsity_.of <= channels_;
    return channel % sparsity_.of == 0 && whole ? sparsity_.of : 0;
  }

  void choose(const Eigen::MatrixXd& cost, Eigen::Index first, Mask& stays) const {
    if (sparsity_.of == 0) {
      keep_dearest_of_all(cost, sparsity_.percent, first, stays);
    } else {
      keep_dearest_of_each_row(cost, sparsity_.keep, first, stays);
    }
  }

 private:
  Sparsity sparsity_;
  Eigen::Index channels_;
  Eigen::Index inputs_;
};

// Moments of inputs that know nothing of each other: a weight costs its square, and none makes up
// for another.
InputMoments unrelated(std::int64_t inputs) {
  InputMoments moments{inputs + 1, {}};
  moments.values.assign(static_cast<std::size_t>(moments.size * moments.size), 0);
  for (std::int64_t i = 0; i < moments.size; ++i) {
    moments.values[static_cast<std::size_t>(i * (moments.size + 1))] = 1;
  }
  return moments;
}

const Tensor* constant(const Graph& graph, const Node& node, std::size_t input) {
  if (node.inputs.size() <= input) return nullptr;
  const auto found = graph.constants.find(node.inputs[input]);
  return found == graph.constants.end() ? nullptr : &found->second;
}

bool has_unknown_bias(const Graph& graph, const Node& node) {
  return node.inputs.size() > 2 && !node.inputs[2].empty() && constant(graph, node, 2) == nullptr;
}

bool may_be_sparse(const Graph& graph, const Edges& edges, const Node& node,
                   const Sparsity& sparsity) {
  if (!node.domain.empty() || node.op != "Conv" || int_attribute(node, "group", 1) != 1) {
    return false;
  }
  const Tensor* const weights = constant(graph, node, 1);
  if (weights == nullptr || weights->dtype() != DType::kFloat32) return false;
  if (edges.consumers.at(node.inputs[1]).size() != 1 || has_unknown_bias(graph, node)) return false;
  if (weights->shape().size() < 3 || weights->shape()[1] < std::max(sparsity.of, 4)) return false;
  return std::ranges::all_of(weights->values<float>(), [](float w) { return std::isfinite(w); });
}

}  // namespace

Result<SparseLayer> sparsify(const Tensor& weights, const Tensor* bias, const Sparsity& sparsity,
                             const std::optional<InputMoments>& moments) {
  const std::int64_t channels = weights.shape().at(1);
  const std::int64_t inputs = weights.size() / weights.shape()[0];
  const Eigen::VectorXi order = by_place(channels, inputs / channels);
  auto begun = begin_sweep(weights, bias, moments ? *moments : unrelated(inputs), order);
  if (!begun) return begun.error();
  ColumnSweep sweep = std::move(begun).value();
  const Blocks blocks(sparsity, channels, inputs);
  Mask stays = Mask::Constant(sweep.left.rows(), inputs, true);
  std::vector<float> values(static_cast<std::size_t>(weights.size()), 0);
  replace_in_order(
      sweep,
      [&](Eigen::Index output, Eigen::Index column, double value) {
        if (!stays(output, column)) return 0.0;
        values[static_cast<std::size_t>(output * inputs + sweep.order[column])] =
            static_cast<float>(value);
        return value;
      },
      [&](Eigen::Index column, const ColumnSweep& now) {
        const Eigen::Index width = blocks.width_at(column);
        if (width == 0) return;
        const Eigen::MatrixXd cost =
            (now.left.middleCols(column, width) *
             now.factor.diagonal().segment(column, width).cwiseInverse().asDiagonal())
                .cwiseAbs2();
        blocks.choose(cost, column, stays);
      });
  return SparseLayer{Tensor::of<float>(weights.shape(), values), bias_left(sweep)};
}

Result<SparseGraph> sparsify(const Graph& graph, const Sparsity& sparsity,
                             const LayerMoments& moments) {
  SparseGraph out{graph, {}};
  const Edges edges = edges_of(graph);
  for (Node& node : out.graph.nodes) {
    if (!may_be_sparse(graph, edges, node, sparsity)) continue;
    const Tensor* const bias = constant(graph, node, 2);
    const auto kept = moments ? moments(node.name) : std::nullopt;
    auto sparse = sparsify(*constant(graph, node, 1), bias, sparsity, kept);
    if (!sparse) {
      return Error{sparse.error().code, "layer '" + node.name + "': " + sparse.error().message};
    }
    SparseLayer made = std::move(sparse).value();
    out.layers.push_back(node.name);
    out.graph.constants[node.inputs[1]] = std::move(made.weights);
    if (!kept) continue;  // the bias is what it was
    const std::string own = fresh_name(out.graph, node.name + "/bias");
    if (node.inputs.size() < 3) node.inputs.resize(3);
    node.inputs[2] = own;
    out.graph.constants[own] = std::move(made.bias);
  }
  return out;
}

}  // namespace pare::engine
