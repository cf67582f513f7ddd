#include <algorithm>

#include "engine/prune/constant_edits.h"
#include "engine/prune/kernel_taps.h"
#include "engine/prune/layer_inputs.h"
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

Result<Eigen::MatrixXd> fit_depthwise(const Node& node, const Eigen::MatrixXd& before,
                                      const Statistics& statistics,
                                      const std::vector<Eigen::Index>& kept, double ridge) {
  const auto moments = statistics.taps.find(node.name);
  const std::int64_t channels = int_attribute(node, "group", 1);
  if (moments == statistics.taps.end() || moments->second.size != before.cols() ||
      moments->second.channels() != channels) {
    return unknown(node);
  }
  const std::int64_t multiplier = before.rows() / channels;
  Eigen::MatrixXd fitted(before.rows(), std::ssize(kept));
  for (std::int64_t c = 0; c < channels; ++c) {
    fitted.middleRows(c * multiplier, multiplier) =
        fit_rows(before.middleRows(c * multiplier, multiplier),
                 dense(moments->second.of_channel(c)), kept, ridge);
  }
  return fitted;
}

Result<Eigen::MatrixXd> fit_kernel(const Graph& graph, const ElasticKernel& kernel, int size,
                                   const Statistics& statistics,
                                   const ReconstructOptions& options) {
  const Node& node = graph.nodes[kernel.node];
  const auto before = conv_matrix(graph, node);
  if (!before) return before.error();
  const Shape& shape = graph.constants.at(node.inputs[kWeightInput]).shape();
  const auto kept = middle_columns(shape[1], shape[2], size);
  if (kernel.depthwise) {
    return fit_depthwise(node, before.value(), statistics, kept, options.ridge);
  }
  const auto gram = statistics.find(node.name, static_cast<int>(before.value().cols()));
  if (!gram) return gram.error();
  return fit_rows(before.value(), dense(*gram.value()), kept, options.ridge);
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
    const auto fit = fit_kernel(graph, kernel, size->second, statistics, options);
    if (!fit) return fit.error();
    const auto facts = facts_of(before, graph, observed);
    if (!facts) return facts.error();
    const auto window = window_of(before, facts.value().input_shapes[0],
                                  facts.value().input_shapes[1], facts.value().output_shapes[0]);
    if (!window) return window.error();
    const std::int64_t kernel_before = side_of(graph, before);
    shrink_window(result.graph.nodes[kernel.node], size->second, (kernel_before - size->second) / 2,
                  window.value(), facts.value().output_shapes[0]);
    LayerConstants constants = kernel_constants(fit.value(), graph, before, size->second);
    edits.set(kernel.node, kWeightInput, std::move(constants.weights));
    edits.set(kernel.node, kBiasInput, std::move(constants.bias));
    result.statistics.taps.erase(before.name);
    if (kernel.depthwise) continue;
    const Gram& gram = statistics.grams.at(statistics.gram_of.at(before.name));
    const Shape& shape = graph.constants.at(before.inputs[kWeightInput]).shape();
    const auto kept = middle_columns(shape[1], kernel_before, size->second);
    const std::string key = "middle " + std::to_string(size->second) + " " + before.name;
    result.statistics.grams[key] = packed(dense(gram)(kept, kept), gram.positions);
    result.statistics.gram_of[before.name] = key;
  }
  edits.apply(result.graph);
  remove_unread_constants(result.graph);
  return result;
}

}  // namespace pare::engine
