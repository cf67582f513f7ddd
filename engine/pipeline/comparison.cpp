#include "engine/pipeline/comparison.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <random>

#include "core/half_samples.h"
#include "engine/detect/half_samples.h"
#include "engine/pipeline/candidate_file.h"

namespace pare::engine {
namespace {

constexpr int kComparisonPairs = 500;

// Where the images are too few to be halved, all that is possible.
constexpr ConfidenceInterval kAnything{-1, 1};

struct Side {
  std::unique_ptr<Harness> harness;
  const Tensor* image;
};

Result<Side> open_side(const HarnessOptions& harness, const std::filesystem::path& model,
                       const Tensor& image, int threads) {
  auto started = Harness::start(harness);
  if (!started) return started.error();
  const auto options = load_options(model, threads);
  if (!options) return options.error();
  const auto loaded = started.value()->load(model, options.value());
  if (!loaded) return loaded.error();
  return Side{std::move(started).value(), &image};
}

// All samples of one cell: a short warm-up, because the other side ran in between.
Result<std::vector<double>> time_cell(Side& side, double seconds) {
  auto timing = side.harness->time({*side.image}, {.warmup_max_seconds = seconds / 4,
                                                   .min_samples = 3,
                                                   .max_seconds = seconds,
                                                   .half_width = 0});
  if (!timing) return timing.error();
  return std::move(timing).value().samples_ms;
}

// One ABBA or BAAB block: linear drift within it cancels, the coin guards against periodic drift.
Result<double> run_block(std::array<Side, 2>& sides, bool b_first, double seconds_per_cell) {
  const int outer = b_first ? 1 : 0;
  std::array<std::vector<double>, 2> samples;
  for (const int side : {outer, 1 - outer, 1 - outer, outer}) {
    const auto at = static_cast<std::size_t>(side);
    const auto cell = time_cell(sides[at], seconds_per_cell);
    if (!cell) return cell.error();
    samples[at].insert(samples[at].end(), cell.value().begin(), cell.value().end());
  }
  return std::log(median(samples[1])) - std::log(median(samples[0]));
}

LatencyAb judge_blocks(const std::vector<double>& blocks, const ComparisonOptions& options) {
  const SequenceLook look = confidence_sequence(blocks, options.alpha);
  return {.ratio = std::exp(look.centre),
          .low = std::exp(look.interval.low),
          .high = std::exp(look.interval.high),
          .blocks = static_cast<int>(blocks.size()),
          .verdict = latency_verdict(look.interval, options.latency_margin)};
}

}  // namespace

Result<LatencyAb> compare_blocks(const std::function<Result<double>()>& next_block,
                                 const ComparisonOptions& options, const Progress& progress) {
  std::vector<double> blocks;
  LatencyAb found;
  while (static_cast<int>(blocks.size()) < options.max_blocks) {
    const auto block = next_block();
    if (!block) return block.error();
    blocks.push_back(block.value());
    progress(static_cast<double>(blocks.size()) / options.max_blocks,
             "block " + std::to_string(blocks.size()) + " of at most " +
                 std::to_string(options.max_blocks));
    if (static_cast<int>(blocks.size()) < options.min_blocks) continue;
    found = judge_blocks(blocks, options);
    if (found.verdict != LatencyVerdict::kInconclusive) break;
  }
  return found;
}

Result<LatencyAb> compare_latency(const std::filesystem::path& a, const Tensor& image_a,
                                  const std::filesystem::path& b, const Tensor& image_b,
                                  const ComparisonOptions& options, const Progress& progress) {
  auto side_a = open_side(options.harness_a, a, image_a, options.threads);
  if (!side_a) return side_a.error();
  auto side_b = open_side(options.harness_b, b, image_b, options.threads);
  if (!side_b) return side_b.error();
  std::array<Side, 2> sides{std::move(side_a).value(), std::move(side_b).value()};
  std::mt19937_64 coin(options.seed);
  return compare_blocks(
      [&] { return run_block(sides, (coin() & 1U) != 0, options.seconds_per_cell); }, options,
      progress);
}

Result<AccuracyAb> compare_accuracy(const CocoEvaluation& a, const CocoEvaluation& b, double margin,
                                    double alpha, std::uint64_t seed) {
  auto paired = paired_intervals(a, b, alpha, {.pairs = kComparisonPairs, .seed = seed});
  if (!paired) return paired.error();
  const auto& delta = paired.value().by_area[static_cast<std::size_t>(AreaRange::kAll)];
  const ConfidenceInterval interval =
      delta.present ? ConfidenceInterval{delta.low, delta.high} : kAnything;
  AccuracyAb found{.delta = delta.value,
                   .low = interval.low,
                   .high = interval.high,
                   .images = paired.value().images,
                   .lost_classes = std::move(paired.value().lost_classes)};
  found.verdict = accuracy_verdict(interval, margin);
  return found;
}

Result<AccuracyAb> compare_agreement(std::span<const ImageAgreement> a,
                                     std::span<const ImageAgreement> b, double margin, double alpha,
                                     std::uint64_t seed) {
  std::vector<double> differences;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (a[i].image_id == b[i].image_id) differences.push_back(b[i].value - a[i].value);
  }
  if (differences.size() != a.size() || a.size() != b.size()) {
    return Error{ErrorCode::kInvalidArgument, "A has agreements of " + std::to_string(a.size()) +
                                                  " images, B of " + std::to_string(b.size()) +
                                                  ", and they must be the same ones"};
  }
  const auto draws = half_sample_means(differences, {.pairs = kComparisonPairs, .seed = seed});
  if (!draws) return draws.error();
  const double delta = std::accumulate(differences.begin(), differences.end(), 0.0) /
                       static_cast<double>(differences.size());
  const ConfidenceInterval interval = interval_of(delta, draws.value(), alpha).value_or(kAnything);
  return AccuracyAb{.labels = LabelSource::kRawOutputs,
                    .delta = delta,
                    .low = interval.low,
                    .high = interval.high,
                    .images = static_cast<int>(differences.size()),
                    .verdict = accuracy_verdict(interval, margin)};
}

namespace {

// "1.2 mAP points", and what it is measured against where that is not the labels.
std::string_view points_of(LabelSource labels) {
  switch (labels) {
    case LabelSource::kGroundTruth: return "mAP points";
    case LabelSource::kTeacher: return "teacher mAP points";
    case LabelSource::kRawOutputs: return "points of agreement with the original";
  }
  return "";
}

}  // namespace

std::string sentence_of(const LatencyAb& latency, const AccuracyAb& accuracy, double alpha,
                        const std::vector<std::string>& lost_class_names) {
  std::array<char, 512> text{};
  const bool faster = latency.ratio <= 1;
  const double times = faster ? 1 / latency.ratio : latency.ratio;
  const double least = faster ? 1 / latency.high : latency.low;
  const double most = faster ? 1 / latency.low : latency.high;
  std::snprintf(text.data(), text.size(),
                "B is %.2f times %s than A (%.0f %% interval %.2f to %.2f, %d blocks) and %.1f %s "
                "%s (%+.1f to %+.1f, %d images)",
                times, faster ? "faster" : "slower", 100 * (1 - alpha), least, most, latency.blocks,
                100 * std::abs(accuracy.delta), points_of(accuracy.labels).data(),
                accuracy.delta < 0 ? "below it" : "above it", 100 * accuracy.low,
                100 * accuracy.high, accuracy.images);
  std::string sentence = text.data();
  if (!lost_class_names.empty()) {
    sentence += "; B no longer finds";
    for (const std::string& name : lost_class_names) sentence += " " + name;
  }
  return sentence + ".";
}

}  // namespace pare::engine
