#include "engine/prune/kernel_taps.h"

#include <algorithm>
#include <random>
#include <utility>

#include "engine/prune/consumer_window.h"
#include "engine/prune/layer_inputs.h"

namespace pare::engine {
namespace {

bool mixes_channels(const std::vector<Cut>& cuts) {
  return std::ranges::find(cuts, CutRole::kConsumes, &Cut::role) != cuts.end();
}

// Padding on all four sides, whatever auto_pad said.
struct Pads {
  std::int64_t top = 0, left = 0, bottom = 0, right = 0;
};

Pads pads_of(const ConvWindow& w) {
  const auto behind = [](std::int64_t out, std::int64_t stride, std::int64_t kernel,
                         std::int64_t dilation, std::int64_t in, std::int64_t front) {
    return (out - 1) * stride + (kernel - 1) * dilation + 1 - in - front;
  };
  return {w.top, w.left,
          behind(w.out_height, w.stride_y, w.kernel_height, w.dilation_y, w.in_height, w.top),
          behind(w.out_width, w.stride_x, w.kernel_width, w.dilation_x, w.in_width, w.left)};
}

// Whether the window can lose its outer ring `rings` times and see the same places.  At the far end
// a stride may leave rows unread.
bool can_lose(const ConvWindow& w, std::int64_t rings) {
  const Pads pads = pads_of(w);
  return pads.top >= rings * w.dilation_y && pads.left >= rings * w.dilation_x &&
         pads.bottom > rings * w.dilation_y - w.stride_y &&
         pads.right > rings * w.dilation_x - w.stride_x;
}

std::vector<int> smaller_sizes(const ConvWindow& w, bool depthwise) {
  const std::int64_t k = w.kernel_height;
  std::vector<int> sizes;
  if (k != w.kernel_width || k % 2 == 0) return sizes;
  const std::int64_t least = !depthwise && k == 3 ? 1 : 3;
  for (std::int64_t size = k - 2; size >= least; size -= 2) {
    if (can_lose(w, (k - size) / 2)) sizes.push_back(static_cast<int>(size));
  }
  return sizes;
}

}  // namespace

std::vector<ElasticKernel> find_elastic_kernels(const Graph& graph, const Observation& observed,
                                                const Groups& groups) {
  std::vector<ElasticKernel> kernels;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    if (!node.domain.empty() || node.op != "Conv" || node.inputs.size() <= kWeightInput) continue;
    const auto weights = graph.constants.find(node.inputs[kWeightInput]);
    if (weights == graph.constants.end() || weights->second.dtype() != DType::kFloat32) continue;
    const auto facts = facts_of(node, graph, observed);
    if (!facts) continue;
    const auto window = window_of_consumer(node, facts.value());
    if (!window) continue;
    const std::int64_t groups_of_node = int_attribute(node, "group", 1);
    const bool depthwise = groups_of_node > 1 && weights->second.shape()[1] == 1;
    if (!depthwise && (groups_of_node > 1 || !mixes_channels(groups.cuts[n]))) continue;
    std::vector<int> sizes = smaller_sizes(window.value(), depthwise);
    if (!sizes.empty()) kernels.push_back({n, std::move(sizes), depthwise});
  }
  return kernels;
}

Result<std::monostate> check_kernels(const Graph& graph, const std::vector<ElasticKernel>& kernels,
                                     const KernelSizes& sizes) {
  for (const auto& [layer, size] : sizes) {
    const auto kernel = std::ranges::find(
        kernels, layer, [&](const ElasticKernel& k) { return graph.nodes[k.node].name; });
    if (kernel == kernels.end()) {
      return Error{ErrorCode::kInvalidArgument,
                   "the model has no layer " + layer + " whose kernel can be smaller"};
    }
    if (std::ranges::find(kernel->sizes, size) == kernel->sizes.end()) {
      return Error{ErrorCode::kInvalidArgument, "layer " + layer + " cannot have a kernel of " +
                                                    std::to_string(size) + "x" +
                                                    std::to_string(size)};
    }
  }
  return std::monostate{};
}

Result<TapCollector> TapCollector::make(const Graph& graph, const Observation& observed,
                                        const std::vector<ElasticKernel>& kernels,
                                        const GramOptions& options) {
  TapCollector collector;
  collector.options_ = options;
  for (const ElasticKernel& kernel : kernels) {
    if (!kernel.depthwise) continue;
    const Node& node = graph.nodes[kernel.node];
    const auto facts = facts_of(node, graph, observed);
    if (!facts) return facts.error();
    auto window = window_of_consumer(node, facts.value());
    if (!window) return window.error();
    Layer layer{node.name, std::move(window).value(), 0, {}, 0};
    layer.channels = std::exchange(layer.window.channels, 1);
    const std::int64_t size = layer.window.column_size() + 1;
    layer.sums.assign(static_cast<std::size_t>(layer.channels * size * (size + 1) / 2), 0);
    collector.tensors_.push_back(node.inputs[0]);
    collector.layers_.push_back(std::move(layer));
  }
  return collector;
}

void TapCollector::add(Layer& layer, std::size_t number, std::span<const float> image) const {
  std::seed_seq seed{options_.seed, images_, static_cast<std::uint64_t>(number)};
  std::mt19937_64 random(seed);
  const auto positions =
      sample_positions(layer.window.positions(), options_.positions_per_image, random);
  const auto size = static_cast<std::size_t>(layer.window.column_size());
  const std::size_t map = image.size() / static_cast<std::size_t>(layer.channels);
  std::vector<float> column(size + 1, 1);
  auto sum = layer.sums.begin();
  for (std::size_t c = 0; c < static_cast<std::size_t>(layer.channels); ++c) {
    for (const std::int64_t position : positions) {
      copy_column(layer.window, image.subspan(c * map, map), position,
                  std::span(column).first(size));
      auto at = sum;
      for (std::size_t i = 0; i <= size; ++i) {
        for (std::size_t j = i; j <= size; ++j) *at++ += double{column[i]} * column[j];
      }
    }
    sum += static_cast<std::ptrdiff_t>((size + 1) * (size + 2) / 2);
  }
  layer.positions += std::ssize(positions);
}

void TapCollector::add_image(const std::vector<Tensor>& values) {
  PARE_CHECK(values.size() == tensors_.size(), "not the tensors that were asked for");
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    add(layers_[i], i, values[i].values<float>());
  }
  ++images_;
}

void TapCollector::add_sums(TensorFile& file) const {
  for (const Layer& layer : layers_) {
    file.tensors["taps/" + layer.name] = Tensor::of<double>({std::ssize(layer.sums)}, layer.sums);
    const std::vector<std::int64_t> counts{static_cast<std::int64_t>(images_), layer.positions};
    file.tensors["taps_counts/" + layer.name] = Tensor::of<std::int64_t>({2}, counts);
  }
}

Result<std::monostate> TapCollector::go_on_from(const TensorFile& sums) {
  for (Layer& layer : layers_) {
    const auto values = sums.tensors.find("taps/" + layer.name);
    const auto counts = sums.tensors.find("taps_counts/" + layer.name);
    if (values == sums.tensors.end() || counts == sums.tensors.end() ||
        values->second.dtype() != DType::kFloat64 ||
        values->second.size() != std::ssize(layer.sums) ||
        counts->second.dtype() != DType::kInt64 || counts->second.size() != 2) {
      return Error{ErrorCode::kInvalidArgument, "the sums are of another network"};
    }
    const auto kept = values->second.values<double>();
    layer.sums.assign(kept.begin(), kept.end());
    images_ = static_cast<std::uint64_t>(counts->second.values<std::int64_t>()[0]);
    layer.positions = counts->second.values<std::int64_t>()[1];
  }
  return std::monostate{};
}

void TapCollector::finish(Statistics& statistics) const {
  for (const Layer& layer : layers_) {
    TapMoments moments{static_cast<int>(layer.window.column_size()) + 1, {}};
    moments.triangles.reserve(layer.sums.size());
    for (const double sum : layer.sums) {
      moments.triangles.push_back(static_cast<float>(sum / static_cast<double>(layer.positions)));
    }
    statistics.taps[layer.name] = std::move(moments);
  }
}

}  // namespace pare::engine
