// Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient
// Integer-Arithmetic-Only Inference" (2018), section 3.2.
#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "engine/passes/passes.h"

namespace pare::engine {
namespace {

// y = x * scale + shift, per channel.
struct Affine {
  std::vector<double> scale;
  std::vector<double> shift;
};

// Null where it is not a constant of fp32.
const Tensor* float_constant(const Graph& graph, const Node& node, std::size_t input) {
  if (input >= node.inputs.size()) return nullptr;
  const auto found = graph.constants.find(node.inputs[input]);
  if (found == graph.constants.end() || found->second.dtype() != DType::kFloat32) return nullptr;
  return &found->second;
}

std::optional<Affine> affine_of(const Graph& graph, const Node& batch_norm) {
  if (int_attribute(batch_norm, "training_mode", 0) != 0) return std::nullopt;
  const Tensor* parts[4];  // scale, bias, mean, variance
  for (std::size_t i = 0; i < 4; ++i) {
    parts[i] = float_constant(graph, batch_norm, i + 1);
    if (parts[i] == nullptr || parts[i]->size() != parts[0]->size()) return std::nullopt;
  }
  const double epsilon = float_attribute(batch_norm, "epsilon", 1e-5F);
  Affine affine;
  for (std::size_t c = 0; c < parts[0]->values<float>().size(); ++c) {
    const double scale =
        parts[0]->values<float>()[c] / std::sqrt(parts[3]->values<float>()[c] + epsilon);
    affine.scale.push_back(scale);
    affine.shift.push_back(parts[1]->values<float>()[c] - parts[2]->values<float>()[c] * scale);
  }
  return affine;
}

// Where the output channels lie in the weights: each of `outer` blocks holds `channels` runs of
// `run` values.  A ConvTranspose has its channels in groups, each group its own blocks.
struct Layout {
  std::size_t groups = 1;
  std::size_t outer = 1;
  std::size_t channels = 1;  // in one group
  std::size_t run = 1;
};

std::optional<Layout> layout_of(const Node& node, const Shape& weights) {
  if (weights.size() < 2) return std::nullopt;
  const auto at = [&](std::size_t axis) { return static_cast<std::size_t>(weights[axis]); };
  std::size_t window = 1;
  for (std::size_t axis = 2; axis < weights.size(); ++axis) window *= at(axis);
  if (node.op == "Conv") return Layout{1, 1, at(0), at(1) * window};
  if (node.op == "ConvTranspose") {
    const auto groups = static_cast<std::size_t>(int_attribute(node, "group", 1));
    if (groups == 0 || at(0) % groups != 0) return std::nullopt;
    return Layout{groups, at(0) / groups, at(1), window};
  }
  if (node.op != "Gemm" || weights.size() != 2) return std::nullopt;
  const bool transposed = int_attribute(node, "transB", 0) != 0;
  return transposed ? Layout{1, 1, at(0), at(1)} : Layout{1, at(0), at(1), 1};
}

Tensor scaled_weights(const Tensor& weights, const Layout& layout, const Affine& affine) {
  std::vector<float> values(weights.values<float>().begin(), weights.values<float>().end());
  auto value = values.begin();
  for (std::size_t group = 0; group < layout.groups; ++group) {
    for (std::size_t block = 0; block < layout.outer; ++block) {
      for (std::size_t channel = 0; channel < layout.channels; ++channel) {
        const double scale = affine.scale[group * layout.channels + channel];
        for (std::size_t i = 0; i < layout.run; ++i, ++value) {
          *value = static_cast<float>(*value * scale);
        }
      }
    }
  }
  return Tensor::of<float>(weights.shape(), values);
}

// Empty where the bias has a shape that is not one value a channel (a Gemm may have a matrix).
std::optional<Tensor> folded_bias(const Graph& graph, const Node& node, const Affine& affine) {
  const bool has_bias = node.inputs.size() > 2 && !node.inputs[2].empty();
  const Tensor* bias = has_bias ? float_constant(graph, node, 2) : nullptr;
  const auto channels = std::ssize(affine.scale);
  if (has_bias &&
      (bias == nullptr || bias->size() != channels || bias->shape().back() != channels)) {
    return std::nullopt;
  }
  const double weight = node.op == "Gemm" ? float_attribute(node, "beta", 1) : 1;
  std::vector<float> values;
  for (std::size_t c = 0; c < affine.scale.size(); ++c) {
    const double old = bias == nullptr ? 0 : weight * bias->values<float>()[c];
    values.push_back(static_cast<float>(old * affine.scale[c] + affine.shift[c]));
  }
  return Tensor::of<float>({channels}, values);
}

// Puts the tensor under the name that the node reads already, if only this node reads it, or a new
// one.
void replace_input(Graph& graph, const Edges& edges, Node& node, std::size_t input,
                   const std::string& wanted, Tensor tensor) {
  if (node.inputs.size() <= input) node.inputs.resize(input + 1);
  std::string& name = node.inputs[input];
  const bool is_own = !name.empty() && edges.consumers.find(name)->second.size() == 1 &&
                      std::ranges::count(node.inputs, name) == 1 && !is_graph_output(graph, name);
  if (!is_own) name = fresh_name(graph, wanted);
  graph.constants[name] = std::move(tensor);
}

bool fold_into(Graph& graph, const Edges& edges, Node& node, const Node& batch_norm) {
  const std::optional<Affine> affine = affine_of(graph, batch_norm);
  const Tensor* weights = float_constant(graph, node, 1);
  if (!affine || weights == nullptr) return false;
  const std::optional<Layout> layout = layout_of(node, weights->shape());
  if (!layout || layout->groups * layout->channels != affine->scale.size()) return false;
  std::optional<Tensor> bias = folded_bias(graph, node, *affine);
  if (!bias) return false;
  replace_input(graph, edges, node, 1, node.name + ".weight",
                scaled_weights(*weights, *layout, *affine));
  replace_input(graph, edges, node, 2, node.name + ".bias", *std::move(bias));
  node.attributes.erase("beta");
  node.outputs[0] = batch_norm.outputs[0];
  return true;
}

}  // namespace

Graph fold_batch_norm(Graph graph) {
  const Edges edges = edges_of(graph);
  std::set<std::string> folded;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node batch_norm = graph.nodes[i];
    if (batch_norm.op != "BatchNormalization" || !batch_norm.domain.empty()) continue;
    if (batch_norm.inputs.empty() || batch_norm.outputs.empty()) continue;
    const std::string& input = batch_norm.inputs[0];
    const auto producer = edges.producer.find(input);
    if (producer == edges.producer.end() || is_graph_output(graph, input)) continue;
    if (edges.consumers.find(input)->second.size() != 1) continue;
    if (fold_into(graph, edges, graph.nodes[producer->second], batch_norm)) {
      folded.insert(batch_norm.name);
    }
  }
  std::erase_if(graph.nodes, [&](const Node& node) { return folded.contains(node.name); });
  return remove_dead_ends(std::move(graph));
}

}  // namespace pare::engine
