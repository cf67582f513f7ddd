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

constexpr bool is_accuracy(MetricKind kind) noexcept {
  return kind != MetricKind::kLatencyMs && kind != MetricKind::kBytes &&
         kind != MetricKind::kPeakMemoryBytes;
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
