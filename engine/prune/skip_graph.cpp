#include <algorithm>

#include "engine/prune/constant_edits.h"
#include "engine/prune/layer_inputs.h"
#include "engine/prune/skip_blocks.h"

namespace pare::engine {
namespace {

constexpr double kLeastSaved = 1e-3;  // of the MACs

// The nodes between a stage's output and its readers, reading something else.
std::vector<Node> rerouted(const Graph& graph, const SkipStage& stage, int level) {
  const std::string& instead = stage.blocks[static_cast<std::size_t>(level) - 1].input;
  std::vector<Node> nodes;
  for (const std::size_t n : stage.moves) {
    Node node = graph.nodes[n];
    for (std::string& input : node.inputs) {
      if (input == stage.output) input = instead;
    }
    if (!stage.rigid && node.op == "Concat") {  // what is there already is not read twice
      std::vector<std::string> once;
      for (const std::string& input : node.inputs) {
        if (std::ranges::find(once, input) == once.end()) once.push_back(input);
      }
      node.inputs = std::move(once);
    }
    nodes.push_back(std::move(node));
  }
  return nodes;
}

// REQUIRES: Concat or Resize, with all of its channels.
std::int64_t channels_made(const Node& node, const std::map<std::string, Shape>& changed,
                           const Observation& observed) {
  std::int64_t channels = 0;
  for (const std::string& input : node.inputs) {
    const auto here = changed.find(input);
    channels += here == changed.end() ? observed.shapes.find(input)->second[1] : here->second[1];
    if (node.op != "Concat") break;
  }
  return channels;
}

// A reader that gets another number of channels: its weights are zero until somebody fits them.
void resize_readers(Graph& graph, const SkipStage& stage, const Observation& observed,
                    ConstantEdits& edits) {
  for (const std::size_t n : stage.readers) {
    const Node& node = graph.nodes[n];
    Shape shape = graph.constants.at(node.inputs[kWeightInput]).shape();
    const std::int64_t channels = observed.shapes.find(node.inputs[0])->second[1];
    if (shape[1] == channels) continue;
    shape[1] = channels;
    const std::vector<float> zeros(static_cast<std::size_t>(element_count(shape)), 0.0F);
    edits.set(n, kWeightInput, Tensor::of<float>(shape, zeros));
  }
}

void remove_unread_nodes(Graph& graph) {
  std::set<std::string> read;
  for (const TensorInfo& output : graph.outputs) read.insert(output.name);
  std::vector<Node> kept;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    const bool is_read = std::ranges::any_of(
        node->outputs, [&](const std::string& output) { return read.contains(output); });
    if (!is_read) continue;
    for (std::string& name : tensors_read(*node)) read.insert(std::move(name));
    kept.push_back(std::move(*node));
  }
  graph.nodes.assign(std::make_move_iterator(kept.rbegin()), std::make_move_iterator(kept.rend()));
  remove_unread_constants(graph);
}

Result<std::int64_t> macs_of(const Graph& graph, const Observation& observed,
                             std::span<const OpDef> ops) {
  std::int64_t macs = 0;
  for (const Node& node : graph.nodes) {
    const OpDef* op = node.domain.empty() ? find_op(ops, node.op) : nullptr;
    if (op == nullptr || op->macs == nullptr) continue;
    const Result<NodeFacts> facts = facts_of(node, graph, observed);
    if (!facts) return facts.error();
    macs += op->macs(facts.value().view(node, graph.opset));
  }
  return macs;
}

// Every group that is left is what it was: plans and orders name its channels.
bool keep_their_units(const Groups& left, const Groups& groups) {
  return std::ranges::all_of(left.groups, [&](const Group& group) {
    const auto same = std::ranges::find(groups.groups, group.name, &Group::name);
    return same != groups.groups.end() && same->units.size() == group.units.size();
  });
}

}  // namespace

Detour detour_of(const Graph& graph, const Observation& observed, const SkipStage& stage,
                 int level) {
  Detour detour{rerouted(graph, stage, level), {}};
  for (const Node& node : detour.moves) {
    for (const std::string& output : node.outputs) {
      Shape shape = observed.shapes.find(output)->second;
      if (!stage.rigid) shape[1] = channels_made(node, detour.shapes, observed);
      detour.shapes[output] = std::move(shape);
    }
  }
  return detour;
}

Shortened without_blocks(const Graph& graph, const Observation& observed,
                         const std::vector<SkipStage>& stages, const SkipLevels& levels) {
  Shortened result{graph, observed};
  ConstantEdits edits;
  for (std::size_t s = 0; s < stages.size(); ++s) {
    if (levels[s] == 0) continue;
    const SkipStage& stage = stages[s];
    const Detour detour = detour_of(graph, observed, stage, levels[s]);
    for (std::size_t i = 0; i < stage.moves.size(); ++i) {
      result.graph.nodes[stage.moves[i]] = detour.moves[i];
    }
    for (const auto& [tensor, shape] : detour.shapes) result.observed.shapes[tensor] = shape;
    for (const std::size_t n : stage.readers) {
      std::string& input = result.graph.nodes[n].inputs[0];
      if (input == stage.output) {
        input = stage.blocks[static_cast<std::size_t>(levels[s]) - 1].input;
      }
    }
    resize_readers(result.graph, stage, result.observed, edits);
  }
  edits.apply(result.graph);
  remove_unread_nodes(result.graph);
  return result;
}

Result<std::vector<SkipStage>> offered_stages(const Graph& graph, const Observation& observed,
                                              std::span<const OpDef> ops, const Groups& groups) {
  const std::vector<SkipStage> found = find_stages(graph, observed, ops);
  const auto all = macs_of(graph, observed, ops);
  if (!all) return all.error();
  std::vector<SkipStage> offered;
  for (SkipStage stage : found) {
    std::int64_t before = all.value();
    std::size_t good = 0;
    for (; good < stage.blocks.size(); ++good) {
      const auto less =
          without_blocks(graph, observed, {stage}, SkipLevels{static_cast<int>(good) + 1});
      const auto macs = macs_of(less.graph, less.observed, ops);
      if (!macs) return macs.error();
      const double saved = static_cast<double>(before - macs.value());
      if (saved < kLeastSaved * static_cast<double>(all.value())) break;
      const auto left = find_groups(less.graph, less.observed, ops);
      if (!left) return left.error();
      if (!keep_their_units(left.value(), groups)) break;
      before = macs.value();
    }
    stage.blocks.resize(good);
    if (good > 0) offered.push_back(std::move(stage));
  }
  return offered;
}

}  // namespace pare::engine
