#include "engine/prune/constant_edits.h"

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

namespace pare::engine {
namespace {

using Place = std::pair<std::size_t, std::size_t>;  // node, input

// The new value that all readers of a constant get, if they agree.
std::optional<Tensor> common_value(const std::vector<Place>& readers,
                                   const std::map<Place, Tensor>& values) {
  const auto first = values.find(readers[0]);
  if (first == values.end()) return std::nullopt;
  for (const Place& reader : readers) {
    const auto own = values.find(reader);
    if (own == values.end() || !(own->second == first->second)) return std::nullopt;
  }
  return first->second;
}

}  // namespace

void ConstantEdits::apply(Graph& graph) const {
  std::map<std::string, std::vector<Place>> readers;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    for (std::size_t i = 0; i < graph.nodes[n].inputs.size(); ++i) {
      if (graph.constants.contains(graph.nodes[n].inputs[i])) {
        readers[graph.nodes[n].inputs[i]].emplace_back(n, i);
      }
    }
  }
  std::set<std::string> replaced;
  for (const auto& [name, places] : readers) {
    const std::optional<Tensor> value = common_value(places, values_);
    if (!value || is_graph_output(graph, name)) continue;
    graph.constants[name] = *value;
    replaced.insert(name);
  }
  for (const auto& [place, value] : values_) {
    Node& node = graph.nodes[place.first];
    if (node.inputs.size() <= place.second) node.inputs.resize(place.second + 1);
    std::string& input = node.inputs[place.second];
    if (replaced.contains(input)) continue;
    const std::string name =
        fresh_name(graph, input.empty() ? node.name + ".bias" : input + ".of." + node.name);
    graph.constants.emplace(name, value);
    input = name;
  }
}

void remove_unread_constants(Graph& graph) {
  std::set<std::string> read;
  for (const TensorInfo& output : graph.outputs) read.insert(output.name);
  for (const Node& node : graph.nodes) {
    for (std::string& name : tensors_read(node)) read.insert(std::move(name));
  }
  std::erase_if(graph.constants, [&](const auto& entry) { return !read.contains(entry.first); });
}

}  // namespace pare::engine
