#include "coordinator/jobs/front_probability.h"

#include <algorithm>
#include <cmath>

#include "core/half_samples.h"
#include "core/random.h"
#include "search/pareto_front.h"
#include "search/surrogate/normal.h"

namespace pare::coordinator {
namespace {

constexpr double kHalfWidths = 1.96;  // deviations in half of a 95 % interval

double deviation_of_log(const Measurement& latency) {
  const bool wide = latency.low.count() > 0 && latency.high > latency.low;
  const double width = wide ? std::log(latency.high / latency.low) : 0;
  return std::max(kBetweenRuns, width / (2 * kHalfWidths));
}

}  // namespace

Uncertain uncertain_of(const NewJob& job, const Trial& trial, const TargetRecord& record) {
  Uncertain out{objectives_of(job, trial, record), {}};
  out.drawn.assign(kDraws, out.objectives);
  Random random(static_cast<std::uint64_t>(trial.number), 0);
  const std::vector<double> draws = centred_on(record.accuracy->map_50_95, record.accuracy->draws);
  for (std::size_t k = 0; k < out.objectives.size(); ++k) {
    const MetricKind kind = job.objectives[k].kind;
    for (std::size_t i = 0; i < kDraws; ++i) {
      if (kind == MetricKind::kLatencyMs) {
        out.drawn[i][k] += deviation_of_log(*record.latency) *
                           search::normal_quantile(std::clamp(random.uniform(), 1e-9, 1 - 1e-9));
      } else if (kind == MetricKind::kMap5095 && i < draws.size() && draws[i] != -1) {
        out.drawn[i][k] = 1 - draws[i];
      }
    }
  }
  return out;
}

double probability_on_front(std::span<const Uncertain> all, std::size_t which) {
  std::size_t unbeaten = 0;
  for (std::size_t i = 0; i < kDraws; ++i) {
    const auto beats = [&](const Uncertain& other) {
      return search::dominates(other.drawn[i], all[which].drawn[i]);
    };
    unbeaten += std::ranges::none_of(all, beats) ? 1 : 0;
  }
  return static_cast<double>(unbeaten) / kDraws;
}

}  // namespace pare::coordinator
