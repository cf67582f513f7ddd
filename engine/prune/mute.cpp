#include <algorithm>

#include "engine/prune/constant_edits.h"
#include "engine/prune/prune.h"

namespace pare::engine {
namespace {

// `tensor` with zeros at the removed positions along `axis`.
Tensor without(const Tensor& tensor, int axis, const std::vector<Symbol>& symbols,
               const RemovedUnits& removed) {
  std::size_t inner = size_of(tensor.dtype());
  for (std::size_t d = static_cast<std::size_t>(axis) + 1; d < tensor.shape().size(); ++d) {
    inner *= static_cast<std::size_t>(tensor.shape()[d]);
  }
  std::vector<std::byte> bytes(tensor.bytes().begin(), tensor.bytes().end());
  for (std::size_t row = 0; row * inner < bytes.size(); ++row) {
    if (!removed[symbols[row % symbols.size()]]) continue;
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(row * inner), inner, std::byte{0});
  }
  return Tensor(tensor.dtype(), tensor.shape(), std::move(bytes));
}

// What the node reads there, times 1, or 0 for what goes.
Node masked(Graph& graph, const Shape& shape, const Contraction& read, Node& node,
            const RemovedUnits& removed) {
  std::string& input = node.inputs[static_cast<std::size_t>(read.input)];
  Shape mask(shape.size() - static_cast<std::size_t>(read.axis), 1);
  mask[0] = std::ssize(read.symbols);
  std::vector<float> values;
  for (const Symbol s : read.symbols) values.push_back(removed[s] ? 0.0F : 1.0F);
  const std::string tensor =
      fresh_name(graph, input + ".muted." + node.name + "." + std::to_string(read.input));
  const std::string constant = tensor + ".mask";
  graph.constants.emplace(constant, Tensor::of<float>(std::move(mask), values));
  Node made{tensor, "Mul", "", {input, constant}, {tensor}, {}};
  input = tensor;
  return made;
}

}  // namespace

Graph mute(const Graph& graph, const Observation& observed, const Groups& groups,
           const RemovedUnits& removed) {
  const auto loses = [&](Symbol s) { return removed[s]; };
  Graph muted = graph;
  ConstantEdits edits;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    for (const Cut& cut : groups.cuts[n]) {
      const bool reads = cut.role == CutRole::kConsumes || cut.role == CutRole::kReads;
      if (!reads || std::ranges::none_of(cut.symbols, loses)) continue;
      const auto input = static_cast<std::size_t>(cut.input);
      const auto weight = graph.constants.find(graph.nodes[n].inputs[input]);
      if (weight == graph.constants.end()) continue;
      edits.set(n, input, without(weight->second, cut.axis, cut.symbols, removed));
    }
  }
  edits.apply(muted);
  std::vector<Node> nodes;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    Node node = muted.nodes[n];
    for (const Contraction& read : groups.contractions[n]) {
      if (std::ranges::none_of(read.symbols, loses)) continue;
      const auto& name = graph.nodes[n].inputs[static_cast<std::size_t>(read.input)];
      nodes.push_back(masked(muted, observed.shapes.find(name)->second, read, node, removed));
    }
    nodes.push_back(std::move(node));
  }
  muted.nodes = std::move(nodes);
  return muted;
}

}  // namespace pare::engine
