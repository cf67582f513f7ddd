#include "engine/pipeline/output_sensitivity.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "engine/executor/openvino_runner.h"
#include "engine/pipeline/output_error.h"
#include "engine/pipeline/output_shares.h"
#include "engine/prune/output_worth.h"
#include "engine/prune/reconstruct.h"

namespace pare::engine {
namespace {

constexpr int kShareRemoved = 4;  // one unit in so many

// The body with every consumer's error behind a switch of its own.
struct SwitchedGraph {
  Graph graph;
  std::vector<std::string> consumers;  // of the inputs behind the first
};

std::optional<Tensor> difference(const Graph& graph, const Graph& changed, const Node& node,
                                 const Node& changed_node, std::size_t input) {
  const auto has = [&](const Node& n) {
    return n.inputs.size() > input && !n.inputs[input].empty();
  };
  if (!has(changed_node)) return std::nullopt;
  const Tensor& after = changed.constants.find(changed_node.inputs[input])->second;
  std::vector<float> values(after.values<float>().begin(), after.values<float>().end());
  if (has(node)) {
    const auto before = graph.constants.find(node.inputs[input])->second.values<float>();
    for (std::size_t i = 0; i < values.size(); ++i) values[i] -= before[before.size() == 1 ? 0 : i];
  }
  return Tensor::of<float>(after.shape(), values);
}

void add_switch(const Graph& graph, const Graph& changed, std::size_t n, SwitchedGraph& result) {
  Graph& out = result.graph;
  const Node& node = graph.nodes[n];
  const std::string made = node.outputs[0];
  const auto fresh = [&](const std::string& role) { return fresh_name(out, node.name + role); };
  Node error = node;
  error.name = fresh("/error");
  for (const std::size_t input : {std::size_t{1}, std::size_t{2}}) {
    auto values = difference(graph, changed, node, changed.nodes[n], input);
    if (!values) continue;
    if (error.inputs.size() <= input) error.inputs.resize(input + 1);
    error.inputs[input] = fresh("/error/" + std::to_string(input));
    out.constants.emplace(error.inputs[input], std::move(*values));
  }
  error.outputs = {fresh("/error/made")};
  const std::string gate = fresh("/switch"), gated = fresh("/error/switched"), own = fresh("/own");
  Node original = node;
  original.outputs = {own};
  out.inputs.push_back({gate, DType::kFloat32, {1}});
  out.nodes.push_back(std::move(original));
  out.nodes.push_back({fresh("/gate"), "Mul", "", {error.outputs[0], gate}, {gated}, {}});
  out.nodes.insert(out.nodes.end() - 1, std::move(error));
  out.nodes.push_back({fresh("/sum"), "Add", "", {own, gated}, {made}, {}});
  result.consumers.push_back(node.name);
}

SwitchedGraph with_switches(const Graph& graph, const Graph& changed,
                            const std::map<std::string, double>& errors) {
  SwitchedGraph result{graph, {}};
  result.graph.nodes.clear();
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    if (errors.contains(graph.nodes[n].name)) {
      add_switch(graph, changed, n, result);
    } else {
      result.graph.nodes.push_back(graph.nodes[n]);
    }
  }
  return result;
}

Tensor switch_at(float value) {
  return Tensor::of<float>({1}, std::span(&value, 1));
}

// What was summed over images, of all consumers but those of the last image that are not done.
struct Sums {
  PerChannel variance;            // of each output
  std::vector<PerChannel> error;  // by consumer
};

std::size_t size_of(const PerChannel& values) {
  std::size_t size = 0;
  for (const auto& channels : values) size += channels.size();
  return size;
}

TensorFile state_of(const Sums& sums) {
  std::vector<double> all;
  const auto add = [&](const PerChannel& values) {
    for (const auto& channels : values) all.insert(all.end(), channels.begin(), channels.end());
  };
  add(sums.variance);
  for (const PerChannel& error : sums.error) add(error);
  TensorFile file;
  file.tensors["sums"] = Tensor::of<double>({std::ssize(all)}, all);
  return file;
}

// Into sums of the right form.  Fails with kInvalidArgument if they are of another network.
Result<std::monostate> read_state(const TensorFile& state, Sums& sums) {
  const auto all = state.tensors.find("sums");
  const std::size_t wanted = size_of(sums.variance) * (sums.error.size() + 1);
  if (all == state.tensors.end() || all->second.dtype() != DType::kFloat64 ||
      static_cast<std::size_t>(all->second.size()) != wanted) {
    return Error{ErrorCode::kInvalidArgument, "the sensitivities are of another network"};
  }
  auto from = all->second.values<double>().begin();
  const auto take = [&](PerChannel& values) {
    for (auto& channels : values) {
      const auto end = from + std::ssize(channels);
      std::copy(from, end, channels.begin());
      from = end;
    }
  };
  take(sums.variance);
  for (PerChannel& error : sums.error) take(error);
  return std::monostate{};
}

// The measurement of all consumers, one after the other, on one image after the other.
class Measuring {
 public:
  Measuring(const SwitchedGraph& switched, Runner& runner, Journal& journal)
      : switched_(switched), runner_(runner), journal_(journal) {}

  // REQUIRES: in order.
  Result<std::monostate> image(std::size_t i, std::size_t images, const SampleImage& sample) {
    std::vector<Tensor> inputs(consumers() + 1, switch_at(0));
    inputs[0] = sample.input;
    const auto original = runner_.run(inputs);
    if (!original) return original.error();
    std::vector<Reference> references;
    for (const Tensor& output : original.value()) references.emplace_back(output, sample.weights);
    if (i == 0) {
      const auto begun = begin(references);
      if (!begun) return begun;
    }
    if (done_ >= (i + 1) * consumers()) return std::monostate{};
    if (done_ == i * consumers()) {
      for (std::size_t o = 0; o < references.size(); ++o) {
        references[o].add_variance(sums_.variance[o]);
      }
    }
    for (std::size_t c = done_ - i * consumers(); c < consumers(); ++c) {
      inputs[c + 1] = switch_at(1);
      const auto values = runner_.run(inputs);
      if (!values) return values.error();
      inputs[c + 1] = switch_at(0);
      for (std::size_t o = 0; o < references.size(); ++o) {
        references[o].add_error(values.value()[o], sums_.error[c][o]);
      }
      ++done_;
      journal_.did(kStep, static_cast<std::int64_t>(done_), done_ == images * consumers(),
                   [this] { return state_of(sums_); });
      journal_.tell({{"sensitivity_runs", static_cast<double>(done_)}});
    }
    return std::monostate{};
  }

  std::vector<double> damage(const PerChannel& shares) const {
    std::vector<double> damage;
    for (const PerChannel& error : sums_.error) {
      damage.push_back(relative(error, sums_.variance, shares));
    }
    return damage;
  }

 private:
  static constexpr const char* kStep = "sensitivity";

  std::size_t consumers() const { return switched_.consumers.size(); }

  Result<std::monostate> begin(const std::vector<Reference>& references) {
    for (const Reference& reference : references) {
      sums_.variance.emplace_back(reference.channels(), 0);
    }
    sums_.error.assign(consumers(), sums_.variance);
    const StepState* kept = journal_.kept(kStep);
    if (kept == nullptr) return std::monostate{};
    done_ = static_cast<std::size_t>(kept->done);
    return read_state(kept->state, sums_);
  }

  const SwitchedGraph& switched_;
  Runner& runner_;
  Journal& journal_;
  Sums sums_;
  std::size_t done_ = 0;  // consumers of images
};

// Damage of each consumer's error.
Result<std::vector<double>> run(const SwitchedGraph& switched, const PerChannel& shares,
                                std::span<const SampleImage> images, const Progress& progress,
                                Journal& journal) {
  const auto runner = make_openvino_runner(switched.graph);
  if (!runner) return runner.error();
  Measuring measuring(switched, *runner.value(), journal);
  for (std::size_t i = 0; i < images.size(); ++i) {
    const auto measured = measuring.image(i, images.size(), images[i]);
    if (!measured) return measured.error();
    progress(
        static_cast<double>(i + 1) / static_cast<double>(images.size()),
        "sensitivity: image " + std::to_string(i + 1) + " of " + std::to_string(images.size()));
  }
  return measuring.damage(shares);
}

}  // namespace

Result<std::map<std::string, double>> measure_output_sensitivity(
    const Detector& detector, const Statistics& statistics, const UnitOrders& orders,
    std::span<const SampleImage> images, const Progress& progress, Journal& journal) {
  std::map<std::string, int> widths;
  for (const Group& group : detector.groups.groups) {
    const int full = static_cast<int>(group.units.size());
    const int narrow = std::max(full - std::max(1, full / kShareRemoved),
                                static_cast<int>(std::max<std::size_t>(1, group.covers.size())));
    if (narrow < full) widths[group.name] = narrow;
  }
  const auto removed = select_units(detector.groups, widths, orders);
  if (!removed) return removed.error();
  const auto repaired = reconstruct(detector.body, detector.groups, removed.value(), statistics);
  if (!repaired) return repaired.error();
  const auto errors = output_errors(detector.body, repaired.value(), detector.groups, statistics);
  if (!errors) return errors.error();
  const SwitchedGraph switched = with_switches(detector.body, repaired.value(), errors.value());
  const auto of_output = output_shares(detector);
  PerChannel shares;
  for (const TensorInfo& output : switched.graph.outputs)
    shares.push_back(of_output.at(output.name));
  const auto measured = run(switched, shares, images, progress, journal);
  if (!measured) return measured.error();
  std::map<std::string, double> sensitivity;
  for (std::size_t c = 0; c < switched.consumers.size(); ++c) {
    const std::string& name = switched.consumers[c];
    if (const double own = errors.value().at(name); own > 0) {
      sensitivity[name] = measured.value()[c] / own;
    }
  }
  return sensitivity;
}

}  // namespace pare::engine
