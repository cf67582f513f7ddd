#include "engine/quant/equalize.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

namespace pare::engine {
namespace {

constexpr int kRounds = 4;  // ranges settle after a few passes along a chain
constexpr int kMostHalvings = 6;

bool scales_with_input(const Node& node) {
  return node.domain.empty() && (node.op == "Relu" || node.op == "LeakyRelu" || node.op == "PRelu");
}

bool is_convolution(const Graph& graph, const Node& node) {
  return node.domain.empty() && node.op == "Conv" && graph.constants.contains(node.inputs[1]) &&
         graph.constants.at(node.inputs[1]).dtype() == DType::kFloat32;
}

std::int64_t groups_of(const Node& node) {
  return int_attribute(node, "group", 1);
}

bool is_depthwise(const Graph& graph, const Node& node) {
  const Shape& weights = graph.constants.at(node.inputs[1]).shape();
  return groups_of(node) == weights[0] && weights[1] == 1;
}

// Two convolutions and the tensors between them, none of which anybody else reads.
struct Pair {
  std::size_t first = 0;
  std::size_t second = 0;
  std::vector<std::string> between;
};

class PairFinder {
 public:
  explicit PairFinder(const Graph& graph) : graph_(graph), edges_(edges_of(graph)) {}

  std::vector<Pair> find() const {
    std::vector<Pair> pairs;
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      if (!is_convolution(graph_, graph_.nodes[n])) continue;
      if (auto pair = from(n)) pairs.push_back(std::move(*pair));
    }
    return pairs;
  }

 private:
  std::optional<std::size_t> only_reader(const std::string& tensor) const {
    const auto readers = edges_.consumers.find(tensor);
    if (readers == edges_.consumers.end() || readers->second.size() != 1) return std::nullopt;
    if (is_graph_output(graph_, tensor)) return std::nullopt;
    return readers->second.front();
  }

  // True if the weights of this convolution are its own: an edit would change another layer too.
  bool owns_constants(const Node& node) const {
    for (std::size_t i = 1; i < node.inputs.size(); ++i) {
      const auto readers = edges_.consumers.find(node.inputs[i]);
      if (readers != edges_.consumers.end() && readers->second.size() > 1) return false;
    }
    return true;
  }

  std::optional<Pair> from(std::size_t first) const {
    Pair pair{.first = first, .second = 0, .between = {graph_.nodes[first].outputs[0]}};
    std::optional<std::size_t> next = only_reader(pair.between.back());
    if (next && scales_with_input(graph_.nodes[*next])) {
      pair.between.push_back(graph_.nodes[*next].outputs[0]);
      next = only_reader(pair.between.back());
    }
    if (!next || !is_convolution(graph_, graph_.nodes[*next])) return std::nullopt;
    const Node& second = graph_.nodes[*next];
    if (groups_of(second) != 1 && !is_depthwise(graph_, second)) return std::nullopt;
    if (!owns_constants(graph_.nodes[first]) || !owns_constants(second)) return std::nullopt;
    pair.second = *next;
    return pair;
  }

  const Graph& graph_;
  Edges edges_;
};

std::vector<float> copy_of(const Tensor& tensor) {
  const auto values = tensor.values<float>();
  return {values.begin(), values.end()};
}

// Multiplies what belongs to output channel c by factors[c].
void scale_outputs(Graph& graph, const Node& node, std::span<const float> factors) {
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    if (node.inputs[i].empty()) continue;
    Tensor& constant = graph.constants.at(node.inputs[i]);
    std::vector<float> values = copy_of(constant);
    const std::size_t each = values.size() / factors.size();
    for (std::size_t k = 0; k < values.size(); ++k) values[k] *= factors[k / each];
    constant = Tensor::of<float>(constant.shape(), values);
  }
}

// Multiplies what reads input channel c by factors[c].
void scale_inputs(Graph& graph, const Node& node, std::span<const float> factors) {
  Tensor& weights = graph.constants.at(node.inputs[1]);
  std::vector<float> values = copy_of(weights);
  const Shape& shape = weights.shape();
  const std::size_t kernel = values.size() / static_cast<std::size_t>(shape[0] * shape[1]);
  for (std::size_t k = 0; k < values.size(); ++k) {
    const std::size_t channel =
        shape[1] == 1 ? k / kernel : k / kernel % static_cast<std::size_t>(shape[1]);
    values[k] *= factors[channel];
  }
  weights = Tensor::of<float>(shape, values);
}

std::vector<float> largest_by_output(const Tensor& weights) {
  const auto values = weights.values<float>();
  std::vector<float> largest(static_cast<std::size_t>(weights.shape()[0]), 0);
  const std::size_t each = values.size() / largest.size();
  for (std::size_t k = 0; k < values.size(); ++k) {
    largest[k / each] = std::max(largest[k / each], std::abs(values[k]));
  }
  return largest;
}

std::vector<float> largest_by_input(const Tensor& weights) {
  const Shape& shape = weights.shape();
  if (shape[1] == 1) return largest_by_output(weights);  // depthwise
  const auto values = weights.values<float>();
  std::vector<float> largest(static_cast<std::size_t>(shape[1]), 0);
  const std::size_t kernel = values.size() / static_cast<std::size_t>(shape[0] * shape[1]);
  for (std::size_t k = 0; k < values.size(); ++k) {
    float& channel = largest[k / kernel % largest.size()];
    channel = std::max(channel, std::abs(values[k]));
  }
  return largest;
}

bool even_out(Graph& graph, const Pair& pair, std::map<std::string, std::vector<int>>& halvings) {
  const Node& first = graph.nodes[pair.first];
  const Node& second = graph.nodes[pair.second];
  const std::vector<float> out = largest_by_output(graph.constants.at(first.inputs[1]));
  const std::vector<float> in = largest_by_input(graph.constants.at(second.inputs[1]));
  if (out.size() != in.size()) return false;
  std::vector<float> down(out.size(), 1);
  std::vector<float> up(out.size(), 1);
  bool changed = false;
  std::vector<int>& total = halvings[pair.between.front()];
  total.resize(out.size(), 0);
  for (std::size_t c = 0; c < out.size(); ++c) {
    if (!(out[c] > 0) || !(in[c] > 0)) continue;
    const int power = static_cast<int>(std::lround(std::log2(std::sqrt(out[c] / in[c]))));
    const int allowed = std::clamp(total[c] + power, -kMostHalvings, kMostHalvings) - total[c];
    if (allowed == 0) continue;
    total[c] += allowed;
    down[c] = std::ldexp(1.0F, -allowed);
    up[c] = std::ldexp(1.0F, allowed);
    changed = true;
  }
  if (!changed) return false;
  scale_outputs(graph, first, down);
  scale_inputs(graph, second, up);
  for (const std::string& tensor : pair.between) halvings[tensor] = total;
  return true;
}

}  // namespace

EqualizedGraph equalize(const Graph& graph) {
  EqualizedGraph out{graph, {}};
  const std::vector<Pair> pairs = PairFinder(graph).find();
  for (int round = 0; round < kRounds; ++round) {
    bool changed = false;
    for (const Pair& pair : pairs) changed |= even_out(out.graph, pair, out.halvings);
    if (!changed) break;
  }
  std::erase_if(out.halvings, [](const auto& entry) {
    return std::ranges::all_of(entry.second, [](int power) { return power == 0; });
  });
  return out;
}

}  // namespace pare::engine
