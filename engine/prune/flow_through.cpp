#include "engine/prune/flow_through.h"

#include <algorithm>

namespace pare::engine {
namespace {

// Its value is known without running it: folded on import, or the number that Shape reads.
bool is_constant(const Node& node, const Observation& observed) {
  return std::ranges::all_of(node.outputs, [&](const std::string& output) {
    return output.empty() || observed.constants.contains(output);
  });
}

class Walk {
 public:
  Walk(const Graph& graph, const Observation& observed, std::span<const OpDef> ops,
       ChannelClasses& classes)
      : graph_(graph), observed_(observed), ops_(ops), classes_(classes) {}

  Result<Flowed> run() {
    for (const Node& node : graph_.nodes) {
      flowed_.cuts.emplace_back();
      flowed_.contractions.emplace_back();
      classes_.at_node(titled(node));
      if (is_constant(node, observed_)) {
        freeze_inputs(node, titled(node) + " reads their number");
      } else if (const auto done = visit(node); !done) {
        return done.error();
      }
    }
    for (const TensorInfo& output : graph_.outputs) {
      classes_.freeze(layout_of(output.name), "they reach the output " + output.name);
    }
    return std::move(flowed_);
  }

 private:
  const Layout& layout_of(const std::string& tensor) const {
    static const Layout fixed;
    const auto found = flowed_.layouts.find(tensor);
    return found == flowed_.layouts.end() ? fixed : found->second;
  }

  void freeze_inputs(const Node& node, const std::string& reason) {
    for (const std::string& input : tensors_read(node)) {
      classes_.freeze(layout_of(input), reason);
    }
  }

  Result<std::monostate> visit(const Node& node) {
    const OpDef* op = node.domain.empty() ? find_op(ops_, node.op) : nullptr;
    if (op == nullptr || op->flow == nullptr) {
      freeze_inputs(node, titled(node) + " is an operator that Pare does not understand");
      return std::monostate{};
    }
    const Result<NodeFacts> facts = facts_of(node, graph_, observed_);
    if (!facts) return facts.error();
    std::vector<Layout> inputs;
    for (const std::string& input : node.inputs) inputs.push_back(layout_of(input));
    Result<NodeFlow> flow = op->flow(facts.value().view(node, graph_.opset), inputs, classes_);
    if (!flow) {
      freeze_inputs(node, titled(node) + ": " + flow.error().message);
      return std::monostate{};
    }
    record(node, std::move(flow).value());
    return std::monostate{};
  }

  void record(const Node& node, NodeFlow flow) {
    PARE_CHECK(flow.outputs.size() == node.outputs.size(),
               "the flow of " + node.op + " does not say all outputs");
    flowed_.cuts.back() = std::move(flow.cuts);
    flowed_.contractions.back() = std::move(flow.contractions);
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      Layout& layout = flow.outputs[i];
      if (is_fixed(layout)) layout = Layout{};
      if (layout.axes.empty() && !is_fixed(layout)) {
        classes_.freeze(layout, titled(node) + " leaves no dimension for them");
      }
      flowed_.layouts[node.outputs[i]] = std::move(layout);
    }
  }

  const Graph& graph_;
  const Observation& observed_;
  const std::span<const OpDef> ops_;
  ChannelClasses& classes_;
  Flowed flowed_;
};

}  // namespace

std::string titled(const Node& node) {
  return node.op + " " + node.name;
}

Result<Flowed> flow_through(const Graph& graph, const Observation& observed,
                            std::span<const OpDef> ops, ChannelClasses& classes) {
  return Walk(graph, observed, ops, classes).run();
}

}  // namespace pare::engine
