#include <algorithm>

#include "engine/prune/constant_edits.h"
#include "engine/prune/kernel_taps.h"
#include "engine/prune/layer_inputs.h"
#include "engine/prune/layer_map.h"
#include "engine/prune/linear_layer.h"
#include "engine/prune/ridge_fit.h"

namespace pare::engine {
namespace {

std::int64_t side_of(const Graph& graph, const Node& node) {
  return graph.constants.at(node.inputs[kWeightInput]).shape()[2];
}

// Columns of a window of `kernel` that one of `size` in its middle keeps, and the bias's.
std::vector<Eigen::Index> middle_columns(std::int64_t channels, std::int64_t kernel,
                                         std::int64_t size) {
  const std::int64_t ring = (kernel - size) / 2;
  std::vector<Eigen::Index> kept;
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t y = ring; y < kernel - ring; ++y) {
      for (std::int64_t x = ring; x < kernel - ring; ++x) {
        kept.push_back((c * kernel + y) * kernel + x);
      }
    }
  }
  kept.push_back(channels * kernel * kernel);
  return kept;
}

// A row for each output, of the taps that stay and the bias.  Rows share their inputs.
Eigen::MatrixXd fit_rows(const Eigen::MatrixXd& before, const Eigen::MatrixXd& gram,
                         const std::vector<Eigen::Index>& kept, double ridge) {
  const Moments moments{gram(kept, kept), before * gram(Eigen::all, kept)};
  return ridge_fit(before(Eigen::all, kept), moments, ridge);
}

Error unknown(const Node& node) {
  return {ErrorCode::kInvalidArgument,
          "the statistics know nothing of the kernel of layer " + node.name + ": prepare anew"};
}

// What tells a layer's taps from each other.
struct KernelMoments {
  Eigen::MatrixXd weights;             // as they are
  std::vector<Eigen::MatrixXd> grams;  // one for all rows, or one for each
  std::vector<Eigen::Index> kept;

  LayerMap fitted(const std::vector<Eigen::MatrixXd>& rows, double ridge) const {
    LayerMap out;
    for (std::size_t i = 0; i < grams.size(); ++i) {
      out.push_back(fit_rows(rows[i], grams[i], kept, ridge));
    }
    return out;
  }
};

Result<KernelMoments> moments_of(const Graph& graph, const ElasticKernel& kernel, int size,
                                 const Statistics& statistics) {
  const Node& node = graph.nodes[kernel.node];
  auto weights = conv_matrix(graph, node);
  if (!weights) return weights.error();
  const Shape& shape = graph.constants.at(node.inputs[kWeightInput]).shape();
  KernelMoments taps{std::move(weights).value(), {}, middle_columns(shape[1], shape[2], size)};
  if (!kernel.depthwise) {
    const auto gram = statistics.find(node.name, static_cast<int>(taps.weights.cols()));
    if (!gram) return gram.error();
    taps.grams = {dense(*gram.value())};
    return taps;
  }
  const auto moments = statistics.taps.find(node.name);
  const std::int64_t channels = int_attribute(node, "group", 1);
  if (moments == statistics.taps.end() || moments->second.size != taps.weights.cols() ||
      moments->second.channels() != channels) {
    return unknown(node);
  }
  const std::int64_t multiplier = taps.weights.rows() / channels;
  for (std::int64_t row = 0; row < taps.weights.rows(); ++row) {
    taps.grams.push_back(dense(moments->second.of_channel(row / multiplier)));
  }
  return taps;
}

Eigen::MatrixXd fit_weights(const KernelMoments& taps, double ridge) {
  std::vector<Eigen::MatrixXd> rows;
  if (taps.grams.size() == 1) return taps.fitted({taps.weights}, ridge)[0];
  for (Eigen::Index r = 0; r < taps.weights.rows(); ++r) rows.emplace_back(taps.weights.row(r));
  Eigen::MatrixXd after(taps.weights.rows(), std::ssize(taps.kept));
  const LayerMap fitted = taps.fitted(rows, ridge);
  for (Eigen::Index r = 0; r < after.rows(); ++r) {
    after.row(r) = fitted[static_cast<std::size_t>(r)];
  }
  return after;
}

// The window by `rings` smaller on every side.
void shrink_window(Node& node, std::int64_t size, std::int64_t rings, const ConvWindow& window,
                   const Shape& made) {
  const std::int64_t top = window.top - rings * window.dilation_y;
  const std::int64_t left = window.left - rings * window.dilation_x;
  const auto behind = [&](std::int64_t out, std::int64_t stride, std::int64_t dilation,
                          std::int64_t in, std::int64_t front) {
    return std::max<std::int64_t>(0, (out - 1) * stride + (size - 1) * dilation + 1 - in - front);
  };
  node.attributes["pads"] = std::vector<std::int64_t>{
      top, left, behind(made[2], window.stride_y, window.dilation_y, window.in_height, top),
      behind(made[3], window.stride_x, window.dilation_x, window.in_width, left)};
  node.attributes["kernel_shape"] = std::vector<std::int64_t>{size, size};
  node.attributes.erase("auto_pad");
}

}  // namespace

Result<ShrunkKernels> shrink_kernels(const Graph& graph, const Observation& observed,
                                     const Statistics& statistics,
                                     const std::vector<ElasticKernel>& kernels,
                                     const KernelSizes& sizes, const ReconstructOptions& options) {
  ShrunkKernels result{graph, statistics};
  ConstantEdits edits;
  for (const ElasticKernel& kernel : kernels) {
    const Node& before = graph.nodes[kernel.node];
    const auto size = sizes.find(before.name);
    if (size == sizes.end()) continue;
    const auto taps = moments_of(graph, kernel, size->second, statistics);
    if (!taps) return taps.error();
    const auto facts = facts_of(before, graph, observed);
    if (!facts) return facts.error();
    const auto window = window_of(before, facts.value().input_shapes[0],
                                  facts.value().input_shapes[1], facts.value().output_shapes[0]);
    if (!window) return window.error();
    const std::int64_t kernel_before = side_of(graph, before);
    shrink_window(result.graph.nodes[kernel.node], size->second, (kernel_before - size->second) / 2,
                  window.value(), facts.value().output_shapes[0]);
    LayerConstants constants =
        kernel_constants(fit_weights(taps.value(), options.ridge), graph, before, size->second);
    edits.set(kernel.node, kWeightInput, std::move(constants.weights));
    edits.set(kernel.node, kBiasInput, std::move(constants.bias));
    result.statistics.taps.erase(before.name);
    if (kernel.depthwise) continue;
    const Gram& gram = statistics.grams.at(statistics.gram_of.at(before.name));
    const auto& kept = taps.value().kept;
    const std::string key = "middle " + std::to_string(size->second) + " " + before.name;
    result.statistics.grams[key] = packed(taps.value().grams[0](kept, kept), gram.positions);
    result.statistics.gram_of[before.name] = key;
  }
  edits.apply(result.graph);
  remove_unread_constants(result.graph);
  return result;
}

Result<LayerMaps> kernel_maps(const Graph& graph, const Statistics& statistics,
                              const std::vector<ElasticKernel>& kernels, const KernelSizes& sizes,
                              const ReconstructOptions& options) {
  LayerMaps maps;
  for (const ElasticKernel& kernel : kernels) {
    const std::string& name = graph.nodes[kernel.node].name;
    const auto size = sizes.find(name);
    if (size == sizes.end()) continue;
    const auto taps = moments_of(graph, kernel, size->second, statistics);
    if (!taps) return taps.error();
    const Eigen::Index inputs = taps.value().weights.cols();
    const std::vector<Eigen::MatrixXd> rows(taps.value().grams.size(),
                                            Eigen::MatrixXd::Identity(inputs, inputs));
    maps[name] = taps.value().fitted(rows, options.ridge);
  }
  return maps;
}

}  // namespace pare::engine
