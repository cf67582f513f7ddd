// Trials for whoever looks at thousands: what each plan comes to instead of the plan, and on each
// target what a member of a front says, on one or not.
//
// Kept as text, for making one takes half a millisecond: a page costs the trials that changed or
// are new since the last one.  Whatever is derived from the original is made anew when that
// changes.  Thread-safe; the store is asked without the lock.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/jobs/job_view.h"
#include "coordinator/store/store.h"
#include "core/result.h"
#include "wire/schema.h"

namespace pare::coordinator {

// `original`: nullptr: it was not built yet.
nlohmann::ordered_json summary_of(const Trial& trial, const JobView& job, const Trial* original);

wire::Schema trial_summary_schema();

// The trial that everything is compared with; nullopt: it was not built yet.
std::optional<Trial> built_original(Store& store, JobId job);

class TrialSummaries {
 public:
  // Of the jobs that were looked at longest ago nothing is kept beyond so many bytes.
  explicit TrialSummaries(std::size_t most_bytes = 128U << 20) : most_bytes_(most_bytes) {}

  // {"items": [...], "next"?}: of the trials behind number `page.after` at most `page.limit`.
  Result<std::string> page(Store& store, const JobView& job, const Page& page);

 private:
  struct Kept {
    TimePoint created_at;
    std::shared_ptr<const ModelSummary> model;
    std::optional<LabelSource> labels;
    std::int64_t revision = 0;         // of the job: nothing here is older
    std::map<int, std::string> texts;  // of trials that have ended, by number
    std::size_t bytes = 0;
    std::uint64_t used = 0;
  };
  Kept& kept_of(const JobView& job);  // REQUIRES: locked
  Result<bool> catch_up(Store& store, const JobView& job);
  void keep(const JobView& job, std::int64_t revision, const std::map<int, std::string>& made);

  const std::size_t most_bytes_;
  std::mutex mutex_;  // of what follows
  std::map<JobId, Kept> jobs_;
  std::uint64_t looks_ = 0;
};

}  // namespace pare::coordinator
