#include "engine/prune/skip_blocks.h"

#include <algorithm>
#include <optional>

#include "engine/prune/dominators.h"
#include "engine/prune/layer_inputs.h"

namespace pare::engine {
namespace {

constexpr int kMostUnits = 3;  // of a bottleneck up to its spatial layer: pointwise, depthwise, ...

bool is_layer(const Graph& graph, const Node& node) {
  return node.domain.empty() && (node.op == "Conv" || node.op == "ConvTranspose") &&
         node.inputs.size() > kWeightInput && graph.constants.contains(node.inputs[kWeightInput]);
}

std::int64_t taps_of(const Graph& graph, const Node& node) {
  const Shape& shape = graph.constants.at(node.inputs[kWeightInput]).shape();
  std::int64_t size = 1;
  for (std::size_t d = 2; d < shape.size(); ++d) size *= shape[d];
  return size;
}

bool is_pointwise(const Graph& graph, const Node& node) {
  return taps_of(graph, node) == 1 && int_attribute(node, "group", 1) == 1;
}

// A convolution that mixes all of its input channels, its weights at hand.
bool reads_linearly(const Graph& graph, const Node& node, const std::string& tensor) {
  if (!node.domain.empty() || node.op != "Conv" || int_attribute(node, "group", 1) != 1 ||
      node.inputs[0] != tensor) {
    return false;
  }
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    if (node.inputs[i].empty()) continue;
    const auto constant = graph.constants.find(node.inputs[i]);
    if (constant == graph.constants.end() || constant->second.dtype() != DType::kFloat32)
      return false;
  }
  const Shape& weights = graph.constants.at(node.inputs[kWeightInput]).shape();
  return weights.size() == 4;
}

// A step up from a tensor to the next one that could be read in its stead.
struct Unit {
  std::string input;
  std::vector<std::size_t> layers;  // with weights, between, ascending
  bool residual = false;            // the output is the input and something
};

class Finder {
 public:
  Finder(const Graph& graph, const Observation& observed, std::span<const OpDef> ops)
      : graph_(graph),
        observed_(observed),
        ops_(ops),
        edges_(edges_of(graph)),
        dominators_(graph, observed) {}

  std::vector<SkipStage> run() {
    std::vector<std::string> outputs;
    for (const Node& node : graph_.nodes) {
      if (node.outputs.size() == 1) outputs.push_back(node.outputs[0]);
    }
    std::ranges::reverse(outputs);
    for (const bool residual : {true, false}) {
      for (const std::string& output : outputs) consider(output, residual);
    }
    std::ranges::sort(stages_, {}, [&](const SkipStage& s) { return producer(s.output); });
    return std::move(stages_);
  }

 private:
  std::size_t producer(const std::string& tensor) const {
    return edges_.producer.find(tensor)->second;
  }

  void consider(const std::string& output, bool residual) {
    if (outputs_.contains(output) || inputs_.contains(output)) return;
    std::optional<SkipStage> stage = readers_of(output);
    if (!stage) return;
    std::vector<Unit> units = residual ? residual_units(output) : bottleneck_units(output);
    std::set<std::size_t> region;
    for (const Unit& unit : units) {
      const auto more = between(unit.input, stage->blocks.empty() ? output : last_input(*stage));
      if (!fits(*stage, unit) || overlaps(more)) break;
      region.insert(more.begin(), more.end());
      stage->blocks.push_back({graph_.nodes[unit.layers.front()].name, unit.input});
    }
    if (stage->blocks.empty()) return;
    outputs_.insert(output);
    for (const SkipBlock& block : stage->blocks) inputs_.insert(block.input);
    claimed_.insert(region.begin(), region.end());
    readers_.insert(stage->readers.begin(), stage->readers.end());
    stages_.push_back(std::move(*stage));
  }

  static const std::string& last_input(const SkipStage& stage) { return stage.blocks.back().input; }

  bool overlaps(const std::vector<std::size_t>& nodes) const {
    return std::ranges::any_of(nodes, [&](std::size_t n) { return claimed_.contains(n); });
  }

  // Whether the readers of the stage can read the unit's input as they read the stage's output.
  bool fits(const SkipStage& stage, const Unit& unit) const {
    if (outputs_.contains(unit.input) || unit.layers.empty()) return false;
    const auto input = observed_.shapes.find(unit.input);
    const auto output = observed_.shapes.find(stage.output);
    if (input == observed_.shapes.end() || output == observed_.shapes.end()) return false;
    const Shape &from = input->second, &to = output->second;
    return from.size() == 4 && to.size() == 4 && from[0] == 1 && from[2] == to[2] &&
           from[3] == to[3] && (!stage.rigid || from[1] == to[1]);
  }

  // Nodes on the way from one tensor to another that it dominates, ascending.
  std::vector<std::size_t> between(const std::string& from, const std::string& to) const {
    std::set<std::size_t> nodes;
    std::vector<std::string> open{to};
    while (!open.empty()) {
      const std::string tensor = std::move(open.back());
      open.pop_back();
      const auto made = edges_.producer.find(tensor);
      if (tensor == from || made == edges_.producer.end()) continue;
      if (!nodes.insert(made->second).second) continue;
      for (std::string& read : tensors_read(graph_.nodes[made->second])) {
        open.push_back(std::move(read));
      }
    }
    return {nodes.begin(), nodes.end()};
  }

  // Up to the next tensor with a layer on the way.
  std::optional<Unit> unit_above(const std::string& output) const {
    Unit unit;
    std::string at = output;
    while (unit.layers.empty()) {
      const std::string above = dominators_.above(at);
      if (above.empty() || !edges_.producer.contains(above)) return std::nullopt;
      const Node& node = graph_.nodes[producer(at)];
      unit.residual =
          node.op == "Add" && node.domain.empty() && std::ranges::count(node.inputs, above) == 1;
      for (const std::size_t n : between(above, at)) {
        if (is_layer(graph_, graph_.nodes[n])) unit.layers.push_back(n);
      }
      at = above;
    }
    unit.input = at;
    return unit;
  }

  std::vector<Unit> residual_units(const std::string& output) const {
    std::vector<Unit> units;
    for (auto unit = unit_above(output); unit && unit->residual;
         unit = unit_above(units.back().input)) {
      units.push_back(std::move(*unit));
    }
    return units;
  }

  // All units up to a spatial layer are one block, the pointwise layer before it the next.
  std::vector<Unit> bottleneck_units(const std::string& output) const {
    Unit block;
    std::string at = output;
    bool spatial = false;
    for (int count = 0; !spatial && count < kMostUnits; ++count) {
      const std::optional<Unit> unit = unit_above(at);
      if (!unit || unit->residual || unit->layers.size() != 1) return {};
      spatial = taps_of(graph_, graph_.nodes[unit->layers[0]]) > 1;
      block.layers.insert(block.layers.begin(), unit->layers[0]);
      at = block.input = unit->input;
    }
    if (!spatial) return {};
    std::vector<Unit> units{block};
    const std::optional<Unit> before = unit_above(at);
    if (before && !before->residual && before->layers.size() == 1 &&
        is_pointwise(graph_, graph_.nodes[before->layers[0]])) {
      units.push_back(*before);
    }
    return units;
  }

  bool moves(const Node& node, const std::string& tensor) const {
    if (!node.domain.empty()) return false;
    if (node.op == "Concat") return true;
    if (node.inputs[0] != tensor || std::ranges::count(node.inputs, tensor) != 1) return false;
    if (node.op == "Resize") return true;
    const OpDef* op = find_op(ops_, node.op);
    return op != nullptr && op->moves_only;
  }

  // What carries each channel on as it is, however many there are.
  bool takes_any_number(const Node& node) const {
    if (node.op == "Resize") return node.inputs.size() < 4 || node.inputs[3].empty();
    return node.op == "Concat" && int_attribute(node, "axis", 1) == 1;
  }

  // The stage's readers and what is on the way; nullopt if anything but convolutions reads it.
  std::optional<SkipStage> readers_of(const std::string& output) const {
    SkipStage stage{output, {}, {}, {}, false};
    std::set<std::size_t> moves_found, readers;
    std::vector<std::string> open{output};
    while (!open.empty()) {
      const std::string tensor = std::move(open.back());
      open.pop_back();
      const auto consumers = edges_.consumers.find(tensor);
      if (is_graph_output(graph_, tensor) || consumers == edges_.consumers.end()) {
        return std::nullopt;
      }
      for (const std::size_t n : consumers->second) {
        const Node& node = graph_.nodes[n];
        if (reads_linearly(graph_, node, tensor)) {
          readers.insert(n);
        } else if (moves(node, tensor)) {
          if (!moves_found.insert(n).second) continue;
          stage.rigid = stage.rigid || !takes_any_number(node);
          open.insert(open.end(), node.outputs.begin(), node.outputs.end());
        } else {
          return std::nullopt;
        }
      }
    }
    const bool taken = std::ranges::any_of(readers, [&](auto n) { return readers_.contains(n); });
    if (taken) return std::nullopt;
    stage.moves.assign(moves_found.begin(), moves_found.end());
    stage.readers.assign(readers.begin(), readers.end());
    return stage;
  }

  const Graph& graph_;
  const Observation& observed_;
  const std::span<const OpDef> ops_;
  const Edges edges_;
  const Dominators dominators_;
  std::vector<SkipStage> stages_;
  std::set<std::size_t> claimed_, readers_;  // nodes of stages, and what reads them
  std::set<std::string> outputs_, inputs_;   // of stages
};

}  // namespace

std::vector<SkipStage> find_stages(const Graph& graph, const Observation& observed,
                                   std::span<const OpDef> ops) {
  return Finder(graph, observed, ops).run();
}

Result<SkipLevels> skip_levels(const std::vector<SkipStage>& stages,
                               const std::set<std::string>& names) {
  SkipLevels levels(stages.size(), 0);
  std::set<std::string> left = names;
  for (std::size_t s = 0; s < stages.size(); ++s) {
    const std::vector<SkipBlock>& blocks = stages[s].blocks;
    for (std::size_t k = 0; k < blocks.size(); ++k) {
      if (left.erase(blocks[k].name) == 0) continue;
      if (levels[s] != static_cast<int>(k)) {
        return Error{ErrorCode::kInvalidArgument, "block " + blocks[k].name +
                                                      " cannot be skipped while " +
                                                      blocks[k - 1].name + " behind it stays"};
      }
      ++levels[s];
    }
  }
  if (left.empty()) return levels;
  return Error{ErrorCode::kInvalidArgument,
               "the model has no block " + *left.begin() + " that can be skipped"};
}

}  // namespace pare::engine
