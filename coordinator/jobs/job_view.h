// What people read of a job: its document, its model, how far it is, and its fronts.
//
// Kept up to date by what changes: a read costs one row and the trials whose outcomes changed since
// the last one, never all of them; only the first read of a job since the start reads them all,
// page by page, and not even that one when the job has ended and was read before.  Shared by the
// HTTP handlers and the job loop.  A store that cannot be read is kUnavailable, and what was read
// until then is kept.
//
// Thread-safe.  Reads of one job wait for each other, for at most kMostPatience.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/jobs/contenders.h"
#include "coordinator/jobs/front.h"
#include "coordinator/jobs/transfer.h"
#include "coordinator/store/store.h"
#include "core/label_source.h"
#include "core/result.h"

namespace pare::coordinator {

// What was found up to one revision of a job.
struct JobFronts {
  std::vector<Trial> contenders;    // the trials that the fronts depend on, by number
  std::vector<TargetFront> fronts;  // of the job's targets, in their order
  TargetFront across;               // over all of them
};

// How far predictions from the earlier job can be trusted, for a job that began with one.
struct TransferJudged {
  std::size_t known_plans = 0;
  std::vector<TargetTransfer> targets;
  std::string reason;  // why it cannot be judged; empty: it was
};

struct JobView {
  Job job;
  NewJob document;
  std::shared_ptr<const ModelSummary> model;       // owners: the views, whoever reads; null: not
                                                   // inspected yet
  std::optional<LabelSource> labels;               // what its accuracies are scored against
  std::shared_ptr<const JobFronts> found;          // owners: the same; never null
  std::shared_ptr<const TransferJudged> transfer;  // owners: the same; null: nothing to judge
};

class JobViews {
 public:
  static constexpr std::chrono::seconds kMostPatience{5};

  // REQUIRES: `store` outlives the views.
  explicit JobViews(Store& store);
  ~JobViews();
  JobViews(const JobViews&) = delete;
  JobViews& operator=(const JobViews&) = delete;

  // kNotFound: no such job; kInternal: what is stored of it cannot be read; kUnavailable: the store
  // is away, or somebody else is reading it for the first time.
  Result<JobView> read(JobId id);

 private:
  class Entry;
  std::shared_ptr<Entry> entry_of(const Job& job);

  Store& store_;
  std::mutex mutex_;                                 // of what follows
  std::map<JobId, std::shared_ptr<Entry>> entries_;  // owners: this, and a read that goes on
  std::list<JobId> used_;                            // least recently first
};

// What a job's accuracies are scored against; nullopt while its model or its dataset is not
// inspected, and where one of them or the job cannot be read.  kNotFound: there is no such job.
Result<std::optional<LabelSource>> labels_of(Store& store, JobId id);

}  // namespace pare::coordinator
