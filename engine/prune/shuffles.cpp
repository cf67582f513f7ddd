#include "engine/prune/shuffles.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

// Data movements neither make symbols nor unite them.
class NoFlow final : public ChannelFlow {
 public:
  std::vector<Symbol> fresh(std::int64_t) override { fail(); }
  void unite(Symbol, Symbol) override { fail(); }
  void freeze(Symbol, std::string_view) override { fail(); }

 private:
  [[noreturn]] static void fail() {
    fail_check("moves_only", "an operator that only moves data asked for channels", __FILE__,
               __LINE__);
  }
};

// The flat index of an element, counted from 1: a symbol of its own.
Layout every_element(const Shape& shape) {
  Layout layout;
  layout.axes.resize(shape.size());
  std::iota(layout.axes.begin(), layout.axes.end(), 0);
  layout.symbols.resize(static_cast<std::size_t>(element_count(shape)));
  std::iota(layout.symbols.begin(), layout.symbols.end(), 1U);
  return layout;
}

// The channel of `source` that each channel of `exit` holds, if that is all that happened.
std::optional<std::vector<std::int64_t>> selection(const Layout& exit, const Shape& exit_shape,
                                                   const Shape& source_shape, int axis) {
  Shape other = exit_shape;
  if (exit_shape.size() != source_shape.size()) return std::nullopt;
  const auto d = static_cast<std::size_t>(axis);
  other[d] = source_shape[d];
  if (other != source_shape) return std::nullopt;

  const std::vector<Symbol> table =
      expand(exit, exit_shape, every_element(exit_shape).axes).symbols;
  const std::int64_t inner = element_count(std::span(exit_shape).subspan(d + 1));
  const std::int64_t outer = element_count(std::span(exit_shape).first(d));
  std::vector<std::int64_t> channels;
  for (std::int64_t c = 0; c < exit_shape[d]; ++c) {
    const std::int64_t channel = (table[static_cast<std::size_t>(c * inner)] - 1) / inner;
    if (channel >= source_shape[d]) return std::nullopt;
    channels.push_back(channel);
  }
  std::size_t at = 0;
  for (std::int64_t o = 0; o < outer; ++o) {
    for (const std::int64_t channel : channels) {
      for (std::int64_t i = 0; i < inner; ++i) {
        const std::int64_t place = (o * source_shape[d] + channel) * inner + i;
        if (table[at++] != place + 1) return std::nullopt;
      }
    }
  }
  return channels;
}

class Search {
 public:
  Search(const Graph& graph, const Observation& observed, std::span<const OpDef> ops,
         const Flowed& flowed, ChannelClasses& classes)
      : graph_(graph), observed_(observed), ops_(ops), flowed_(flowed), classes_(classes) {}

  Result<std::vector<Shuffle>> run() {
    for (const auto& [tensor, layout] : flowed_.layouts) see(tensor, layout);
    std::vector<Shuffle> shuffles;
    for (const std::vector<std::size_t>& nodes : scattered_nodes()) {
      Result<std::optional<Shuffle>> shuffle = prove(nodes);
      if (!shuffle) return shuffle.error();
      if (shuffle.value()) {
        shuffles.push_back(*std::move(shuffle).value());
      } else {
        line_up(nodes);
      }
    }
    return shuffles;
  }

 private:
  // The layout by what is known of its symbols now; none of a tensor whose channels all stay.
  void see(const std::string& tensor, const Layout& layout) {
    Layout now = layout;
    for (Symbol& symbol : now.symbols) symbol = classes_.find(symbol);
    if (!is_sliceable(now)) now = shrink(now, observed_.shapes.find(tensor)->second);
    if (is_fixed(now)) {
      layouts_.erase(tensor);
    } else {
      layouts_[tensor] = std::move(now);
    }
  }
  const Layout* free_layout(const std::string& tensor) const {
    const auto found = layouts_.find(tensor);
    return found == layouts_.end() ? nullptr : &found->second;
  }
  bool is_scattered(const std::string& tensor) const {
    const Layout* const layout = free_layout(tensor);
    return layout != nullptr && !is_sliceable(*layout);
  }

  // Nodes that share scattered tensors, directly or through each other.
  std::vector<std::vector<std::size_t>> scattered_nodes() const {
    const Edges edges = edges_of(graph_);
    std::set<std::size_t> seen;
    std::vector<std::vector<std::size_t>> parts;
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      std::vector<std::size_t> open, part;
      if (touches_scattered(n) && seen.insert(n).second) open.push_back(n);
      while (!open.empty()) {
        const std::size_t at = open.back();
        open.pop_back();
        part.push_back(at);
        for (const std::size_t next : neighbours(at, edges)) {
          if (seen.insert(next).second) open.push_back(next);
        }
      }
      std::ranges::sort(part);
      if (!part.empty()) parts.push_back(std::move(part));
    }
    return parts;
  }

  bool touches_scattered(std::size_t n) const {
    const auto scattered = [&](const std::string& t) { return is_scattered(t); };
    return std::ranges::any_of(graph_.nodes[n].inputs, scattered) ||
           std::ranges::any_of(graph_.nodes[n].outputs, scattered);
  }

  std::vector<std::size_t> neighbours(std::size_t n, const Edges& edges) const {
    std::vector<std::size_t> found;
    for (const std::string& input : graph_.nodes[n].inputs) {
      if (is_scattered(input)) found.push_back(edges.producer.find(input)->second);
    }
    for (const std::string& output : graph_.nodes[n].outputs) {
      const auto readers = edges.consumers.find(output);
      if (!is_scattered(output) || readers == edges.consumers.end()) continue;
      found.insert(found.end(), readers->second.begin(), readers->second.end());
    }
    return found;
  }

  // Channels go together along all dimensions but the longest, so that any can be cut out.
  void line_up(const std::vector<std::size_t>& nodes) {
    for (const std::size_t n : nodes) {
      classes_.at_node(titled(graph_.nodes[n]));
      for (const std::string& output : graph_.nodes[n].outputs) {
        const auto known = flowed_.layouts.find(output);
        if (known == flowed_.layouts.end()) continue;
        see(output, known->second);
        if (!is_scattered(output)) continue;
        const Shape& shape = observed_.shapes.find(output)->second;
        const Layout layout = *free_layout(output);
        const int longest = *std::ranges::max_element(
            layout.axes, {}, [&](int axis) { return shape[static_cast<std::size_t>(axis)]; });
        Layout left = layout;
        for (const int axis : layout.axes) {
          if (axis != longest) left = united_along(left, shape, axis, classes_);
        }
        see(output, known->second);
      }
    }
  }

  // The one tensor that channels come from, if it is one and all nodes only move data.
  std::optional<std::string> source_of(const std::vector<std::size_t>& nodes) const {
    std::set<std::string> sources;
    for (const std::size_t n : nodes) {
      const Node& node = graph_.nodes[n];
      const OpDef* op = find_op(ops_, node.op);
      if (op == nullptr || !op->moves_only) return std::nullopt;
      if (!is_scattered(node.inputs[0])) sources.insert(node.inputs[0]);
    }
    if (sources.size() != 1 || free_layout(*sources.begin()) == nullptr) return std::nullopt;
    return *sources.begin();
  }

  Result<std::optional<Shuffle>> prove(const std::vector<std::size_t>& nodes) const {
    const std::optional<std::string> source = source_of(nodes);
    if (!source) return std::optional<Shuffle>{};
    const Shape& shape = observed_.shapes.find(*source)->second;
    Shuffle shuffle{nodes, *source, free_layout(*source)->axes[0], {}};
    std::map<std::string, Layout> elements{{*source, every_element(shape)}};
    for (const std::size_t n : nodes) {
      const Node& node = graph_.nodes[n];
      const Result<NodeFacts> facts = facts_of(node, graph_, observed_);
      if (!facts) return facts.error();
      std::vector<Layout> inputs(node.inputs.size());
      inputs[0] = elements[node.inputs[0]];
      NoFlow no_flow;
      const Result<NodeFlow> moved =
          find_op(ops_, node.op)->flow(facts.value().view(node, graph_.opset), inputs, no_flow);
      if (!moved) return std::optional<Shuffle>{};
      for (std::size_t i = 0; i < node.outputs.size(); ++i) {
        const std::string& output = node.outputs[i];
        const Layout& layout = elements[output] = moved.value().outputs[i];
        if (is_scattered(output)) continue;
        auto channels = selection(layout, facts.value().output_shapes[i], shape, shuffle.axis);
        if (!channels) return std::optional<Shuffle>{};
        shuffle.exits.push_back({output, *std::move(channels)});
      }
    }
    return std::optional<Shuffle>(std::move(shuffle));
  }

  const Graph& graph_;
  const Observation& observed_;
  const std::span<const OpDef> ops_;
  const Flowed& flowed_;
  ChannelClasses& classes_;
  std::map<std::string, Layout> layouts_;  // those with channels that may go
};

}  // namespace

Result<std::vector<Shuffle>> find_shuffles(const Graph& graph, const Observation& observed,
                                           std::span<const OpDef> ops, const Flowed& flowed,
                                           ChannelClasses& classes) {
  return Search(graph, observed, ops, flowed, classes).run();
}

}  // namespace pare::engine
