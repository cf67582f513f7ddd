#include "engine/prune/skip_fit.h"

#include <algorithm>

#include "engine/prune/constant_edits.h"
#include "engine/prune/consumer_window.h"
#include "engine/prune/layer_inputs.h"
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

// A reader's fit to what it reads instead.
struct ReaderFit {
  Eigen::MatrixXd before, after;  // weights
  Eigen::MatrixXd gram;           // of the old inputs, the new ones and the bias
  std::int64_t positions = 0;

  std::vector<Eigen::Index> old_columns() const { return columns(0, before.cols() - 1); }
  std::vector<Eigen::Index> new_columns() const {
    return columns(before.cols() - 1, gram.cols() - 1);
  }

 private:
  std::vector<Eigen::Index> columns(Eigen::Index from, Eigen::Index to) const {
    std::vector<Eigen::Index> all;
    for (Eigen::Index c = from; c < to; ++c) all.push_back(c);
    all.push_back(gram.cols() - 1);  // the bias's
    return all;
  }
};

Result<ReaderFit> fit(const Graph& graph, const Statistics& statistics, const SkipBlock& block,
                      std::size_t reader, const ReconstructOptions& options) {
  const Node& node = graph.nodes[reader];
  auto weights = conv_matrix(graph, node);
  if (!weights) return weights.error();
  const auto gram = statistics.grams.find(key_of(block, node));
  if (gram == statistics.grams.end()) {
    return Error{ErrorCode::kInvalidArgument,
                 "the statistics know nothing of skipping block " + block.name + ": prepare anew"};
  }
  ReaderFit fit{std::move(weights).value(), {}, dense(gram->second), gram->second.positions};
  if (fit.gram.cols() <= fit.before.cols()) {
    return Error{ErrorCode::kInvalidArgument,
                 "the statistics of skipping block " + block.name + " are of another network"};
  }
  const auto from = fit.old_columns(), to = fit.new_columns();
  const Moments moments{fit.gram(to, to), fit.before * fit.gram(from, to)};
  // Where each channel has one in its place, the weights begin there; else at nothing.
  const Eigen::MatrixXd prior =
      from.size() == to.size()
          ? fit.before
          : Eigen::MatrixXd(Eigen::MatrixXd::Zero(fit.before.rows(), std::ssize(to)));
  fit.after = ridge_fit(prior, moments, options.ridge);
  return fit;
}

void add_reader(const Node& node, const SkipBlock& block, const ReaderFit& fit,
                Statistics& statistics) {
  const auto to = fit.new_columns();
  const std::string key = "behind " + key_of(block, node);
  statistics.grams[key] = packed(fit.gram(to, to), fit.positions);
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
  for (std::size_t s = 0; s < stages.size(); ++s) {
    if (levels[s] == 0) continue;
    const SkipBlock& block = last_out(stages[s], levels[s]);
    for (const std::size_t n : stages[s].readers) {
      const Node& node = graph.nodes[n];
      const auto at = std::ranges::find(shortened.graph.nodes, node.name, &Node::name);
      if (at == shortened.graph.nodes.end()) continue;  // it went with another block
      const auto fitted = fit(graph, statistics, block, n, options);
      if (!fitted) return fitted.error();
      LayerConstants constants = conv_constants(fitted.value().after, graph, node);
      const auto place = static_cast<std::size_t>(at - shortened.graph.nodes.begin());
      edits.set(place, kWeightInput, std::move(constants.weights));
      edits.set(place, kBiasInput, std::move(constants.bias));
      add_reader(node, block, fitted.value(), result.statistics);
    }
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

}  // namespace pare::engine
