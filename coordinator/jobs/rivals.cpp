#include "coordinator/jobs/rivals.h"

#include <algorithm>
#include <utility>

#include "coordinator/jobs/job_metrics.h"

namespace pare::coordinator {
namespace {

bool applies_to(const JobContext& context) {
  const NewJob& job = context.document;
  const std::vector<Metric> usual = {{MetricKind::kMap5095}, {MetricKind::kLatencyMs}};
  return job.across == Across::kEach && job.objectives == usual &&
         context.labels != LabelSource::kRawOutputs;
}

// The accuracy that a rival has on the targets at stake, the lowest of them; nullopt where it is
// not faster on every one.
std::optional<double> faster_at(const Scored& other, std::span<const std::size_t> targets,
                                std::span<const double> latencies_ms) {
  double map = 1;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const Scored::On& on = other.on[targets[i]];
    if (!(on.latency_ms < latencies_ms[i])) return std::nullopt;
    map = std::min(map, on.map_50_95);
  }
  return map;
}

}  // namespace

std::optional<Scored> scored_of(const JobContext& context, const Trial& trial) {
  if (!applies_to(context)) return std::nullopt;
  Scored scored{trial.number, {}};
  bool any = false;
  for (const Target& target : context.targets) {
    Scored::On& on = scored.on.emplace_back();
    const auto at = trial.on_target.find(target.name);
    if (at == trial.on_target.end() || !is_whole(at->second)) continue;
    const auto broken = violations_of(context.document, target.name, trial, at->second);
    if (std::ranges::any_of(broken, [](double by) { return by > 0; })) continue;
    const Accuracy& accuracy = *at->second.accuracy;
    on = {accuracy.map_50_95, at->second.latency->median.count(), accuracy.detections_sha256};
    any = true;
  }
  if (!any) return std::nullopt;
  return scored;
}

std::vector<std::string> rivals_of(const JobContext& context, const Trial& trial,
                                   std::span<const std::string> targets,
                                   std::span<const Scored> others) {
  if (!applies_to(context) || trial.number == 1) return {};
  std::vector<std::size_t> at_stake;
  std::vector<double> latencies_ms;
  for (std::size_t i = 0; i < context.targets.size(); ++i) {
    if (std::ranges::find(targets, context.targets[i].name) == targets.end()) continue;
    const TargetRecord& mine = trial.on_target.at(context.targets[i].name);
    if (!mine.infeasible.empty()) continue;
    at_stake.push_back(i);
    latencies_ms.push_back(mine.latency->median.count());
  }
  if (at_stake.empty()) return {};
  std::vector<std::pair<double, const std::string*>> found;
  for (const Scored& other : others) {
    if (other.number == trial.number) continue;
    const auto map = faster_at(other, at_stake, latencies_ms);
    const std::string& detections = other.on[at_stake.front()].detections_sha256;
    if (map && !detections.empty()) found.emplace_back(*map, &detections);
  }
  const auto later = [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : *a.second < *b.second;
  };
  std::ranges::make_heap(found, later);
  std::vector<std::string> rivals;
  while (!found.empty() && rivals.size() < kMostRivals) {
    const std::string& best = *found.front().second;
    if (std::ranges::find(rivals, best) == rivals.end()) rivals.push_back(best);
    std::ranges::pop_heap(found, later);
    found.pop_back();
  }
  return rivals;
}

}  // namespace pare::coordinator
