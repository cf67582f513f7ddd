#include "engine/pipeline/probe_correctness.h"

#include <algorithm>
#include <cmath>
#include <future>
#include <limits>
#include <map>
#include <utility>

#include "engine/executor/openvino_runner.h"
#include "engine/onnx/onnx_io.h"
#include "engine/pipeline/check_verdict.h"
#include "engine/pipeline/probe_networks.h"
#include "engine/pipeline/probe_ranges.h"

namespace pare::engine {
namespace {

// Root mean square of the difference over that of the expected values' deviation from their mean.
double relative_rms(const Tensor& actual, const Tensor& expected) {
  constexpr double kBeyondAll = std::numeric_limits<double>::infinity();
  if (actual.dtype() != DType::kFloat32 || actual.shape() != expected.shape()) return kBeyondAll;
  const auto got = actual.values<float>();
  const auto wanted = expected.values<float>();
  double mean = 0;
  for (const float value : wanted) mean += value;
  mean /= static_cast<double>(wanted.size());
  double difference = 0;
  double spread = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!std::isfinite(got[i])) return kBeyondAll;
    difference += std::pow(double{got[i]} - double{wanted[i]}, 2);
    spread += std::pow(double{wanted[i]} - mean, 2);
  }
  return std::sqrt(difference / std::max(spread, 1e-12));
}

// The range of every tensor of a network on its input, and its output.
struct Observed {
  std::map<std::string, Range> ranges;
  Tensor output;
};

Result<Observed> observe_ranges(const ProbeNetwork& network) {
  std::vector<std::string> wanted = {network.graph.inputs[0].name};
  for (const Node& node : network.graph.nodes) wanted.push_back(node.outputs[0]);
  auto runner = make_openvino_runner(network.graph, wanted);
  if (!runner) return runner.error();
  const auto values = runner.value()->run({network.input});
  if (!values) return values.error();
  Observed observed{{}, values.value().back()};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto [low, high] = std::ranges::minmax(values.value()[i].values<float>());
    observed.ranges[wanted[i]] = {low, high};
  }
  return observed;
}

Result<Tensor> run_on_executor(const Graph& graph, const Tensor& input) {
  auto runner = make_openvino_runner(graph);
  if (!runner) return runner.error();
  auto outputs = runner.value()->run({input});
  if (!outputs) return outputs.error();
  return std::move(outputs).value().front();
}

Result<CorrectnessProbe> probe_one(ProbeHarness& harness, const ProbeNetwork& network,
                                   const Observed& observed, QdqPlacement placement, int bits) {
  QuantizationPlan plan;
  plan.placement = placement;
  plan.weight_bits = bits;
  const QuantizationSources sources =
      sources_from([&](const std::string& tensor) { return observed.ranges.at(tensor); });
  const auto quantized = insert_qdq(network.graph, plan, sources);
  if (!quantized) return quantized.error();
  const auto simulated = insert_qdq(network.graph, plan, sources, WeightForm::kSimulated);
  if (!simulated) return simulated.error();
  auto computed = std::async(
      std::launch::async, [&] { return run_on_executor(simulated.value().graph, network.input); });
  const auto output = harness.run(export_onnx(quantized.value().graph), network.input);
  const auto exact = computed.get();
  if (!exact) return exact.error();
  CorrectnessProbe probe{.network = network.name,
                         .trait = network.trait,
                         .placement = placement,
                         .weight_bits = bits,
                         .failure = {}};
  probe.expected = relative_rms(exact.value(), observed.output);
  if (output) {
    probe.error = relative_rms(output.value(), observed.output);
  } else {
    if (auto up = harness.up(); !up) return up.error();
    probe.error = std::numeric_limits<double>::infinity();
    probe.failure = output.error().message;
  }
  probe.ok = is_explained(probe.error, probe.expected);
  return probe;
}

// The worst network counts.
void add(const Result<Tensor>& output, const Tensor& expected, FloatCheck& floats) {
  if (output) {
    floats.error = std::max(floats.error, relative_rms(output.value(), expected));
    return;
  }
  floats.error = std::numeric_limits<double>::infinity();
  floats.why_not = output.error().message;
}

}  // namespace

Result<std::vector<CorrectnessProbe>> probe_int8(ProbeHarness& harness, const Progress& progress) {
  std::vector<CorrectnessProbe> probes;
  for (const ProbeNetwork& network : correctness_networks()) {
    progress(0.0, "is int8 right: " + network.name);
    const auto observed = observe_ranges(network);
    if (!observed) return observed.error();
    for (const QdqPlacement placement : kAllPlacements) {
      for (const int bits : {8, 7}) {
        auto probe = probe_one(harness, network, observed.value(), placement, bits);
        if (!probe) return probe.error();
        probes.push_back(std::move(probe).value());
      }
    }
  }
  return probes;
}

Result<std::vector<FloatCheck>> probe_floats(ProbeHarness& harness, std::vector<FloatCheck> floats,
                                             const Progress& progress) {
  if (floats.empty()) return floats;
  for (const ProbeNetwork& network : correctness_networks()) {
    progress(0.0, "are shorter floats right: " + network.name);
    const auto expected = run_on_executor(network.graph, network.input);
    if (!expected) return expected.error();
    for (FloatCheck& check : floats) {
      if (!check.why_not.empty()) continue;
      add(harness.run(export_onnx(network.graph), network.input, check.precision), expected.value(),
          check);
      if (auto up = harness.up(); !up) return up.error();
    }
  }
  return floats;
}

}  // namespace pare::engine
