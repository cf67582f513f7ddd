#include "coordinator/jobs/job_metrics.h"

#include <algorithm>
#include <cmath>

namespace pare::coordinator {
namespace {

constexpr double kLeastShare = 0.5;  // of the original's accuracy
constexpr double kNoise = 0.01;      // of a latency measured twice, as a logarithm

// -1 where nothing could be scored.
Result<double> figure_of(const Metric& metric, const Accuracy& result) {
  if (metric.kind == MetricKind::kClassMap) {
    const auto at = result.per_class.find(metric.category);
    if (at != result.per_class.end()) return at->second;
    return Error{ErrorCode::kInvalidArgument,
                 "the job asks about class \"" + metric.category + "\", which was not scored"};
  }
  const auto at = std::ranges::find(kCocoFigures, std::string_view(name_of(metric)));
  if (at == kCocoFigures.end()) {
    return Error{ErrorCode::kInternal,
                 "\"" + name_of(metric) + "\" is an accuracy that nothing scores"};
  }
  return result.coco[static_cast<std::size_t>(at - kCocoFigures.begin())];
}

double objective_of(const Metric& metric, double value) {
  return is_accuracy(metric.kind) ? 1 - value : std::log(value);
}

double violation(const Constraint& constraint, double value) {
  const double bound = constraint.max ? *constraint.max : constraint.min.value_or(0);
  const double missed_by = constraint.max ? value - bound : bound - value;
  return missed_by / std::max(std::abs(bound), 1e-9);
}

}  // namespace

Result<std::map<std::string, double>> figures_of(const NewJob& job, const Accuracy& result) {
  std::vector<Metric> asked = job.objectives;
  for (const Constraint& constraint : job.constraints) asked.push_back(constraint.metric);
  std::map<std::string, double> figures;
  for (const Metric& metric : asked) {
    if (!is_accuracy(metric.kind) || metric.kind == MetricKind::kMap5095) continue;
    const auto figure = figure_of(metric, result);
    if (!figure) return figure.error();
    if (figure.value() < 0) {
      return Error{ErrorCode::kInvalidArgument,
                   "no validation image has a box to score \"" + name_of(metric) + "\" against"};
    }
    figures[name_of(metric)] = figure.value();
  }
  return figures;
}

bool is_measured(const TargetRecord& record) {
  return record.accuracy && record.latency && record.infeasible.empty() &&
         record.latency->median.count() > 0;
}

bool is_whole(const TargetRecord& record) {
  return is_measured(record) && !record.accuracy->expected;
}

double value_of(const Metric& metric, const Trial& trial, const TargetRecord& record) {
  switch (metric.kind) {
    case MetricKind::kMap5095:
      return record.accuracy->expected.value_or(record.accuracy->map_50_95);
    case MetricKind::kLatencyMs: return record.latency->median.count();
    case MetricKind::kBytes: return static_cast<double>(trial.bytes.value_or(1));
    case MetricKind::kPeakMemoryBytes:
      return static_cast<double>(std::max<std::int64_t>(1, record.latency->peak_memory_bytes));
    case MetricKind::kMap50:
    case MetricKind::kMapSmall:
    case MetricKind::kMapMedium:
    case MetricKind::kMapLarge:
    case MetricKind::kClassMap: break;
  }
  const auto at = record.accuracy->figures.find(name_of(metric));
  return at == record.accuracy->figures.end() ? 0 : at->second;
}

TargetRecord as_reported(TargetRecord record) {
  record.latency = record.reported_latency();
  return record;
}

std::vector<double> objectives_of(const NewJob& job, const Trial& trial,
                                  const TargetRecord& record) {
  std::vector<double> out;
  for (const Metric& metric : job.objectives) {
    out.push_back(objective_of(metric, value_of(metric, trial, record)));
  }
  return out;
}

TargetRecord weighted(const NewJob& job, const std::string& target, TargetRecord record) {
  const auto weight = job.weights.find(target);
  if (weight == job.weights.end()) return record;
  for (auto* latency : {&record.latency, &record.confirmed}) {
    if (!*latency) continue;
    (*latency)->median *= weight->second;
    (*latency)->low *= weight->second;
    (*latency)->high *= weight->second;
  }
  return record;
}

std::vector<double> reference_of(const NewJob& job, std::vector<double> original) {
  for (std::size_t i = 0; i < original.size(); ++i) {
    const Metric& metric = job.objectives[i];
    if (!is_accuracy(metric.kind)) {
      original[i] += kNoise;
      continue;
    }
    original[i] = 1 - kLeastShare * (1 - original[i]);
    for (const Constraint& constraint : job.constraints) {
      if (constraint.metric == metric && constraint.min) {
        original[i] = std::max(original[i], 1 - *constraint.min);
      }
    }
  }
  return original;
}

std::vector<double> violations_of(const NewJob& job, const std::string& target, const Trial& trial,
                                  const TargetRecord& record) {
  std::vector<double> out;
  for (const Constraint& constraint : job.constraints) {
    if (!constraint.target.empty() && constraint.target != target) continue;
    out.push_back(violation(constraint, value_of(constraint.metric, trial, record)));
  }
  return out;
}

}  // namespace pare::coordinator
