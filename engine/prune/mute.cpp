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

}  // namespace

Graph mute(const Graph& graph, const Groups& groups, const RemovedUnits& removed) {
  Graph muted = graph;
  ConstantEdits edits;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    for (const Cut& cut : groups.cuts[n]) {
      const auto loses = [&](Symbol s) { return removed[s]; };
      if (cut.role != CutRole::kConsumes || std::ranges::none_of(cut.symbols, loses)) continue;
      const auto input = static_cast<std::size_t>(cut.input);
      const auto weight = graph.constants.find(graph.nodes[n].inputs[input]);
      if (weight == graph.constants.end()) continue;
      edits.set(n, input, without(weight->second, cut.axis, cut.symbols, removed));
    }
  }
  edits.apply(muted);
  return muted;
}

}  // namespace pare::engine
