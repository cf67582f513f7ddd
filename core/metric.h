// What a job may want of a plan, or demand of it: accuracies, latency, size.
//
// Spelled as in HTTP and on the command line: "map_50_95", "latency_ms", "class:crack".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pare {

enum class MetricKind : std::uint8_t {
  kMap5095,    // COCO mAP@[.50:.95], what is meant where nothing else is said
  kMap50,      // AP at IoU .50
  kMapSmall,   // of objects below 32^2 pixels
  kMapMedium,  // up to 96^2
  kMapLarge,
  kLatencyMs,
  kBytes,            // of the candidate's file
  kPeakMemoryBytes,  // of the runtime's process that timed the candidate
  kClassMap,         // mAP of one class, by its name
};

inline constexpr std::array<std::string_view, 8> kMetricNames = {
    "map_50_95", "map_50",     "map_small", "map_medium",
    "map_large", "latency_ms", "bytes",     "peak_memory_bytes"};
inline constexpr std::string_view kClassMetric = "class:";

struct Metric {
  MetricKind kind = MetricKind::kMap5095;
  std::string category{};  // kClassMap: the class, otherwise empty
  friend bool operator==(const Metric&, const Metric&) = default;
};

// What values a metric can have.  Accuracies are shares, as everywhere on the wire; people are
// shown points, a hundred times as many, so a bound above 1 is one of those.
struct MetricRange {
  double low = 0;
  double high = 0;
};
inline constexpr MetricRange kAccuracyRange{0, 1};

constexpr bool is_accuracy(MetricKind kind) noexcept {
  return kind != MetricKind::kLatencyMs && kind != MetricKind::kBytes &&
         kind != MetricKind::kPeakMemoryBytes;
}

constexpr MetricRange range_of(MetricKind kind) noexcept {
  if (is_accuracy(kind)) return kAccuracyRange;
  return kind == MetricKind::kLatencyMs ? MetricRange{0, 1e9} : MetricRange{0, 9e18};
}

// What a value outside the range must be; empty: it is inside.
inline std::string why_out_of_range(MetricKind kind, double value) {
  const MetricRange range = range_of(kind);
  if (value >= range.low && value <= range.high) return {};
  if (is_accuracy(kind)) return "be in 0..1: 46.65 points are 0.4665";
  return "be 0 or more";
}

inline std::string name_of(const Metric& metric) {
  if (metric.kind == MetricKind::kClassMap) return std::string(kClassMetric) + metric.category;
  return std::string(kMetricNames[static_cast<std::size_t>(metric.kind)]);
}

// nullopt: nothing is called that.
inline std::optional<Metric> metric_named(std::string_view name) {
  if (name.starts_with(kClassMetric) && name.size() > kClassMetric.size()) {
    return Metric{MetricKind::kClassMap, std::string(name.substr(kClassMetric.size()))};
  }
  for (std::size_t i = 0; i < kMetricNames.size(); ++i) {
    if (kMetricNames[i] == name) return Metric{static_cast<MetricKind>(i), {}};
  }
  return std::nullopt;
}

}  // namespace pare
