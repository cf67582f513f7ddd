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

}  // namespace

std::vector<std::string> rivals_of(const JobContext& context, const Trial& trial,
                                   std::span<const std::string> targets,
                                   std::span<const Trial> others) {
  if (!applies_to(context) || trial.number == 1) return {};
  std::vector<std::pair<double, std::string>> found;
  for (const Trial& other : others) {
    if (other.number == trial.number) continue;
    double map = 1;
    std::string detections;
    const bool faster = std::ranges::all_of(targets, [&](const std::string& target) {
      const TargetRecord& mine = trial.on_target.at(target);
      if (!mine.infeasible.empty()) return true;
      const auto at = other.on_target.find(target);
      if (at == other.on_target.end() || !is_whole(at->second)) return false;
      const auto broken = violations_of(context.document, target, other, at->second);
      if (std::ranges::any_of(broken, [](double by) { return by > 0; })) return false;
      map = std::min(map, at->second.accuracy->map_50_95);
      if (detections.empty()) detections = at->second.accuracy->detections_sha256;
      return at->second.latency->median < mine.latency->median;
    });
    if (faster && !detections.empty()) found.emplace_back(map, detections);
  }
  std::ranges::sort(found, std::greater{});
  std::vector<std::string> rivals;
  for (const auto& [map, detections] : found) {
    const bool there = std::ranges::find(rivals, detections) != rivals.end();
    if (rivals.size() < kMostRivals && !there) rivals.push_back(detections);
  }
  return rivals;
}

}  // namespace pare::coordinator
