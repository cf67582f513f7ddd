#include "coordinator/jobs/fitness.h"

#include <algorithm>

#include "core/class_match.h"
#include "core/label_source.h"

namespace pare::coordinator {
namespace {

Error unfit(const Dataset& dataset, const std::string& why) {
  return {ErrorCode::kUnsupported, "dataset \"" + dataset.name + "\": " + why};
}

// Why a metric of one class cannot be scored; empty: it can.
std::string why_not_scored(const Metric& metric, const DatasetCounts& counts) {
  if (metric.kind != MetricKind::kClassMap) return {};
  const auto at = std::ranges::find(counts.classes, metric.category);
  if (at == counts.classes.end()) {
    return "the job asks about class \"" + metric.category + "\", which is none of its categories";
  }
  const auto index = static_cast<std::size_t>(at - counts.classes.begin());
  if (index >= counts.class_boxes.size() || counts.class_boxes[index] > 0) return {};
  return "no validation image has a box to score \"" + name_of(metric) + "\" against";
}

}  // namespace

Result<std::vector<std::string>> warnings_of(const NewJob& job, const ModelSummary& model,
                                             const Dataset& dataset) {
  const DatasetCounts& counts = dataset.counts;
  const LabelSource labels = label_source(model.card.head, counts.labelled);
  if (dataset.state != EntryState::kReady || labels != LabelSource::kGroundTruth) {
    return std::vector<std::string>();
  }
  if (counts.boxes == 0) {
    return unfit(dataset,
                 "it has labels, and no validation image has a box: nothing can be scored "
                 "(without labels.json the original's own detections stand for them)");
  }
  std::vector<Metric> asked = job.objectives;
  for (const Constraint& constraint : job.constraints) asked.push_back(constraint.metric);
  for (const Metric& metric : asked) {
    const std::string why = why_not_scored(metric, counts);
    if (!why.empty()) return unfit(dataset, why);
  }
  const auto named = static_cast<int>(model.card.classes.size());
  const int classes = named > 0 ? named : model.class_count;
  if (classes == 0) return std::vector<std::string>();  // found out when it is scored
  auto match = match_classes(model.card.classes, classes, counts.classes);
  if (!match) return unfit(dataset, match.error().message);
  return std::move(match).value().notes;
}

}  // namespace pare::coordinator
