// Tasks that measure: benchmark, compare, check.
#include <algorithm>

#include "engine/pipeline/benchmark.h"
#include "engine/pipeline/candidate_file.h"
#include "engine/pipeline/comparison.h"
#include "engine/pipeline/reality_check.h"
#include "engine/pipeline/scoring.h"
#include "engine/program/accuracy_tasks.h"
#include "engine/program/task_context.h"
#include "wire/measurement_json.h"

namespace pare::engine {

TaskEnd run(const TaskContext& context, const wire::BenchmarkParams& params) {
  auto harness = context.spawned(params.runtime);
  if (!harness) return harness.error();
  const auto candidate = context.candidate("candidate");
  if (!candidate) return candidate.error();
  const auto dataset = context.dataset();
  if (!dataset) return dataset.error();
  const int wanted = std::max(params.parity ? params.parity->images : 1, params.fingerprint_images);
  const auto images =
      context.calibration_inputs(dataset.value(), params.card, candidate.value(), wanted);
  if (!images) return images.error();
  BenchmarkOptions options{.threads = params.threads};
  options.parity_tolerance = params.parity ? params.parity->tolerance : 0;
  options.min_samples = params.min_samples;
  options.max_seconds = params.max_seconds;
  options.profile = params.profile;
  options.kept = context.kept(params.runtime, params.threads);
  options.canary = context.canary_file(params.runtime, params.threads);
  options.executor_cache = context.document.kept;
  options.fingerprint = params.fingerprint_images > 0;
  options.scored = params.card.scored;
  const auto sha256 = context.document.blobs.find("candidate");
  if (sha256 != context.document.blobs.end()) options.candidate_sha256 = sha256->second;
  auto timed = benchmark(std::move(harness).value(), candidate.value().path, images.value(),
                         options, context.watch);
  if (!timed) return timed.error();
  Measurement measured = std::move(timed).value();
  auto samples =
      context.artifact("samples", "samples.json", wire::samples_to_json(measured.samples_ms));
  if (!samples) return samples.error();
  measured.samples_ms.clear();
  return wire::TaskSuccess{std::move(measured), {std::move(samples).value()}};
}

TaskEnd run(const TaskContext& context, const wire::CheckParams& params) {
  auto harness = context.harness(params.runtime, "harness");
  if (!harness) return harness.error();
  RealityCheckOptions options{.harness = std::move(harness).value(), .threads = params.threads};
  options.int8 = params.int8;
  options.max_seconds = params.max_seconds;
  auto check = reality_check(options, context.progress);
  if (!check) return check.error();
  return wire::TaskSuccess{std::move(check).value(), {}};
}

TaskEnd run(const TaskContext& context, const wire::CompareParams& params) {
  const auto a = context.candidate("candidate_a");
  if (!a) return a.error();
  const auto b = context.candidate("candidate_b");
  if (!b) return b.error();
  const auto dataset = context.dataset();
  if (!dataset) return dataset.error();
  const auto accuracy = compare_stored(context, params, dataset.value());
  if (!accuracy) return accuracy.error();

  auto harness_a = context.harness(params.runtime, "a");
  if (!harness_a) return harness_a.error();
  auto harness_b = context.harness(params.runtime, "b");
  if (!harness_b) return harness_b.error();
  const auto image_a = context.calibration_inputs(dataset.value(), params.card, a.value(), 1);
  if (!image_a) return image_a.error();
  const auto image_b = context.calibration_inputs(dataset.value(), params.card, b.value(), 1);
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
  const AccuracyAb& found = accuracy.value().accuracy;
  wire::CompareResult result;
  result.latency = {time.ratio, time.low, time.high, time.blocks, time.verdict};
  result.accuracy = {found.labels, found.delta, found.low, found.high, found.images, found.verdict};
  result.verdict = overall_verdict(time.verdict, found.verdict);
  result.sentence = sentence_of(time, found, params.alpha, accuracy.value().lost_classes);
  return wire::TaskSuccess{std::move(result), {}};
}

}  // namespace pare::engine
