#include "engine/prune/prune.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "engine/graph/flow_rules.h"
#include "engine/prune/constant_edits.h"
#include "engine/prune/layer_inputs.h"

namespace pare::engine {
namespace {

std::vector<std::int64_t> kept_of(const std::vector<Symbol>& symbols, const RemovedUnits& removed) {
  std::vector<std::int64_t> kept;
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    if (!removed[symbols[i]]) kept.push_back(static_cast<std::int64_t>(i));
  }
  return kept;
}

bool loses_any(const std::vector<Symbol>& symbols, const RemovedUnits& removed) {
  return std::ranges::any_of(symbols, [&](Symbol s) { return removed[s]; });
}

// What is left along each dimension of a tensor that loses channels.
struct Remains {
  KeptAxes axes;
  bool is_rectangle = true;  // every combination of what is left along the dimensions is left
};

Remains remains_of(const Layout& layout, const Shape& shape, const RemovedUnits& removed) {
  Remains remains;
  const std::vector<std::int64_t> left = kept_of(layout.symbols, removed);
  std::int64_t stride = 1;
  std::size_t combinations = 1;
  for (std::size_t k = layout.axes.size(); k-- > 0;) {
    const std::int64_t extent = shape[static_cast<std::size_t>(layout.axes[k])];
    std::set<std::int64_t> coordinates;
    for (const std::int64_t at : left) coordinates.insert(at / stride % extent);
    combinations *= coordinates.size();
    if (static_cast<std::int64_t>(coordinates.size()) < extent) {
      remains.axes[layout.axes[k]].assign(coordinates.begin(), coordinates.end());
    }
    stride *= extent;
  }
  remains.is_rectangle = combinations == left.size();
  return remains;
}

class Pruning {
 public:
  Pruning(const Graph& graph, const Observation& observed, std::span<const OpDef> ops,
          const Groups& groups, const RemovedUnits& removed)
      : observed_(observed), ops_(ops), groups_(groups), removed_(removed) {
    result_.graph = graph;
  }

  Result<PrunedGraph> run() {
    if (const auto done = find_remains(); !done) return done.error();
    for (std::size_t n = 0; n < result_.graph.nodes.size(); ++n) {
      if (const auto done = change(n); !done) return done.error();
    }
    edits_.apply(result_.graph);
    replace_uneven_shuffles();
    remove_unread_constants(result_.graph);
    record_kept();
    return std::move(result_);
  }

 private:
  Result<std::monostate> find_remains() {
    for (const auto& [tensor, layout] : groups_.layouts) {
      if (!loses_any(layout.symbols, removed_)) continue;
      Remains remains = remains_of(layout, observed_.shapes.find(tensor)->second, removed_);
      const bool is_empty =
          std::ranges::any_of(remains.axes, [](const auto& axis) { return axis.second.empty(); });
      if (is_empty) {
        return Error{ErrorCode::kUnsupported, "tensor " + tensor + " would have no channel left"};
      }
      remains_.emplace(tensor, std::move(remains));
    }
    for (const Shuffle& shuffle : groups_.shuffles) {
      if (!is_uneven(shuffle)) continue;
      uneven_.push_back(&shuffle);
      replaced_.insert(shuffle.nodes.begin(), shuffle.nodes.end());
    }
    return std::monostate{};
  }

  bool is_uneven(const Shuffle& shuffle) const {
    return std::ranges::any_of(shuffle.nodes, [&](std::size_t n) {
      return std::ranges::any_of(result_.graph.nodes[n].outputs, [&](const std::string& output) {
        const auto remains = remains_.find(output);
        return remains != remains_.end() && !remains->second.is_rectangle;
      });
    });
  }

  KeptAxes kept_axes(const std::string& tensor) const {
    const auto found = remains_.find(tensor);
    return found == remains_.end() ? KeptAxes{} : found->second.axes;
  }

  Result<std::monostate> change(std::size_t n) {
    if (replaced_.contains(n)) return std::monostate{};
    if (const auto done = cut_constants(n); !done) return done.error();
    Node& node = result_.graph.nodes[n];
    std::vector<KeptAxes> inputs, outputs;
    bool touched = false;
    for (const std::string& input : node.inputs) inputs.push_back(kept_axes(input));
    for (const std::string& output : node.outputs) outputs.push_back(kept_axes(output));
    for (const KeptAxes& axes : inputs) touched = touched || !axes.empty();
    for (const KeptAxes& axes : outputs) touched = touched || !axes.empty();
    const OpDef* op = find_op(ops_, node.op);
    if (!touched || op == nullptr || op->edit == nullptr) return std::monostate{};

    const Result<NodeFacts> facts = facts_of(node, result_.graph, observed_);
    if (!facts) return facts.error();
    const Result<NodeEdit> edit =
        op->edit(facts.value().view(node, result_.graph.opset), inputs, outputs);
    if (!edit) return edit.error();
    for (const auto& [name, value] : edit.value().attributes) node.attributes[name] = value;
    for (const std::string& name : edit.value().dropped_attributes) node.attributes.erase(name);
    for (const auto& [input, value] : edit.value().constants) edits_.set(n, input, value);
    return std::monostate{};
  }

  Result<std::monostate> cut_constants(std::size_t n) {
    const Node& node = result_.graph.nodes[n];
    std::map<int, Tensor> cut_inputs;
    std::vector<Cut> cuts = groups_.cuts[n];
    if (auto bias = cut_of_new_bias(n)) cuts.push_back(std::move(*bias));
    for (const Cut& cut : cuts) {
      if (!loses_any(cut.symbols, removed_)) continue;
      const std::vector<std::int64_t> kept = kept_of(cut.symbols, removed_);
      if (kept.empty()) {
        return Error{ErrorCode::kUnsupported, "node " + node.name + " would have no channel left"};
      }
      auto at = cut_inputs.find(cut.input);
      if (at == cut_inputs.end()) {
        const Tensor* value = constant(node.inputs[static_cast<std::size_t>(cut.input)]);
        at = cut_inputs.emplace(cut.input, *value).first;
      }
      at->second = select(at->second, cut.axis, kept);
    }
    for (const auto& [input, value] : cut_inputs) {
      edits_.set(n, static_cast<std::size_t>(input), value);
    }
    return std::monostate{};
  }

  // A repair gives a bias to a layer that had none when the groups were found: it is cut as the
  // rows of the weights are.
  std::optional<Cut> cut_of_new_bias(std::size_t n) const {
    const Node& node = result_.graph.nodes[n];
    const auto& cuts = groups_.cuts[n];
    if (node.inputs.size() <= kBiasInput || node.inputs[kBiasInput].empty()) return std::nullopt;
    if (std::ranges::find(cuts, static_cast<int>(kBiasInput), &Cut::input) != cuts.end())
      return std::nullopt;
    const auto rows = std::ranges::find(cuts, CutRole::kProduces, &Cut::role);
    if (rows == cuts.end()) return std::nullopt;
    return Cut{static_cast<int>(kBiasInput), 0, CutRole::kProduces, rows->symbols};
  }

  const Tensor* constant(const std::string& name) const {
    const auto own = result_.graph.constants.find(name);
    return own != result_.graph.constants.end() ? &own->second
                                                : &observed_.constants.find(name)->second;
  }

  // The nodes of an uneven shuffle go; each tensor that came out is gathered from what went in.
  void replace_uneven_shuffles() {
    if (uneven_.empty()) return;
    std::map<std::size_t, std::vector<Node>> instead;  // in the place of a shuffle's first node
    for (const Shuffle* shuffle : uneven_) {
      for (const Shuffle::Exit& exit : shuffle->exits) {
        std::vector<Node>& here = instead[shuffle->nodes[0]];
        for (Node& node : gathers(*shuffle, exit)) here.push_back(std::move(node));
      }
    }
    std::vector<Node> nodes;
    for (std::size_t n = 0; n < result_.graph.nodes.size(); ++n) {
      if (const auto here = instead.find(n); here != instead.end()) {
        nodes.insert(nodes.end(), here->second.begin(), here->second.end());
      }
      if (!replaced_.contains(n)) nodes.push_back(std::move(result_.graph.nodes[n]));
    }
    result_.graph.nodes = std::move(nodes);
  }

  // What a tensor that came out of a shuffle holds of what is left of its source.
  std::vector<std::int64_t> gathered(const Shuffle& shuffle, const Shuffle::Exit& exit) const {
    const auto kept_of_source = remains_.find(shuffle.source);
    const auto kept_of_exit = remains_.find(exit.tensor);
    std::vector<std::int64_t> indices;
    for (std::size_t c = 0; c < exit.channels.size(); ++c) {
      if (kept_of_exit != remains_.end() &&
          !std::ranges::binary_search(kept_of_exit->second.axes.at(shuffle.axis),
                                      static_cast<std::int64_t>(c))) {
        continue;
      }
      std::int64_t at = exit.channels[c];
      if (kept_of_source != remains_.end()) {
        const auto& kept = kept_of_source->second.axes.at(shuffle.axis);
        at = std::ranges::lower_bound(kept, at) - kept.begin();
      }
      indices.push_back(at);
    }
    return indices;
  }

  // A permutation is gathered in two halves and joined: OpenVINO takes a Gather that permutes all
  // channels for a reversal of colours and moves it into the next convolution's weights, inverted
  // (2026.4; right only for permutations that are their own inverse).
  std::vector<Node> gathers(const Shuffle& shuffle, const Shuffle::Exit& exit) {
    const std::vector<std::int64_t> indices = gathered(shuffle, exit);
    std::vector<std::int64_t> sorted = indices;
    std::ranges::sort(sorted);
    const bool permutes = indices.size() > 1 && sorted.front() == 0 &&
                          std::ranges::adjacent_find(
                              sorted, [](auto a, auto b) { return b != a + 1; }) == sorted.end();
    if (!permutes) return {gather(shuffle, indices, exit.tensor)};
    const auto half = indices.begin() + std::ssize(indices) / 2;
    const std::string first = fresh_name(result_.graph, exit.tensor + ".first");
    const std::string second = fresh_name(result_.graph, exit.tensor + ".second");
    return {gather(shuffle, {indices.begin(), half}, first),
            gather(shuffle, {half, indices.end()}, second),
            {fresh_name(result_.graph, exit.tensor + ".join"),
             "Concat",
             "",
             {first, second},
             {exit.tensor},
             {{"axis", static_cast<std::int64_t>(shuffle.axis)}}}};
  }

  Node gather(const Shuffle& shuffle, const std::vector<std::int64_t>& indices,
              const std::string& tensor) {
    const std::string name = fresh_name(result_.graph, tensor + ".gather");
    const std::string constant_name = fresh_name(result_.graph, name + ".indices");
    result_.graph.constants.emplace(constant_name, int64_tensor(indices));
    return {name,     "Gather",
            "",       {shuffle.source, constant_name},
            {tensor}, {{"axis", static_cast<std::int64_t>(shuffle.axis)}}};
  }

  void record_kept() {
    for (const Node& node : result_.graph.nodes) {
      for (const std::string& output : node.outputs) {
        const auto remains = remains_.find(output);
        if (remains == remains_.end() || remains->second.axes.size() != 1) continue;
        if (remains->second.axes.begin()->first != 1) continue;  // no map of channels
        const std::vector<std::int64_t>& kept = remains->second.axes.begin()->second;
        result_.kept[output].assign(kept.begin(), kept.end());
      }
    }
  }

  const Observation& observed_;
  const std::span<const OpDef> ops_;
  const Groups& groups_;
  const RemovedUnits& removed_;
  PrunedGraph result_;
  std::map<std::string, Remains> remains_;  // of tensors that lose channels
  std::vector<const Shuffle*> uneven_;
  std::set<std::size_t> replaced_;  // nodes of uneven shuffles
  ConstantEdits edits_;
};

}  // namespace

Result<PrunedGraph> prune(const Graph& graph, const Observation& observed,
                          std::span<const OpDef> ops, const Groups& groups,
                          const RemovedUnits& removed) {
  return Pruning(graph, observed, ops, groups, removed).run();
}

}  // namespace pare::engine
