// Jobs, their trials, their search log, and comparisons.
//
// Every call is one transaction.  Thread-safe.  Every call may fail with kUnavailable when the
// database is away.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "coordinator/store/batch.h"
#include "coordinator/store/records.h"
#include "core/result.h"
#include "core/target.h"

namespace pare::coordinator {

struct JobDraft {
  std::string document_json;
  std::string model_sha256;
  std::string dataset_sha256;
  std::vector<std::string> targets;
  std::uint64_t seed = 1;
  std::vector<std::string> warnings = {};
  std::string owner = {};
};

struct ComparisonDraft {
  JobId job;
  std::string target;
  std::string plan_a_sha256;
  std::string plan_b_sha256;
  std::string document_json;
};

inline constexpr int kHighestPriority = 100;  // the lowest is as far below 0
inline constexpr int kMostReadings = 1000;    // of the canary: an old one says little of today

class JobStore {
 public:
  virtual ~JobStore() = default;

  // kNotFound if the model, the dataset or a target is not registered.
  virtual Result<Created<Job>> add_job(const JobDraft& draft,
                                       const std::optional<Idempotency>& idempotency) = 0;
  // What add_job() made for a request with this key; nullopt: there was none.  kConflict as there.
  virtual Result<std::optional<Job>> job_made_by(const Idempotency& idempotency) = 0;
  virtual Result<Job> job(JobId id) = 0;
  virtual Result<std::vector<Job>> jobs(const Page& page) = 0;
  virtual Result<std::vector<Job>> active_jobs() = 0;  // those not final, by id
  // Its queued and leased tasks and its running trials end too.  A cancelled job stays so; one that
  // ended otherwise is kConflict.
  virtual Result<Job> cancel_job(JobId id) = 0;
  // A search stands still: what is queued for it waits, what runs ends and counts.  kConflict for a
  // job that does not search; one that is paused already stays so.
  virtual Result<Job> pause_job(JobId id) = 0;
  virtual Result<Job> resume_job(JobId id) = 0;  // kConflict for one that is not paused
  // REQUIRES: at most kHighestPriority either way.
  virtual Result<Job> set_priority(JobId id, int priority) = 0;

  // All changes or none.  kConflict if the cause was handled before, or a change does not fit what
  // is stored: read again, then decide.
  virtual Result<std::size_t> commit(const Batch& batch) = 0;  // how many changes were made

  virtual Result<std::vector<SupernetRecord>> supernets(const Page& page) = 0;
  // By its SHA-256 or at least 8 digits of it: kNotFound, or kConflict if it is ambiguous.
  virtual Result<SupernetRecord> supernet(std::string_view sha256) = 0;

  virtual Result<std::vector<TargetCheck>> checks(JobId job) = 0;  // in the order of its targets
  // Those with a result that any job has on targets like this one, the newest first.
  virtual Result<std::vector<TargetCheck>> recent_checks(const Target& like,
                                                         std::chrono::seconds max_age) = 0;
  // The newest kMostReadings, in the order they were kept.
  virtual Result<std::vector<CanaryReading>> canary_readings(JobId job,
                                                             std::string_view target) = 0;

  virtual Result<std::vector<Trial>> trials(JobId job, const Page& page) = 0;  // by number
  virtual Result<Trial> trial(JobId job, int number) = 0;
  // Those that there are, by number.
  virtual Result<std::vector<Trial>> trials_numbered(JobId job,
                                                     const std::vector<int>& numbers) = 0;
  // Which trials have outcomes that changed after a revision of the job, at most `limit` changes.
  // Who asks again with the revision that came back misses none.
  virtual Result<TrialsUpTo> changed_trials(JobId job, std::int64_t after, int limit) = 0;
  // Which trials the fronts of a job depend on, for whoever reads it next; `rule` is the version of
  // the rule that chose them.  kNotFound: no such job.
  virtual Result<std::monostate> keep_contenders(JobId job, const TrialsUpTo& contenders,
                                                 int rule) = 0;
  // What was kept, if no outcome has changed since; nullopt: that has to be worked out.
  virtual Result<std::optional<std::set<int>>> kept_contenders(JobId job, int rule) = 0;
  virtual Result<SamplesInRow> samples_in_row(JobId job, int number, std::string_view target) = 0;
  // By a SHA-256 or at least 8 digits of one: kNotFound, or kConflict if it is ambiguous.
  virtual Result<std::vector<Trial>> trials_with_plan(std::string_view sha256) = 0;
  virtual Result<std::vector<Trial>> trials_with_candidate(std::string_view sha256) = 0;
  // Of the candidate in whatever job, on all images, with an identity: one for each identity.
  virtual Result<std::vector<StoredAccuracy>> accuracies_of(std::string_view candidate_sha256) = 0;
  virtual Result<std::vector<SearchLogEntry>> search_log(JobId job) = 0;  // by seq

  // Queues `compare` with the comparison as its subject.
  virtual Result<Created<Comparison>> add_comparison(
      const ComparisonDraft& draft, const NewTask& compare,
      const std::optional<Idempotency>& idempotency) = 0;
  virtual Result<std::optional<Comparison>> comparison_made_by(const Idempotency& idempotency) = 0;
  virtual Result<Comparison> comparison(ComparisonId id) = 0;
  virtual Result<std::vector<Comparison>> comparisons(const Page& page) = 0;
};

}  // namespace pare::coordinator
