#include "engine/prune/skip_fit.h"

#include <algorithm>

#include "engine/prune/constant_edits.h"
#include "engine/prune/consumer_window.h"
#include "engine/prune/layer_inputs.h"
#include "engine/prune/layer_map.h"
#include "engine/prune/linear_layer.h"
#include "engine/prune/ridge_fit.h"

namespace pare::engine {
namespace {

const SkipBlock& last_out(const SkipStage& stage, int level) {
  return stage.blocks[static_cast<std::size_t>(level) - 1];
}

std::string key_of(const SkipBlock& block, const Node& reader) {
  return "skip " + block.name + " " + reader.name;
}

std::string probed(const SkipBlock& block, const std::string& tensor) {
  return "skip " + block.name + " " + tensor;
}

// A detour beside the network, its tensors under names of their own.
void add_detour(Graph& graph, const SkipBlock& block, Detour detour) {
  std::set<std::string> made;
  for (const Node& node : detour.moves) made.insert(node.outputs.begin(), node.outputs.end());
  for (Node& node : detour.moves) {
    node.name = probed(block, node.name);
    for (std::string& input : node.inputs) {
      if (made.contains(input)) input = probed(block, input);
    }
    for (std::string& output : node.outputs) output = probed(block, output);
    graph.nodes.push_back(std::move(node));
  }
}

// What is known of a reader and of what it reads instead.
struct ReaderMoments {
  Eigen::MatrixXd weights;  // as they are
  Eigen::MatrixXd gram;     // of the old inputs, the new ones and the bias
  std::int64_t positions = 0;

  std::vector<Eigen::Index> old_columns() const { return columns(0, weights.cols() - 1); }
  std::vector<Eigen::Index> new_columns() const {
    return columns(weights.cols() - 1, gram.cols() - 1);
  }

  // What takes the place of these rows, over the old inputs.
  Eigen::MatrixXd fitted(const Eigen::MatrixXd& rows, const ReconstructOptions& options) const {
    const auto from = old_columns(), to = new_columns();
    // Where each channel has one in its place, the weights begin there; else at nothing.
    const Eigen::MatrixXd prior =
        from.size() == to.size()
            ? rows
            : Eigen::MatrixXd(Eigen::MatrixXd::Zero(rows.rows(), std::ssize(to)));
    return ridge_fit(prior, {gram(to, to), rows * gram(from, to)}, options.ridge);
  }

 private:
  std::vector<Eigen::Index> columns(Eigen::Index from, Eigen::Index to) const {
    std::vector<Eigen::Index> all;
    for (Eigen::Index c = from; c < to; ++c) all.push_back(c);
    all.push_back(gram.cols() - 1);  // the bias's
    return all;
  }
};

Result<ReaderMoments> moments_of(const Node& node, const Graph& graph, const Statistics& statistics,
                                 const SkipBlock& block) {
  auto weights = conv_matrix(graph, node);
  if (!weights) return weights.error();
  const auto gram = statistics.grams.find(key_of(block, node));
  if (gram == statistics.grams.end()) {
    return Error{ErrorCode::kInvalidArgument,
                 "the statistics know nothing of skipping block " + block.name + ": prepare anew"};
  }
  ReaderMoments reader{std::move(weights).value(), dense(gram->second), gram->second.positions};
  if (reader.gram.cols() <= reader.weights.cols()) {
    return Error{ErrorCode::kInvalidArgument,
                 "the statistics of skipping block " + block.name + " are of another network"};
  }
  return reader;
}

// Of each stage that is shortened, its readers that did not go with another block.
struct Reader {
  const SkipBlock* block;
  const Node* node;   // of the original
  std::size_t place;  // in the network without the blocks
};

std::vector<Reader> readers_left(const Graph& graph, const Graph& shortened,
                                 const std::vector<SkipStage>& stages, const SkipLevels& levels) {
  std::vector<Reader> readers;
  for (std::size_t s = 0; s < stages.size(); ++s) {
    if (levels[s] == 0) continue;
    for (const std::size_t n : stages[s].readers) {
      const Node& node = graph.nodes[n];
      const auto at = std::ranges::find(shortened.nodes, node.name, &Node::name);
      if (at == shortened.nodes.end()) continue;
      readers.push_back({&last_out(stages[s], levels[s]), &node,
                         static_cast<std::size_t>(at - shortened.nodes.begin())});
    }
  }
  return readers;
}

void add_reader(const Node& node, const SkipBlock& block, const ReaderMoments& moments,
                Statistics& statistics) {
  const auto to = moments.new_columns();
  const std::string key = "behind " + key_of(block, node);
  statistics.grams[key] = packed(moments.gram(to, to), moments.positions);
  statistics.gram_of[node.name] = key;
}

}  // namespace

Result<SkipProbe> skip_probe(const Graph& graph, const Observation& observed,
                             const std::vector<SkipStage>& stages) {
  SkipProbe probe{graph, {}};
  for (const SkipStage& stage : stages) {
    for (int level = 1; level <= static_cast<int>(stage.blocks.size()); ++level) {
      const SkipBlock& block = last_out(stage, level);
      Detour detour = detour_of(graph, observed, stage, level);
      for (const std::size_t n : stage.readers) {
        const Node& node = graph.nodes[n];
        const auto facts = facts_of(node, graph, observed);
        if (!facts) return facts.error();
        const auto window = window_of_consumer(node, facts.value());
        if (!window) return window.error();
        const bool direct = node.inputs[0] == stage.output;
        const std::string instead = direct ? block.input : probed(block, node.inputs[0]);
        const Shape& shape =
            direct ? observed.shapes.find(block.input)->second : detour.shapes.at(node.inputs[0]);
        ConvWindow other = window.value();
        other.channels = shape[1];
        probe.joint.push_back(
            {key_of(block, node), {{node.inputs[0], window.value()}, {instead, other}}});
      }
      add_detour(probe.graph, block, std::move(detour));
    }
  }
  return probe;
}

Result<SkippedBody> skip_blocks(const Graph& graph, const Observation& observed,
                                const Statistics& statistics, const std::vector<SkipStage>& stages,
                                const SkipLevels& levels, const ReconstructOptions& options) {
  SkippedBody result{{}, {}, statistics, {}};
  Shortened shortened = without_blocks(graph, observed, stages, levels);
  ConstantEdits edits;
  for (const Reader& reader : readers_left(graph, shortened.graph, stages, levels)) {
    const auto moments = moments_of(*reader.node, graph, statistics, *reader.block);
    if (!moments) return moments.error();
    const Eigen::MatrixXd fitted = moments.value().fitted(moments.value().weights, options);
    LayerConstants constants = conv_constants(fitted, graph, *reader.node);
    edits.set(reader.place, kWeightInput, std::move(constants.weights));
    edits.set(reader.place, kBiasInput, std::move(constants.bias));
    add_reader(*reader.node, *reader.block, moments.value(), result.statistics);
  }
  for (std::size_t s = 0; s < stages.size(); ++s) {
    if (levels[s] == 0) continue;
    for (const Node& node : detour_of(graph, observed, stages[s], levels[s]).moves) {
      if (node.op == "Concat") result.joined[node.outputs[0]] = node.inputs;
      if (node.op == "Resize") result.joined[node.outputs[0]] = {node.inputs[0]};
    }
  }
  edits.apply(shortened.graph);
  remove_unread_constants(shortened.graph);
  result.graph = std::move(shortened.graph);
  result.observed = std::move(shortened.observed);
  return result;
}

Result<LayerMaps> skip_maps(const Graph& graph, const Observation& observed,
                            const Statistics& statistics, const std::vector<SkipStage>& stages,
                            const SkipLevels& levels, const ReconstructOptions& options) {
  const Shortened shortened = without_blocks(graph, observed, stages, levels);
  LayerMaps maps;
  for (const Reader& reader : readers_left(graph, shortened.graph, stages, levels)) {
    const auto moments = moments_of(*reader.node, graph, statistics, *reader.block);
    if (!moments) return moments.error();
    const Eigen::Index inputs = moments.value().weights.cols();
    maps[reader.node->name] = {
        moments.value().fitted(Eigen::MatrixXd::Identity(inputs, inputs), options)};
  }
  return maps;
}

}  // namespace pare::engine
