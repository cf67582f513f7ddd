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
#include "engine/pipeline/parity.h"
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

// What the harness has loaded, so that it is not loaded again.
class LoadedFile {
 public:
  LoadedFile(Harness& harness, int threads, Stopwatch& watch)
      : harness_(harness), threads_(threads), watch_(watch) {}

  Harness& harness() const noexcept { return harness_; }

  Result<LoadedModel> load(const std::filesystem::path& file) {
    if (file == file_) return model_;
    const auto lap = watch_.lap(Phase::kLoad);
    const auto options = load_options(file, threads_);
    if (!options) return options.error();
    auto loaded = harness_.load(file, options.value());
    if (!loaded) return loaded;
    file_ = file;
    model_ = loaded.value();
    return loaded;
  }

 private:
  Harness& harness_;
  int threads_;
  Stopwatch& watch_;
  std::filesystem::path file_;  // empty: none of ours
  LoadedModel model_;
};

// The executor, which says what the outputs should be, and how far they may differ in float32.
struct Expectation {
  std::unique_ptr<Runner> executor;
  double tolerance = 0;
};

// nullopt: nothing is expected.
Result<std::optional<Expectation>> expect(const std::filesystem::path& candidate,
                                          const BenchmarkOptions& options, Stopwatch& watch) {
  if (options.parity_tolerance <= 0) return std::optional<Expectation>();
  const auto lap = watch.lap(Phase::kParity);
  const auto graph = import_onnx_file(candidate);
  if (!graph) return graph.error();
  auto executor =
      make_openvino_runner(graph.value(), options.scored, {.cache = options.executor_cache});
  if (!executor) return executor.error();
  const double looser = has_halves(graph.value()) ? kHalfTolerance : 1;
  return std::optional(Expectation{std::move(executor).value(), options.parity_tolerance * looser});
}

// Compares what the candidate is scored by; loads that, where it is not the candidate's outputs.
// nullopt: nothing was expected.
Result<std::optional<Parity>> check_parity(const std::filesystem::path& scored,
                                           std::optional<Expectation> expected,
                                           const std::vector<Tensor>& images, LoadedFile& loaded,
                                           Stopwatch& watch) {
  if (!expected) return std::optional<Parity>();
  Harness& harness = loaded.harness();
  if (const auto there = loaded.load(scored); !there) return there.error();
  auto parity = compare_outputs(*expected->executor, harness, images, expected->tolerance, watch);
  if (!parity) return parity.error();
  if (parity.value().agrees()) return std::optional(std::move(parity).value());
  std::ostringstream reason;
  reason << harness.options().name << " computes something else than the executor: output \""
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
  evidence.cores = harness.options().cores;
  evidence.machine = host::machine_facts();
  return evidence;
}

// For whoever loads the candidate next.  Where it cannot be kept, they load it as we did.
void keep(const std::filesystem::path& file, Harness& harness, Stopwatch& watch) {
  if (!harness.hello().keeps) return;
  const auto lap = watch.lap(Phase::kLoad);
  (void)harness.keep(file);
}

// Where that lies: for its scoring, too, where loading it took long; else for its profile alone.
std::filesystem::path place_to_keep(const BenchmarkOptions& options, const LoadedModel& loaded,
                                    const std::filesystem::path& folder) {
  if (!options.kept.empty() && loaded.took >= options.worth_keeping) return options.kept;
  return options.profile ? folder / "candidate.kept" : std::filesystem::path();
}

// The candidate's layers timed, one by one.  `kept`: what the runtime may have kept of it.
Result<std::map<std::string, double>> profile(const std::filesystem::path& candidate,
                                              const std::filesystem::path& kept,
                                              const Tensor& image, const BenchmarkOptions& options,
                                              Harness& harness, Stopwatch& watch) {
  const auto lap = watch.lap(Phase::kProfile);
  const auto graph = import_onnx_file(candidate);
  if (!graph) return graph.error();
  const auto loaded = harness.load(candidate, {.threads = options.threads,
                                               .profile = true,
                                               .floats = floats_of(graph.value().about),
                                               .kept = kept});
  if (!loaded) return loaded.error();
  const auto timing = harness.time({image}, kProfileTiming);
  if (!timing) return timing.error();
  return times_of_layers(graph.value(), timing.value().layers);
}

Result<Millis> canary(Harness& harness, int threads, Stopwatch& watch) {
  const auto lap = watch.lap(Phase::kCanary);
  return read_canary(harness, harness.options().scratch, threads);
}

Result<Millis> canary_before(Harness& harness, const BenchmarkOptions& options, Stopwatch& watch) {
  if (const auto left = left_canary(options.canary)) return *left;
  return canary(harness, options.threads, watch);
}

Result<Millis> canary_after(Harness& harness, const BenchmarkOptions& options, Stopwatch& watch) {
  const auto reading = canary(harness, options.threads, watch);
  if (reading && !options.canary.empty()) leave_canary(options.canary, reading.value());
  return reading;
}

// What is scored answers; before the canary takes its place.
Result<OutputFingerprint> answers_of(const std::filesystem::path& scored,
                                     const std::vector<Tensor>& images, LoadedFile& loaded,
                                     Stopwatch& watch) {
  if (const auto there = loaded.load(scored); !there) return there.error();
  return fingerprint(loaded.harness(), images, watch);
}

Result<Timing> timed(Harness& harness, const Tensor& image, const BenchmarkOptions& options,
                     Stopwatch& watch) {
  const auto lap = watch.lap(Phase::kTime);
  return harness.time({image},
                      {.min_samples = options.min_samples, .max_seconds = options.max_seconds});
}

// Keeps what the runtime compiled, where it is worth it; the place, or empty.
std::filesystem::path kept_at(const BenchmarkOptions& options, const LoadedModel& loaded,
                              Harness& harness, Stopwatch& watch) {
  std::filesystem::path place = place_to_keep(options, loaded, harness.options().scratch);
  if (!place.empty()) keep(place, harness, watch);
  return place;
}

void add_samples(Timing timing, const LoadedModel& loaded, Measurement& result,
                 Evidence& evidence) {
  result.load = loaded.load;
  evidence.warmup_runs = timing.warmup_runs;
  evidence.stationary = timing.stationary;
  evidence.narrow = timing.narrow;
  result.samples_ms = std::move(timing.samples_ms);
  static_cast<Latency&>(result) = pare::summarize(result.samples_ms);
  result.p90 = p90(result.samples_ms);
}

// The candidate has been measured: a runtime that cannot tell more fails nothing.
void add_layers(Result<std::map<std::string, double>> layers, Measurement& result,
                Evidence& evidence) {
  if (layers) {
    result.layers_ms = std::move(layers).value();
  } else {
    evidence.no_layers = layers.error().message;
  }
}

}  // namespace

Result<Measurement> benchmark(std::unique_ptr<Harness> harness,
                              const std::filesystem::path& candidate,
                              const std::vector<Tensor>& images, const BenchmarkOptions& options,
                              Stopwatch& watch) {
  PARE_CHECK(!images.empty(), "there is an image to time");
  auto expected = expect(candidate, options, watch);  // made ready before anything is measured
  if (!expected) return expected.error();
  const auto greeted = watch.during(Phase::kLoad, [&] { return harness->greet(); });
  if (!greeted) return greeted.error();
  const auto before = canary_before(*harness, options, watch);
  if (!before) return before.error();
  const auto scored = scored_file(candidate, options.scored, harness->options().scratch);
  if (!scored) return scored.error();
  LoadedFile file(*harness, options.threads, watch);
  Measurement result;
  // Takes the executor along: while the candidate is timed there is nobody else.
  auto parity = check_parity(scored.value(), std::move(expected).value(), images, file, watch);
  if (!parity) return parity.error();
  result.parity = std::move(parity).value();
  const auto loaded = file.load(candidate);
  if (!loaded) return loaded.error();
  Evidence evidence = evidence_of(options, *harness, loaded.value());
  evidence.before = host::machine_state(harness->options().cores);
  auto timing = timed(*harness, images.front(), options, watch);
  if (!timing) return timing.error();
  result.peak_memory_bytes = harness->peak_memory().count;
  const std::filesystem::path kept = kept_at(options, loaded.value(), *harness, watch);
  if (options.fingerprint) {
    auto answers = answers_of(scored.value(), images, file, watch);
    if (!answers) return answers.error();
    result.fingerprint = std::move(answers).value();
  }
  const auto after = canary_after(*harness, options, watch);
  if (!after) return after.error();
  evidence.after = host::machine_state(harness->options().cores);
  add_samples(std::move(timing).value(), loaded.value(), result, evidence);
  result.canary = CanaryPair{before.value().count(), after.value().count()};
  if (options.profile) {
    add_layers(profile(candidate, kept, images.front(), options, *harness, watch), result,
               evidence);
  }
  result.evidence_json = to_json(evidence);
  return result;
}

}  // namespace pare::engine
