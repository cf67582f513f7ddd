#include "engine/prune/dominators.h"

#include <optional>

namespace pare::engine {

Dominators::Dominators(const Graph& graph, const Observation& observed)
    : names_{""}, entries_{{0, 0}} {
  const auto add = [&](const std::string& tensor, std::size_t parent) {
    index_[tensor] = names_.size();
    names_.push_back(tensor);
    entries_.push_back({parent, entries_[parent].depth + 1});
  };
  for (const TensorInfo& input : graph.inputs) add(input.name, 0);
  for (const Node& node : graph.nodes) {
    std::optional<std::size_t> parent;
    for (const std::string& read : tensors_read(node)) {
      if (graph.constants.contains(read) || observed.constants.contains(read)) continue;
      const auto at = index_.find(read);
      const std::size_t here = at == index_.end() ? 0 : at->second;
      parent = parent ? common(*parent, here) : here;
    }
    for (const std::string& output : node.outputs) {
      if (!output.empty()) add(output, parent.value_or(0));
    }
  }
}

std::size_t Dominators::common(std::size_t a, std::size_t b) const {
  while (a != b) {
    if (entries_[a].depth < entries_[b].depth) {
      b = entries_[b].parent;
    } else {
      a = entries_[a].parent;
    }
  }
  return a;
}

std::string Dominators::above(const std::string& tensor) const {
  const auto at = index_.find(tensor);
  return at == index_.end() ? "" : names_[entries_[at->second].parent];
}

}  // namespace pare::engine
