// A job on new targets that begins with what an earlier job knows of its plans
// (search/surrogate/transfer.h).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "coordinator/jobs/job_context.h"
#include "coordinator/store/store.h"
#include "search/surrogate/transfer.h"

namespace pare::coordinator {

// The earlier job's trials that were measured on all of its targets, have a place in this job's
// space and may be tried on one of its targets: by log latency and mAP on each earlier target.
// REQUIRES: the context's document names the earlier job.  Fails as the store does.
Result<std::vector<search::KnownPlan>> known_plans(Store& store, const JobContext& context);

enum class TransferVerdict : std::uint8_t {
  kUnknown,  // too little was measured here
  kGood,     // nine in ten latencies within a tenth of the prediction
  kPoor,     // fewer: the predictions are not to be relied on
};

struct TargetTransfer {
  std::string target;
  search::TransferQuality quality;  // of its latencies
  TransferVerdict verdict = TransferVerdict::kUnknown;
};

// How well latencies on this job's targets can be predicted from the earlier job, judged by leaving
// out each plan in turn.  O(plans^4) for the few that are measured here; at most kMostJudged.
inline constexpr std::size_t kMostJudged = 64;
std::vector<TargetTransfer> judge_transfer(const JobContext& context,
                                           const std::vector<search::KnownPlan>& known,
                                           std::span<const Trial> trials);

}  // namespace pare::coordinator
