// Whether a dataset can score a model's detections for a job, said when the job is posted and not
// after it has prepared for minutes.  Pure.
#pragma once

#include <string>
#include <vector>

#include "coordinator/store/catalog_records.h"
#include "core/job.h"
#include "core/model_summary.h"
#include "core/result.h"

namespace pare::coordinator {

// What is to be said of it: classes spelt otherwise, classes and categories left over.  Fails with
// kUnsupported if nothing can be scored: labels without a box, no class that is a category, a
// metric of a class that the dataset lacks or has no box of.  Of a dataset that is not ready or has
// no labels, and of raw outputs, there is nothing to say.
Result<std::vector<std::string>> warnings_of(const NewJob& job, const ModelSummary& model,
                                             const Dataset& dataset);

}  // namespace pare::coordinator
