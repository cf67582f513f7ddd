#include "engine/pipeline/benchmark.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "core/samples.h"
#include "engine/executor/openvino_runner.h"
#include "engine/harness/evidence.h"
#include "engine/onnx/onnx_io.h"
#include "engine/pipeline/canary.h"
#include "engine/pipeline/candidate_file.h"
#include "engine/pipeline/fingerprint.h"
#include "engine/pipeline/layer_times.h"
#include "host/facts.h"

namespace pare::engine {
namespace {

// The harness profiles a few runs behind these, which warm the candidate up.
constexpr TimingOptions kProfileTiming = {
    .window = 2, .warmup_max_seconds = 0.2, .min_samples = 2, .max_samples = 2, .max_seconds = 0.5};

// The graph computes in half precision somewhere.
bool has_halves(const Graph& graph) {
  const auto is_half = [](DType type) { return type == DType::kFloat16; };
  return std::ranges::any_of(graph.constants,
                             [&](const auto& entry) { return is_half(entry.second.dtype()); }) ||
         std::ranges::any_of(graph.outputs,
                             [&](const TensorInfo& output) { return is_half(output.dtype); });
}

// Compares what the candidate is scored by; loads that, where it is not the candidate's outputs.
Result<Parity> check_parity(const std::filesystem::path& candidate,
                            const std::vector<Tensor>& images, const BenchmarkOptions& options,
                            Harness& harness, Stopwatch& watch) {
  double tolerance = options.parity_tolerance;
  auto executor = watch.during(Phase::kParity, [&]() -> Result<std::unique_ptr<Runner>> {
    const auto graph = import_onnx_file(candidate);
    if (!graph) return graph.error();
    if (has_halves(graph.value())) tolerance *= kHalfTolerance;
    return make_openvino_runner(graph.value(), options.scored);
  });
  if (!executor) return executor.error();
  const auto file = scored_file(candidate, options.scored, options.harness.scratch);
  if (!file) return file.error();
  if (const auto loaded = harness.load(file.value(), {.threads = options.threads}); !loaded) {
    return loaded.error();
  }
  auto parity = compare_outputs(*executor.value(), harness, images, tolerance, watch);
  if (!parity || parity.value().agrees()) return parity;
  std::ostringstream reason;
  reason << options.harness.name << " computes something else than the executor: output \""
         << parity.value().output << "\" differs by " << parity.value().max_error
         << " of its range over " << images.size() << " images, more than "
         << parity.value().tolerance;
  return Error{ErrorCode::kUnsupported, reason.str()};
}

Evidence evidence_of(const BenchmarkOptions& options, const Harness& harness,
                     const LoadedModel& loaded) {
  Evidence evidence;
  evidence.runtime = harness.hello().runtime;
  evidence.versions = harness.hello().versions;
  evidence.settings = loaded.settings;
  evidence.candidate_sha256 = options.candidate_sha256;
  evidence.threads = options.threads;
  evidence.cores = options.harness.cores;
  evidence.machine = host::machine_facts();
  return evidence;
}

// What is scored, from what is loaded or, where the candidate does not hand it out, from a copy.
Result<OutputFingerprint> look_at_answers(const std::filesystem::path& candidate,
                                          const std::vector<Tensor>& images,
                                          const BenchmarkOptions& options, Harness& harness,
                                          Stopwatch& watch) {
  const auto file = scored_file(candidate, options.scored, options.harness.scratch);
  if (!file) return file.error();
  if (file.value() != candidate) {
    const auto loaded = harness.load(file.value(), {.threads = options.threads});
    if (!loaded) return loaded.error();
  }
  return fingerprint(harness, images, watch);
}

// The candidate's layers timed, one by one.
Result<std::map<std::string, double>> profile(const std::filesystem::path& candidate,
                                              const Tensor& image, const BenchmarkOptions& options,
                                              Harness& harness, Stopwatch& watch) {
  const auto lap = watch.lap(Phase::kProfile);
  const auto graph = import_onnx_file(candidate);
  if (!graph) return graph.error();
  const auto loaded = harness.load(candidate, {.threads = options.threads, .profile = true});
  if (!loaded) return loaded.error();
  const auto timing = harness.time({image}, kProfileTiming);
  if (!timing) return timing.error();
  return times_of_layers(graph.value(), timing.value().layers);
}

}  // namespace

Result<Benchmark> benchmark(const std::filesystem::path& candidate,
                            const std::vector<Tensor>& images, const BenchmarkOptions& options,
                            Stopwatch& watch) {
  PARE_CHECK(!images.empty(), "there is an image to time");
  auto harness = watch.during(Phase::kLoad, [&] { return Harness::start(options.harness); });
  if (!harness) return harness.error();
  const auto canary = [&] {
    const auto lap = watch.lap(Phase::kCanary);
    return read_canary(*harness.value(), options.harness.scratch, options.threads);
  };
  const auto before = canary();
  if (!before) return before.error();
  Benchmark result;
  if (options.parity_tolerance > 0) {
    auto parity = check_parity(candidate, images, options, *harness.value(), watch);
    if (!parity) return parity.error();
    result.parity = parity.value();
  }
  const auto loaded = watch.during(
      Phase::kLoad, [&] { return harness.value()->load(candidate, {.threads = options.threads}); });
  if (!loaded) return loaded.error();
  Evidence evidence = evidence_of(options, *harness.value(), loaded.value());
  evidence.before = host::machine_state(options.harness.cores);
  auto timing = watch.during(Phase::kTime, [&] {
    return harness.value()->time(
        {images.front()}, {.min_samples = options.min_samples, .max_seconds = options.max_seconds});
  });
  if (!timing) return timing.error();
  result.peak_memory = harness.value()->peak_memory();
  if (options.fingerprint) {  // the canary takes the candidate's place
    auto answers = look_at_answers(candidate, images, options, *harness.value(), watch);
    if (!answers) return answers.error();
    result.fingerprint = std::move(answers).value();
  }
  const auto after = canary();
  if (!after) return after.error();
  evidence.after = host::machine_state(options.harness.cores);
  evidence.warmup_runs = timing.value().warmup_runs;
  evidence.stationary = timing.value().stationary;
  evidence.narrow = timing.value().narrow;

  result.samples_ms = std::move(timing).value().samples_ms;
  result.latency = pare::summarize(result.samples_ms);
  result.p90 = p90(result.samples_ms);
  result.load = loaded.value().load;
  result.canary_before = before.value();
  result.canary_after = after.value();
  if (options.profile) {
    auto layers = profile(candidate, images.front(), options, *harness.value(), watch);
    // The candidate has been measured: a runtime that cannot tell more fails nothing.
    if (layers) result.layers_ms = std::move(layers).value();
    if (!layers) evidence.no_layers = layers.error().message;
  }
  result.evidence_json = to_json(evidence);
  return result;
}

}  // namespace pare::engine
