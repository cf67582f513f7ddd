// What each kind of task answers (docs/tasks.md): one struct a kind, most of them of core.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>

#include "core/accuracy.h"
#include "core/dataset_counts.h"
#include "core/device_check.h"
#include "core/guidance.h"
#include "core/label_source.h"
#include "core/measurement.h"
#include "core/model_summary.h"
#include "core/statistics.h"
#include "core/training.h"
#include "wire/schema.h"

namespace pare::wire {

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
using TaskResult = std::variant<ModelSummary, DatasetCounts, PrepareResult, BuildResult, Accuracy,
                                Measurement, CompareResult, DeviceCheck, Training>;

Schema build_schema();
Schema compare_schema();

}  // namespace pare::wire
