// Source: Ding et al., "RepVGG: Making VGG-style ConvNets Great Again" (2021), section 3.3.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "engine/passes/passes.h"

namespace pare::engine {
namespace {

using Ints = std::vector<std::int64_t>;

// A convolution as numbers: out x in x kernel x kernel, and a bias.
struct Filter {
  Ints shape;  // of the weights
  std::vector<double> weights;
  std::vector<double> bias;
  std::int64_t kernel() const { return shape[2]; }
};

const Tensor* constant_of_floats(const Graph& graph, const Node& node, std::size_t input) {
  if (input >= node.inputs.size()) return nullptr;
  const auto found = graph.constants.find(node.inputs[input]);
  if (found == graph.constants.end() || found->second.dtype() != DType::kFloat32) return nullptr;
  return &found->second;
}

std::vector<double> numbers(const Tensor& tensor) {
  const auto values = tensor.values<float>();
  return {values.begin(), values.end()};
}

// Nullopt for what is not an undilated convolution with a square odd kernel, padded by half of it.
std::optional<Filter> filter_of(const Graph& graph, const Node& node) {
  const Tensor* weights = constant_of_floats(graph, node, 1);
  if (node.op != "Conv" || !node.domain.empty() || weights == nullptr) return std::nullopt;
  const Shape& shape = weights->shape();
  if (shape.size() != 4 || shape[2] != shape[3] || shape[2] % 2 == 0) return std::nullopt;
  const std::int64_t half = shape[2] / 2;
  const bool plain = ints_attribute(node, "pads", {0, 0, 0, 0}) == Ints{half, half, half, half} &&
                     ints_attribute(node, "dilations", {1, 1}) == Ints{1, 1} &&
                     string_attribute(node, "auto_pad", "NOTSET") == "NOTSET";
  if (!plain) return std::nullopt;
  Filter filter{shape, numbers(*weights),
                std::vector<double>(static_cast<std::size_t>(shape[0]), 0.0)};
  if (node.inputs.size() > 2 && !node.inputs[2].empty()) {
    const Tensor* bias = constant_of_floats(graph, node, 2);
    if (bias == nullptr || bias->size() != shape[0]) return std::nullopt;
    filter.bias = numbers(*bias);
  }
  return filter;
}

// As a 1 x 1 convolution of these groups; nullopt where it makes other channels than it reads.
std::optional<Filter> identity_like(const Filter& other, std::int64_t groups) {
  const std::int64_t out = other.shape[0];
  const std::int64_t in = other.shape[1];
  if (groups < 1 || in * groups != out) return std::nullopt;
  Filter same{{out, in, 1, 1},
              std::vector<double>(static_cast<std::size_t>(out * in), 0.0),
              std::vector<double>(static_cast<std::size_t>(out), 0.0)};
  for (std::int64_t o = 0; o < out; ++o) {
    same.weights[static_cast<std::size_t>(o * in + o % in)] = 1;
  }
  return same;
}

// `to` += `from`, whose kernel is not larger.
void add_into(Filter& to, const Filter& from) {
  const std::int64_t large = to.kernel();
  const std::int64_t small = from.kernel();
  const std::int64_t edge = (large - small) / 2;
  const std::int64_t planes = to.shape[0] * to.shape[1];
  for (std::int64_t p = 0; p < planes; ++p) {
    for (std::int64_t y = 0; y < small; ++y) {
      for (std::int64_t x = 0; x < small; ++x) {
        to.weights[static_cast<std::size_t>((p * large + y + edge) * large + x + edge)] +=
            from.weights[static_cast<std::size_t>((p * small + y) * small + x)];
      }
    }
  }
  for (std::size_t o = 0; o < to.bias.size(); ++o) to.bias[o] += from.bias[o];
}

Tensor floats(const Shape& shape, const std::vector<double>& values) {
  return Tensor::of<float>(shape, std::vector<float>(values.begin(), values.end()));
}

class Merger {
 public:
  explicit Merger(Graph graph) : graph_(std::move(graph)) {}

  Graph run() && {
    while (merge_one()) {
    }
    return remove_dead_ends(std::move(graph_));
  }

 private:
  bool merge_one() {
    edges_ = edges_of(graph_);
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node& node = graph_.nodes[i];
      if (node.op != "Add" || !node.domain.empty() || node.inputs.size() != 2) continue;
      if (merge(i, node.inputs[0], node.inputs[1]) || merge(i, node.inputs[1], node.inputs[0])) {
        return true;
      }
    }
    return false;
  }

  // The convolution that makes the tensor for one reader alone.
  std::optional<std::size_t> only_read_conv(const std::string& tensor) const {
    const auto made = edges_.producer.find(tensor);
    if (made == edges_.producer.end() || graph_.nodes[made->second].op != "Conv") {
      return std::nullopt;
    }
    if (is_graph_output(graph_, tensor)) return std::nullopt;
    return edges_.consumers.find(tensor)->second.size() == 1 ? std::optional(made->second)
                                                             : std::nullopt;
  }

  // What is added to the convolution, as a convolution of the same input.
  std::optional<Filter> branch(const std::string& tensor, const Node& beside,
                               const Filter& filter) const {
    const Ints strides = ints_attribute(beside, "strides", {1, 1});
    const std::int64_t groups = int_attribute(beside, "group", 1);
    if (tensor == beside.inputs[0]) {
      return strides == Ints{1, 1} ? identity_like(filter, groups) : std::nullopt;
    }
    const auto other = only_read_conv(tensor);
    if (!other) return std::nullopt;
    const Node& node = graph_.nodes[*other];
    const bool alike = node.inputs[0] == beside.inputs[0] &&
                       ints_attribute(node, "strides", {1, 1}) == strides &&
                       int_attribute(node, "group", 1) == groups;
    auto made = alike ? filter_of(graph_, node) : std::nullopt;
    const bool fits = made && made->shape[0] == filter.shape[0] &&
                      made->shape[1] == filter.shape[1] && made->kernel() <= filter.kernel();
    return fits ? made : std::nullopt;
  }

  bool merge(std::size_t add, const std::string& large, const std::string& small) {
    const auto conv = only_read_conv(large);
    if (!conv || large == small) return false;
    auto filter = filter_of(graph_, graph_.nodes[*conv]);
    if (!filter) return false;
    const auto other = branch(small, graph_.nodes[*conv], *filter);
    if (!other) return false;
    add_into(*filter, *other);
    Node merged = graph_.nodes[*conv];
    merged.outputs = graph_.nodes[add].outputs;
    merged.inputs.resize(3);
    merged.inputs[1] = fresh_name(graph_, merged.name + ".merged");
    graph_.constants[merged.inputs[1]] = floats(filter->shape, filter->weights);
    merged.inputs[2] = fresh_name(graph_, merged.name + ".merged_bias");
    graph_.constants[merged.inputs[2]] = floats({filter->shape[0]}, filter->bias);
    graph_.nodes[add] = std::move(merged);
    graph_.nodes.erase(graph_.nodes.begin() + static_cast<std::ptrdiff_t>(*conv));
    return true;
  }

  Graph graph_;
  Edges edges_;
};

}  // namespace

Graph merge_parallel_convolutions(Graph graph) {
  return Merger(std::move(graph)).run();
}

Graph deployed(Graph graph, const Observation& observed) {
  graph = fold_constants(std::move(graph), observed);
  graph = merge_parallel_convolutions(std::move(graph));
  graph = fold_batch_norm(std::move(graph));
  return fold_scales(std::move(graph));
}

}  // namespace pare::engine
