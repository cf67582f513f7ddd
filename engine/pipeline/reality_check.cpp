#include "engine/pipeline/reality_check.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <utility>

#include "core/samples.h"
#include "engine/executor/openvino_runner.h"
#include "engine/onnx/onnx_io.h"
#include "engine/pipeline/canary.h"
#include "engine/pipeline/check_verdict.h"
#include "engine/pipeline/probe_networks.h"
#include "engine/quant/insert_qdq.h"
#include "host/facts.h"

namespace pare::engine {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kFewestRounds = 2;
constexpr double kSettled = 0.05;  // so near to each other, the rounds say the same

constexpr TimingOptions kKernelTiming = {.window = 4,
                                         .tolerance = 0.05,
                                         .warmup_max_seconds = 0.05,
                                         .min_samples = 9,
                                         .max_samples = 100,
                                         .max_seconds = 0.05,
                                         .half_width = 0.01};
constexpr int kEveryClassAt[] = {16, 32, 64, 128};  // the widths between are for the stairs

// Times do not depend on the ranges, except that zero is the lowest value behind a Relu: a runtime
// then folds it into the layer before.
Range kernel_range(const Graph& graph, const std::string& tensor) {
  const auto maker = std::ranges::find_if(
      graph.nodes, [&](const Node& node) { return node.outputs[0] == tensor; });
  const bool behind_relu = maker != graph.nodes.end() && maker->op == "Relu";
  return {behind_relu ? 0.0F : -4.0F, 4.0F};
}

// min_max takes the limits as they are; nothing else is asked for without corrections.
QuantizationSources ranges_from(std::function<Range(const std::string&)> range_of) {
  QuantizationSources sources;
  sources.values = [range_of = std::move(range_of)](const std::string& tensor) {
    const Range range = range_of(tensor);
    return Result<Distribution>(
        Distribution{{std::min(range.low, 0.0F), std::max(range.high, 0.0F)}, {}});
  };
  sources.channel_values = [](const std::string& tensor, int) {
    return Result<Distribution>(Error{ErrorCode::kNotFound, "no values of a channel of " + tensor});
  };
  sources.moments = [](const std::string&) { return std::optional<InputMoments>(); };
  return sources;
}

// Root mean square of the difference over that of the expected values' deviation from their mean.
double relative_rms(const Tensor& actual, const Tensor& expected) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (actual.dtype() != DType::kFloat32 || actual.shape() != expected.shape()) return kInfinity;
  const auto got = actual.values<float>();
  const auto wanted = expected.values<float>();
  double mean = 0;
  for (const float value : wanted) mean += value;
  mean /= static_cast<double>(wanted.size());
  double difference = 0;
  double spread = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!std::isfinite(got[i])) return kInfinity;
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

class RealityCheck {
 public:
  RealityCheck(const RealityCheckOptions& options, const Progress& progress)
      : options_(options), progress_(progress), start_(Clock::now()) {}

  Result<DeviceCheck> run() && {
    if (auto up = ensure_harness(); !up) return up.error();
    const host::MachineFacts machine = host::machine_facts();
    check_.cpu_model = machine.cpu_model;
    check_.processor = host::processor_kind(machine);
    check_.runtime_version = harness_->hello().version;
    const auto precisions = harness_->hello().precisions;
    const auto takes = [&](Precision precision) {
      return std::ranges::find(precisions, name_of(precision)) != precisions.end();
    };
    check_.int8 = options_.int8 && takes(Precision::kInt8);
    for (const Precision precision : kFloatPrecisions) {
      const bool shorter = precision != Precision::kFp32;
      if (shorter && takes(precision)) floats_.push_back({.precision = precision, .why_not = {}});
    }
    if (auto first = take_canary(); !first) {
      check_.refused = first.error().message;
    } else {
      if (auto done = measure(); !done) return done.error();
    }
    CheckVerdict verdict =
        judge(options_.harness.name, check_.correctness, check_.kernels, floats_);
    check_.floats = std::move(verdict.floats);
    check_.avoid = std::move(verdict.avoid);
    check_.findings = std::move(verdict.findings);
    check_.seconds = elapsed();
    return std::move(check_);
  }

 private:
  double elapsed() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  // A harness that a model has ended is started again.
  Result<std::monostate> ensure_harness() {
    if (harness_) return std::monostate{};
    auto started = Harness::start(options_.harness);
    if (!started) return started.error();
    harness_ = std::move(started).value();
    return std::monostate{};
  }

  void forget_if_dead(const Error& error) {
    if (error.code == ErrorCode::kInternal || error.code == ErrorCode::kDeadlineExceeded) {
      harness_.reset();
    }
  }

  Result<std::monostate> take_canary() {
    if (auto up = ensure_harness(); !up) return up;
    const auto reading = read_canary(*harness_, options_.harness.scratch, options_.threads);
    if (!reading) {
      forget_if_dead(reading.error());
      return reading.error();
    }
    check_.canary_ms.push_back(reading.value().count());
    return std::monostate{};
  }

  Result<std::monostate> measure() {
    if (check_.int8 || !floats_.empty()) {
      if (auto done = probe_correctness(); !done) return done;
      (void)take_canary();
    }
    if (auto made = make_variants(); !made) return made;
    for (int round = 0; round < options_.rounds; ++round) {
      if (auto done = time_variants(round); !done) return done;
      (void)take_canary();  // it ran before: a reading less is no reason to end
    }
    for (Variant& variant : variants_) {
      for (KernelTiming& row : variant.rows) {
        row.median_us = variant.best_us();
        if (variant.best_us() > 0) check_.kernels.push_back(row);
      }
    }
    return std::monostate{};
  }

  // --- correctness ---

  Result<std::monostate> probe_correctness() {
    for (const ProbeNetwork& network : correctness_networks()) {
      progress_(0.0, "is it right: " + network.name);
      const auto observed = observe_ranges(network);
      if (!observed) return observed.error();
      for (FloatCheck& floats : floats_) {
        if (auto done = probe_floats(network, observed.value(), floats); !done) return done;
      }
      if (!check_.int8) continue;
      for (const QdqPlacement placement : kAllPlacements) {
        for (const int bits : {8, 7}) {
          auto probe = probe_one(network, observed.value(), placement, bits);
          if (!probe) return probe.error();
          check_.correctness.push_back(std::move(probe).value());
        }
      }
    }
    return std::monostate{};
  }

  // The worst network counts.
  Result<std::monostate> probe_floats(const ProbeNetwork& network, const Observed& observed,
                                      FloatCheck& check) {
    if (!check.why_not.empty()) return std::monostate{};
    const auto output = run_on_target(export_onnx(network.graph), network.input, check.precision);
    if (output) {
      check.error = std::max(check.error, relative_rms(output.value(), observed.output));
      return std::monostate{};
    }
    check.error = std::numeric_limits<double>::infinity();
    check.why_not = output.error().message;
    return ensure_harness();
  }

  Result<CorrectnessProbe> probe_one(const ProbeNetwork& network, const Observed& observed,
                                     QdqPlacement placement, int bits) {
    QuantizationPlan plan;
    plan.placement = placement;
    plan.weight_bits = bits;
    const QuantizationSources sources =
        ranges_from([&](const std::string& tensor) { return observed.ranges.at(tensor); });
    const auto quantized = insert_qdq(network.graph, plan, sources);
    if (!quantized) return quantized.error();
    const auto simulated = insert_qdq(network.graph, plan, sources, WeightForm::kSimulated);
    if (!simulated) return simulated.error();
    const auto exact = run_on_executor(simulated.value().graph, network.input);
    if (!exact) return exact.error();
    CorrectnessProbe probe{.network = network.name,
                           .trait = network.trait,
                           .placement = placement,
                           .weight_bits = bits,
                           .failure = {}};
    probe.expected = relative_rms(exact.value(), observed.output);
    auto output = run_on_target(export_onnx(quantized.value().graph), network.input);
    if (output) {
      probe.error = relative_rms(output.value(), observed.output);
    } else {
      if (auto up = ensure_harness(); !up) return up.error();
      probe.error = std::numeric_limits<double>::infinity();
      probe.failure = output.error().message;
    }
    probe.ok = is_explained(probe.error, probe.expected);
    return probe;
  }

  Result<Tensor> run_on_target(const std::string& onnx, const Tensor& input,
                               Precision floats = Precision::kFp32) {
    const auto file = write("probe.onnx", onnx);
    if (!file) return file.error();
    const auto fail = [&](const Error& error) {
      forget_if_dead(error);
      return error;
    };
    if (auto up = ensure_harness(); !up) return up.error();
    const auto loaded =
        harness_->load(file.value(), {.threads = options_.threads, .floats = floats});
    if (!loaded) return fail(loaded.error());
    auto outputs = harness_->run({input});
    if (!outputs) return fail(outputs.error());
    return std::move(outputs).value().front();
  }

  Result<fs::path> write(const std::string& name, const std::string& content) const {
    const fs::path file = options_.harness.scratch / name;
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out << content;
    out.close();
    if (!out) return Error{ErrorCode::kUnavailable, "cannot write " + file.string()};
    return file;
  }

  // --- kernels ---

  // One file to time, and all that it stands for: placements may give the same file.
  struct Variant {
    fs::path file;
    std::string onnx;
    Tensor input;
    std::vector<KernelTiming> rows;
    Precision floats = Precision::kFp32;
    fs::path kept = {};  // what the runtime made of it, once it was loaded; it need not be there
    std::vector<double> us = {};  // a round each

    double best_us() const { return us.empty() ? 0 : *std::ranges::min_element(us); }
    // Another round would not come out faster.
    bool settled() const {
      return us.size() >= kFewestRounds &&
             *std::ranges::max_element(us) <= (1 + kSettled) * best_us();
    }
  };

  static bool every_class(int channels) {
    return std::ranges::find(kEveryClassAt, channels) != std::end(kEveryClassAt);
  }

  Result<std::monostate> make_variants() {
    for (const int channels : options_.widths) {
      for (const KernelClass kernel : kAllKernelClasses) {
        const bool plain = kernel == KernelClass::kConv3x3 || kernel == KernelClass::kConv1x1;
        if (!every_class(channels) && !plain) continue;
        if (auto made = make_variants(kernel, channels); !made) return made;
      }
    }
    return std::monostate{};
  }

  Result<std::monostate> make_variants(KernelClass kernel, int channels) {
    const ProbeNetwork network = kernel_network(kernel, channels, options_.size);
    const std::size_t first = variants_.size();
    const bool mixed = kernel == KernelClass::kSeparableMixed;
    if (!mixed) {
      if (auto made = add_variant(network, network.graph, kernel, channels, {}, first); !made) {
        return made;
      }
      for (const FloatCheck& floats : floats_) {
        if (floats.why_not.empty() && every_class(channels)) add_floats(first, floats.precision);
      }
    }
    if (!check_.int8) return std::monostate{};
    const QuantizationSources sources =
        ranges_from([&](const std::string& tensor) { return kernel_range(network.graph, tensor); });
    for (const QdqPlacement placement : kAllPlacements) {
      QuantizationPlan plan;
      plan.placement = placement;
      const auto quantized =
          insert_qdq(network.graph, plan, sources, WeightForm::kInteger,
                     mixed ? depthwise_layers(network.graph) : std::vector<std::string>{});
      if (!quantized) return quantized.error();
      auto made = add_variant(network, quantized.value().graph, kernel, channels, placement, first);
      if (!made) return made;
    }
    return std::monostate{};
  }

  Result<std::monostate> add_variant(const ProbeNetwork& network, const Graph& graph,
                                     KernelClass kernel, int channels,
                                     std::optional<QdqPlacement> placement, std::size_t first) {
    std::string onnx = export_onnx(graph);
    const KernelTiming row{
        .kernel = kernel, .channels = channels, .size = options_.size, .placement = placement};
    for (std::size_t v = first; v < variants_.size(); ++v) {
      if (variants_[v].onnx != onnx || variants_[v].floats != Precision::kFp32) continue;
      variants_[v].rows.push_back(row);
      return std::monostate{};
    }
    auto file = write("kernel-" + std::to_string(variants_.size()) + ".onnx", onnx);
    if (!file) return file.error();
    variants_.push_back({std::move(file).value(), std::move(onnx), network.input, {row}});
    return std::monostate{};
  }

  // The file of another variant, computed in another type.
  void add_floats(std::size_t of, Precision floats) {
    Variant variant = variants_[of];
    variant.rows.resize(1);
    variant.rows.front().floats = variant.floats = floats;
    variants_.push_back(std::move(variant));
  }

  Result<std::monostate> time_variants(int round) {
    for (std::size_t v = 0; v < variants_.size(); ++v) {
      if (elapsed() > options_.max_seconds) return std::monostate{};
      if (variants_[v].settled()) continue;
      const double share = static_cast<double>(v) / static_cast<double>(variants_.size());
      progress_((round + share) / options_.rounds, "kernels, round " + std::to_string(round + 1) +
                                                       " of " + std::to_string(options_.rounds));
      if (auto up = ensure_harness(); !up) return up;
      time_one(variants_[v], v);
    }
    return std::monostate{};
  }

  // A kernel that does not run has no time; that int8 does not run shows in the correctness.
  void time_one(Variant& variant, std::size_t which) {
    const auto loaded = harness_->load(
        variant.file,
        {.threads = options_.threads, .floats = variant.floats, .kept = variant.kept});
    if (!loaded) return forget_if_dead(loaded.error());
    if (variant.kept.empty() && harness_->hello().keeps) {
      variant.kept = options_.harness.scratch / ("kernel-" + std::to_string(which) + ".kept");
      (void)harness_->keep(variant.kept);
    }
    const auto timing = harness_->time({variant.input}, kKernelTiming);
    if (!timing) return forget_if_dead(timing.error());
    variant.us.push_back(pare::summarize(timing.value().samples_ms).median.count() * 1000);
  }

  const RealityCheckOptions& options_;
  const Progress& progress_;
  Clock::time_point start_;
  std::unique_ptr<Harness> harness_;
  DeviceCheck check_;
  std::vector<FloatCheck> floats_;
  std::vector<Variant> variants_;
};

}  // namespace

Result<DeviceCheck> reality_check(const RealityCheckOptions& options, const Progress& progress) {
  return RealityCheck(options, progress).run();
}

}  // namespace pare::engine
