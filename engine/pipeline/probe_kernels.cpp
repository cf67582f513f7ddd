#include "engine/pipeline/probe_kernels.h"

#include <algorithm>
#include <utility>

#include "core/samples.h"
#include "engine/onnx/onnx_io.h"
#include "engine/pipeline/probe_networks.h"
#include "engine/pipeline/probe_ranges.h"

namespace pare::engine {
namespace {

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

bool every_class(int channels) {
  return std::ranges::find(kEveryClassAt, channels) != std::end(kEveryClassAt);
}

bool is_plain(KernelClass kernel) {
  return kernel == KernelClass::kConv3x3 || kernel == KernelClass::kConv1x1;
}

// Times do not depend on the ranges, except that zero is the lowest value behind a Relu: a runtime
// then folds it into the layer before.
Range kernel_range(const Graph& graph, const std::string& tensor) {
  const auto maker = std::ranges::find_if(
      graph.nodes, [&](const Node& node) { return node.outputs[0] == tensor; });
  const bool behind_relu = maker != graph.nodes.end() && maker->op == "Relu";
  return {behind_relu ? 0.0F : -4.0F, 4.0F};
}

}  // namespace

double ProbeKernels::Variant::best_us() const {
  return us.empty() ? 0 : *std::ranges::min_element(us);
}

bool ProbeKernels::Variant::settled() const {
  return us.size() >= kFewestRounds && *std::ranges::max_element(us) <= (1 + kSettled) * best_us();
}

Result<ProbeKernels> ProbeKernels::make(const ProbeKernelsOptions& options, ProbeHarness& harness) {
  ProbeKernels kernels;
  for (const int channels : options.widths) {
    for (const KernelClass kernel : kAllKernelClasses) {
      if (!every_class(channels) && !is_plain(kernel)) continue;
      if (auto made = kernels.add_kernel(kernel, channels, options, harness); !made) {
        return made.error();
      }
    }
  }
  return kernels;
}

Result<std::monostate> ProbeKernels::add_kernel(KernelClass kernel, int channels,
                                                const ProbeKernelsOptions& options,
                                                ProbeHarness& harness) {
  const ProbeNetwork network = kernel_network(kernel, channels, options.size);
  const KernelTiming row{
      .kernel = kernel, .channels = channels, .size = options.size, .placement = {}};
  const std::size_t first = variants_.size();
  if (kernel != KernelClass::kSeparableMixed) {
    if (auto made = add_variant(network.graph, network.input, row, first, harness); !made) {
      return made;
    }
    for (const Precision precision : options.floats) {
      if (every_class(channels)) add_floats(first, precision);
    }
  }
  if (!options.int8) return std::monostate{};
  return add_int8(kernel, network.graph, network.input, row, first, harness);
}

Result<std::monostate> ProbeKernels::add_int8(KernelClass kernel, const Graph& graph,
                                              const Tensor& input, KernelTiming row,
                                              std::size_t first, ProbeHarness& harness) {
  const QuantizationSources sources =
      sources_from([&](const std::string& tensor) { return kernel_range(graph, tensor); });
  const auto in_floats =
      kernel == KernelClass::kSeparableMixed ? depthwise_layers(graph) : std::vector<std::string>{};
  for (const QdqPlacement placement : kAllPlacements) {
    QuantizationPlan plan;
    plan.placement = placement;
    const auto quantized = insert_qdq(graph, plan, sources, WeightForm::kInteger, in_floats);
    if (!quantized) return quantized.error();
    row.placement = placement;
    auto made = add_variant(quantized.value().graph, input, row, first, harness);
    if (!made) return made;
  }
  return std::monostate{};
}

Result<std::monostate> ProbeKernels::add_variant(const Graph& graph, const Tensor& input,
                                                 const KernelTiming& row, std::size_t first,
                                                 ProbeHarness& harness) {
  std::string onnx = export_onnx(graph);
  for (std::size_t v = first; v < variants_.size(); ++v) {
    if (variants_[v].onnx != onnx || variants_[v].floats != Precision::kFp32) continue;
    variants_[v].rows.push_back(row);
    return std::monostate{};
  }
  auto file = harness.write("kernel-" + std::to_string(variants_.size()) + ".onnx", onnx);
  if (!file) return file.error();
  variants_.push_back({std::move(file).value(), std::move(onnx), input, {row}});
  return std::monostate{};
}

// The file of another variant, computed in another type.
void ProbeKernels::add_floats(std::size_t of, Precision floats) {
  Variant variant = variants_[of];
  variant.rows.resize(1);
  variant.rows.front().floats = variant.floats = floats;
  variants_.push_back(std::move(variant));
}

void ProbeKernels::load_ahead(const HarnessOptions& options, int threads) {
  const auto started = Harness::start(options);
  if (!started || !started.value()->hello().keeps) return;
  Harness& harness = *started.value();
  for (std::size_t v = 0; v < variants_.size(); ++v) {
    Variant& variant = variants_[v];
    if (const auto loaded = harness.load(variant.file, variant.load_options(threads)); !loaded) {
      if (ended(loaded.error())) return;
      continue;
    }
    const auto place = options.scratch / ("kernel-" + std::to_string(v) + ".kept");
    if (!harness.keep(place)) return;
    variant.kept = place;
  }
}

Result<std::monostate> ProbeKernels::time_round(
    ProbeHarness& harness, const std::function<bool(std::size_t done, std::size_t all)>& before) {
  for (std::size_t v = 0; v < variants_.size(); ++v) {
    if (!before(v, variants_.size())) return std::monostate{};
    if (variants_[v].settled()) continue;
    const auto up = harness.up();
    if (!up) return up.error();
    time_one(variants_[v], harness, *up.value());
  }
  return std::monostate{};
}

// That int8 does not run shows in the correctness.
void ProbeKernels::time_one(Variant& variant, ProbeHarness& probe, Harness& harness) {
  const auto loaded = harness.load(variant.file, variant.load_options(probe.threads()));
  if (!loaded) {
    (void)probe.failed(loaded.error());
    return;
  }
  const auto timing = harness.time({variant.input}, kKernelTiming);
  if (!timing) {
    (void)probe.failed(timing.error());
    return;
  }
  variant.us.push_back(pare::summarize(timing.value().samples_ms).median.count() * 1000);
}

std::vector<KernelTiming> ProbeKernels::times() const {
  std::vector<KernelTiming> times;
  for (const Variant& variant : variants_) {
    if (variant.us.empty()) continue;
    for (KernelTiming row : variant.rows) {
      row.median_us = variant.best_us();
      times.push_back(row);
    }
  }
  return times;
}

}  // namespace pare::engine
