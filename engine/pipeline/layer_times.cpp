#include "engine/pipeline/layer_times.h"

#include <cctype>
#include <optional>
#include <string_view>

#include "engine/pipeline/detector.h"

namespace pare::engine {
namespace {

// The layer behind each node's and each tensor's name.
using Owners = std::map<std::string, std::string, std::less<>>;

Owners owners_in(const Graph& graph) {
  Owners owners;
  for (const Node& node : graph.nodes) {
    std::string owner = is_layer(node) ? node.name : "";
    for (const std::string& input : node.inputs) {
      if (!owner.empty()) break;
      const auto at = owners.find(input);
      if (at != owners.end()) owner = at->second;
    }
    if (owner.empty()) continue;
    owners.emplace(node.name, owner);
    for (const std::string& output : node.outputs) owners.emplace(output, owner);
  }
  return owners;
}

// Of the longest name that the runtime's begins with, and that ends there.
std::optional<std::string> owner_of(std::string_view name, const Owners& owners) {
  for (std::size_t end = name.size(); end > 0; --end) {
    const bool inside = end < name.size() &&
                        std::isalnum(static_cast<unsigned char>(name[end])) != 0 &&
                        std::isalnum(static_cast<unsigned char>(name[end - 1])) != 0;
    if (inside) continue;
    const auto at = owners.find(name.substr(0, end));
    if (at != owners.end()) return at->second;
  }
  return std::nullopt;
}

}  // namespace

std::map<std::string, double> times_of_layers(const Graph& candidate,
                                              std::span<const LayerTime> times) {
  const Owners owners = owners_in(candidate);
  std::map<std::string, double> out;
  std::string last;
  double before = 0;  // any of them
  for (const LayerTime& time : times) {
    if (const auto owner = owner_of(time.name, owners)) last = *owner;
    (last.empty() ? before : out[last]) += time.ms;
  }
  if (out.empty()) return out;
  for (const Node& node : candidate.nodes) {
    if (!out.contains(node.name)) continue;
    out[node.name] += before;
    break;
  }
  return out;
}

}  // namespace pare::engine
