// What the accuracy of a candidate is, and of two.  Internal to engine/program.
#pragma once

#include <string>
#include <vector>

#include "engine/pipeline/comparison.h"
#include "engine/program/task_context.h"

namespace pare::engine {

struct StoredComparison {
  AccuracyAb accuracy;
  std::vector<std::string> lost_classes;  // names
};

// From what the evaluations of the two left behind ("detections_a", "detections_b"): detections, or
// with a raw head the agreement of each image.  With a teacher, it looks at the images again.
Result<StoredComparison> compare_stored(const TaskContext& context,
                                        const wire::CompareParams& params, const Dataset& dataset);

}  // namespace pare::engine
