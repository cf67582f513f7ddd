// Tasks that measure: evaluate, benchmark, compare, check.
#include "engine/pipeline/benchmark.h"
#include "engine/pipeline/candidate_file.h"
#include "engine/pipeline/comparison.h"
#include "engine/pipeline/reality_check.h"
#include "engine/pipeline/scoring.h"
#include "engine/program/task_context.h"

namespace pare::engine {
namespace {

Result<CandidateFile> candidate_of(const TaskContext& context, const std::string& role) {
  const auto path = context.file(role);
  if (!path) return path.error();
  const auto lap = context.watch.lap(Phase::kOpen);
  return open_candidate(path.value());
}

// The executor in this process, or the runtime's harness.
Result<std::unique_ptr<Runner>> make_runner(const TaskContext& context,
                                            const CandidateFile& candidate,
                                            const std::string& runtime, int threads) {
  const auto lap = context.watch.lap(Phase::kLoad);
  if (runtime == wire::kExecutor) return run_on_executor(candidate, threads);
  auto harness = context.harness(runtime, "harness");
  if (!harness) return harness.error();
  return run_on_harness(candidate, std::move(harness).value(), threads);
}

// The first calibration images as inputs of this candidate.
Result<std::vector<Tensor>> calibration_inputs(const Dataset& dataset, const ModelCard& card,
                                               const CandidateFile& candidate, int count) {
  std::vector<Tensor> inputs;
  for (const DatasetImage& image : dataset.calibration) {
    if (static_cast<int>(inputs.size()) == count) break;
    auto input = input_image(image, card, candidate.height, candidate.width);
    if (!input) return input.error();
    inputs.push_back(std::move(input).value().tensor);
  }
  return inputs;
}

Result<CocoEvaluation> stored_evaluation(const TaskContext& context, const std::string& role,
                                         const Dataset& dataset) {
  const auto bytes = context.bytes(role);
  if (!bytes) return bytes.error();
  const std::string json(reinterpret_cast<const char*>(bytes.value().data()), bytes.value().size());
  const auto detections = parse_detections(json, dataset.categories);
  if (!detections) return detections.error();
  return coco_evaluation(dataset, detections.value());
}

}  // namespace

TaskEnd evaluate_task(const TaskContext& context, const wire::EvaluateParams& params) {
  const auto candidate = candidate_of(context, "candidate");
  if (!candidate) return candidate.error();
  const auto dataset = context.dataset();
  if (!dataset) return dataset.error();
  auto runner = make_runner(context, candidate.value(), params.runtime, params.threads);
  if (!runner) return runner.error();
  const auto scored =
      score(*runner.value(), dataset.value(), params.card, candidate.value().height,
            candidate.value().width, params.images, context.progress, context.watch);
  if (!scored) return scored.error();
  const CocoResult& figures = scored.value().result;
  wire::EvaluateResult result;
  result.map_50_95 = figures.figures.map_50_95;
  result.images = figures.images;
  const auto named = by_name(figures.figures);
  for (std::size_t f = 0; f < named.size(); ++f) result.coco[f] = named[f].second;
  for (std::size_t c = 0; c < figures.per_class.size(); ++c) {
    result.per_class[dataset.value().categories[c].name] = figures.per_class[c];
  }
  const auto lap = context.watch.lap(Phase::kScore);
  auto artifact =
      context.artifact("detections", "detections.json",
                       detections_to_json(scored.value().detections, dataset.value().categories));
  if (!artifact) return artifact.error();
  return wire::TaskSuccess{std::move(result), {std::move(artifact).value()}};
}

TaskEnd benchmark_task(const TaskContext& context, const wire::BenchmarkParams& params) {
  const auto candidate = candidate_of(context, "candidate");
  if (!candidate) return candidate.error();
  const auto dataset = context.dataset();
  if (!dataset) return dataset.error();
  const auto images = context.watch.during(Phase::kPreprocess, [&] {
    return calibration_inputs(dataset.value(), params.card, candidate.value(),
                              params.parity ? params.parity->images : 1);
  });
  if (!images) return images.error();
  auto harness = context.harness(params.runtime, "harness");
  if (!harness) return harness.error();
  BenchmarkOptions options{.harness = std::move(harness).value(), .threads = params.threads};
  options.parity_tolerance = params.parity ? params.parity->tolerance : 0;
  options.min_samples = params.min_samples;
  options.max_seconds = params.max_seconds;
  const auto sha256 = context.document.blobs.find("candidate");
  if (sha256 != context.document.blobs.end()) options.candidate_sha256 = sha256->second;
  const auto timed = benchmark(candidate.value().path, images.value(), options, context.watch);
  if (!timed) return timed.error();

  const Benchmark& measured = timed.value();
  wire::BenchmarkResult result{.median_ms = measured.latency.median.count(),
                               .low_ms = measured.latency.low.count(),
                               .high_ms = measured.latency.high.count(),
                               .p90_ms = {},
                               .samples_ms = measured.samples_ms,
                               .load_ms = measured.load.count(),
                               .peak_memory_bytes = measured.peak_memory.count,
                               .parity = {},
                               .canary = {},
                               .evidence_json = measured.evidence_json};
  result.canary = wire::CanaryResult{measured.canary_before.count(), measured.canary_after.count()};
  if (measured.p90) result.p90_ms = measured.p90->count();
  if (measured.parity) {
    result.parity = {measured.parity->images, measured.parity->max_error, params.parity->tolerance};
  }
  return wire::TaskSuccess{std::move(result), {}};
}

TaskEnd check_task(const TaskContext& context, const wire::CheckParams& params) {
  auto harness = context.harness(params.runtime, "harness");
  if (!harness) return harness.error();
  RealityCheckOptions options{.harness = std::move(harness).value(), .threads = params.threads};
  options.int8 = params.int8;
  options.max_seconds = params.max_seconds;
  auto check = reality_check(options, context.progress);
  if (!check) return check.error();
  return wire::TaskSuccess{std::move(check).value(), {}};
}

TaskEnd compare_task(const TaskContext& context, const wire::CompareParams& params) {
  const auto a = candidate_of(context, "candidate_a");
  if (!a) return a.error();
  const auto b = candidate_of(context, "candidate_b");
  if (!b) return b.error();
  const auto dataset = context.dataset();
  if (!dataset) return dataset.error();
  const auto scored_a = stored_evaluation(context, "detections_a", dataset.value());
  if (!scored_a) return scored_a.error();
  const auto scored_b = stored_evaluation(context, "detections_b", dataset.value());
  if (!scored_b) return scored_b.error();
  const auto accuracy = compare_accuracy(scored_a.value(), scored_b.value(), params.map_margin,
                                         params.alpha, params.seed);
  if (!accuracy) return accuracy.error();

  auto harness_a = context.harness(params.runtime, "a");
  if (!harness_a) return harness_a.error();
  auto harness_b = context.harness(params.runtime, "b");
  if (!harness_b) return harness_b.error();
  const auto image_a = calibration_inputs(dataset.value(), params.card, a.value(), 1);
  if (!image_a) return image_a.error();
  const auto image_b = calibration_inputs(dataset.value(), params.card, b.value(), 1);
  if (!image_b) return image_b.error();
  const ComparisonOptions options{.harness_a = std::move(harness_a).value(),
                                  .harness_b = std::move(harness_b).value(),
                                  .threads = params.threads,
                                  .alpha = params.alpha,
                                  .latency_margin = params.latency_margin,
                                  .min_blocks = params.min_blocks,
                                  .max_blocks = params.max_blocks,
                                  .seed = params.seed};
  const auto latency = compare_latency(a.value().path, image_a.value().front(), b.value().path,
                                       image_b.value().front(), options, context.progress);
  if (!latency) return latency.error();

  const LatencyAb& time = latency.value();
  const AccuracyAb& found = accuracy.value();
  std::vector<std::string> lost;
  for (const int category : found.lost_classes) {
    lost.push_back(dataset.value().categories[static_cast<std::size_t>(category)].name);
  }
  wire::CompareResult result;
  result.latency = {time.ratio, time.low, time.high, time.blocks, time.verdict};
  result.accuracy = {found.delta, found.low, found.high, found.images, found.verdict};
  result.verdict = overall_verdict(time.verdict, found.verdict);
  result.sentence = sentence_of(time, found, params.alpha, lost);
  return wire::TaskSuccess{std::move(result), {}};
}

}  // namespace pare::engine
