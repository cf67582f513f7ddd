// What each kind of task answers (docs/tasks.md): one struct a kind.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/device_check.h"
#include "core/guidance.h"
#include "core/label_source.h"
#include "core/model_summary.h"
#include "core/output_fingerprint.h"
#include "core/statistics.h"

namespace pare::wire {

struct DatasetSummary {
  int calibration_images = 0;
  int validation_images = 0;
  int boxes = 0;
  bool labelled = false;
  std::vector<std::string> classes;            // by ascending id
  std::vector<std::int64_t> class_boxes = {};  // of each, in validation images
  std::vector<std::string> notes = {};         // what is not used or odd, one sentence each
  friend bool operator==(const DatasetSummary&, const DatasetSummary&) = default;
};

struct PrepareResult {
  int images = 0;
  int layers = 0;
  Guidance guidance = {};
  friend bool operator==(const PrepareResult&, const PrepareResult&) = default;
};

struct KeptChannels {
  int kept = 0;
  int of = 0;
  friend bool operator==(const KeptChannels&, const KeptChannels&) = default;
};

struct BuildResult {
  std::int64_t macs = 0;
  std::int64_t parameters = 0;
  std::int64_t bytes = 0;
  std::map<std::string, KeptChannels> widths;  // by the group's name
  friend bool operator==(const BuildResult&, const BuildResult&) = default;
};

// The order of EvaluateResult::coco.
inline constexpr std::array<std::string_view, 12> kCocoFigures = {
    "map_50_95", "map_50", "map_75",  "map_small", "map_medium", "map_large",
    "mar_1",     "mar_10", "mar_100", "mar_small", "mar_medium", "mar_large"};

// The same on validation images that a search does not go by.
struct HeldBackResult {
  double map_50_95 = 0;  // -1: none of them has a box
  int images = 0;
  std::vector<double> draws = {};
  friend bool operator==(const HeldBackResult&, const HeldBackResult&) = default;
};

struct EvaluateResult {
  double map_50_95 = 0;                     // with raw outputs: the agreement, in [0, 1]
  std::array<double, 12> coco{};            // -1 where a class of sizes has no boxes
  std::map<std::string, double> per_class;  // with raw outputs: agreement by output
  int images = 0;
  LabelSource labels = LabelSource::kGroundTruth;
  // Accuracy on halves of the images, pair after pair (core/half_samples.h), the same halves for
  // every candidate, so that two candidates' draws belong together; -1: nothing to score.  Empty:
  // none were made.
  std::vector<double> draws = {};
  // Scoring stopped after `images`: a rival is surely more accurate.  What the accuracy on all
  // images is expected to be.
  std::optional<double> expected = {};
  // What it was scored by: parts of core/accuracy_identity.h.  Empty: an engine from before.
  std::string runtime_version = {};
  std::string processor = {};
  std::string scoring = {};
  std::optional<HeldBackResult> held_back = {};  // absent: none are held back, or scoring stopped
  OutputFingerprint fingerprint = {};            // empty: not asked for, or no output is floating
  friend bool operator==(const EvaluateResult&, const EvaluateResult&) = default;
};

struct ParityResult {
  int images = 0;
  double max_error =
      0;  // share of its range, the worst over images, of the output that is furthest
  double tolerance = 0;     // of that output
  std::string output = {};  // its name; empty: measured by a version that did not say
  friend bool operator==(const ParityResult&, const ParityResult&) = default;
};

// Readings of the canary (docs/adr/0009) in the harness that timed the candidate.
struct CanaryResult {
  double before_ms = 0;
  double after_ms = 0;
  friend bool operator==(const CanaryResult&, const CanaryResult&) = default;
};

struct BenchmarkResult {
  double median_ms = 0;
  double low_ms = 0;
  double high_ms = 0;
  std::optional<double> p90_ms;
  std::vector<double> samples_ms;
  double load_ms = 0;
  std::int64_t peak_memory_bytes = 0;
  std::optional<ParityResult> parity;
  std::optional<CanaryResult> canary;  // absent in what was measured before there was one
  // What each layer takes with what runs behind it, by its name; empty: not told.
  std::map<std::string, double> layers_ms = {};
  OutputFingerprint fingerprint = {};  // as of EvaluateResult
  std::string evidence_json = "{}";    // an object; its fields are the probe's business
  friend bool operator==(const BenchmarkResult&, const BenchmarkResult&) = default;
};

struct LatencyComparison {
  double ratio = 0;  // B's latency over A's
  double low = 0;    // null on the wire where the interval is infinite
  double high = 0;
  int blocks = 0;
  LatencyVerdict verdict = LatencyVerdict::kInconclusive;
  friend bool operator==(const LatencyComparison&, const LatencyComparison&) = default;
};

struct AccuracyComparison {
  LabelSource labels = LabelSource::kGroundTruth;
  double delta = 0;  // accuracy of B minus that of A
  double low = 0;
  double high = 0;
  int images = 0;
  AccuracyVerdict verdict = AccuracyVerdict::kInconclusive;
  friend bool operator==(const AccuracyComparison&, const AccuracyComparison&) = default;
};

struct CompareResult {
  LatencyComparison latency;
  AccuracyComparison accuracy;
  Verdict verdict = Verdict::kInconclusive;
  std::string sentence;
  friend bool operator==(const CompareResult&, const CompareResult&) = default;
};

// In the order of TaskKind.
using TaskResult = std::variant<ModelSummary, DatasetSummary, PrepareResult, BuildResult,
                                EvaluateResult, BenchmarkResult, CompareResult, DeviceCheck>;

}  // namespace pare::wire
