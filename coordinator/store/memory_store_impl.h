// The class behind make_memory_store, for the files that implement it.
#pragma once

#include <mutex>

#include "coordinator/store/matching.h"
#include "coordinator/store/memory_state.h"

namespace pare::coordinator {

class MemoryStore : public Store {
 public:
  explicit MemoryStore(StoreOptions options) : options_(std::move(options)) {}

  Health health() override;
  void when_tasks_are_queued(std::function<void()> bell) override;

  Result<Created<Model>> add_model(const NewModel& model, const NewTask& inspect) override;
  Result<Model> model(std::string_view reference) override;
  Result<std::vector<Model>> models(const Page& page) override;
  Result<Model> model_version(std::string_view sha256, int card_version) override;
  Result<Created<Dataset>> add_dataset(const NewDataset& dataset, const NewTask& inspect) override;
  Result<Dataset> dataset(std::string_view reference) override;
  Result<std::vector<Dataset>> datasets(const Page& page) override;
  Result<Created<Target>> add_target(const Target& target) override;
  Result<Target> target(std::string_view name) override;
  Result<std::vector<Target>> targets() override;
  Result<Created<Bytes>> add_blob(std::string_view sha256, Bytes bytes) override;
  Result<std::optional<Bytes>> blob(std::string_view sha256) override;

  Result<Created<Job>> add_job(const JobDraft& draft,
                               const std::optional<Idempotency>& idempotency) override;
  Result<std::optional<Job>> job_made_by(const Idempotency& idempotency) override;
  Result<Job> job(JobId id) override;
  Result<std::vector<Job>> jobs(const Page& page) override;
  Result<std::vector<Job>> active_jobs() override;
  Result<Job> cancel_job(JobId id) override;
  Result<std::size_t> commit(const Batch& batch) override;
  Result<std::vector<TargetCheck>> checks(JobId job) override;
  Result<std::vector<TargetCheck>> recent_checks(const Target& like,
                                                 std::chrono::seconds max_age) override;
  Result<std::vector<CanaryReading>> canary_readings(JobId job, std::string_view target) override;
  Result<std::vector<Trial>> trials(JobId job, const Page& page) override;
  Result<Trial> trial(JobId job, int number) override;
  Result<std::vector<Trial>> trials_numbered(JobId job, const std::vector<int>& numbers) override;
  Result<TrialsUpTo> changed_trials(JobId job, std::int64_t after, int limit) override;
  Result<std::monostate> keep_contenders(JobId job, const TrialsUpTo& contenders,
                                         int rule) override;
  Result<std::optional<std::set<int>>> kept_contenders(JobId job, int rule) override;
  Result<TargetEvidence> evidence(JobId job, int number, std::string_view target) override;
  Result<std::vector<Trial>> trials_with_plan(std::string_view sha256) override;
  Result<std::vector<Trial>> trials_with_candidate(std::string_view sha256) override;
  Result<std::vector<StoredAccuracy>> accuracies_of(std::string_view candidate_sha256) override;
  Result<std::vector<SearchLogEntry>> search_log(JobId job) override;
  Result<Created<Comparison>> add_comparison(
      const ComparisonDraft& draft, const NewTask& compare,
      const std::optional<Idempotency>& idempotency) override;
  Result<std::optional<Comparison>> comparison_made_by(const Idempotency& idempotency) override;
  Result<Comparison> comparison(ComparisonId id) override;
  Result<std::vector<Comparison>> comparisons(const Page& page) override;

  Result<Worker> greet(std::string_view session, const WorkerProfile& profile) override;
  Result<std::vector<TaskId>> retire(std::string_view session, Departure departure) override;
  Result<std::vector<Worker>> workers() override;
  Result<int> greet_all(std::span<const Greeting> greetings) override;
  Result<Claims> claim_for(std::span<const std::string> sessions) override;
  Result<BeatsSeen> see(std::span<const SessionBeat> beats) override;
  Result<int> arrange_devices() override;
  Result<std::vector<StoredPoint>> series(TaskId task) override;
  Result<std::vector<ReportVerdict>> record(std::span<const AttemptReport> reports) override;
  Result<std::map<TaskId, TaskKind>> kinds_of(std::span<const TaskId> tasks) override;
  Result<std::vector<TaskId>> expire_leases() override;
  Result<int> renew_all_leases() override;
  Result<Task> task(TaskId id) override;
  Result<std::vector<Task>> tasks(const TaskFilter& filter, const Page& page) override;
  Result<std::vector<TaskWait>> waits(std::optional<JobId> job, int limit) override;
  Result<std::vector<Task>> unhandled_tasks(int limit) override;

  Result<Leader> lead(std::string_view holder, std::chrono::milliseconds length,
                      std::optional<std::int64_t> dead) override;
  Result<Leader> stay_leader(std::chrono::milliseconds length) override;
  Result<bool> resign() override;
  Result<std::optional<Leader>> leader() override;

 private:
  TimePoint now() const;
  Job as_read(Job job) const;
  Comparison with_state(const Comparison& comparison) const;
  Worker with_tasks(const StoredWorker& stored) const;
  void join(std::string_view session, const WorkerProfile& profile);
  ReportVerdict end_attempt(const AttemptReport& report);
  void give_back(StoredTask& stored, Departure departure);
  int losses_of(const StoredTask& stored) const;
  std::vector<TaskId> take_from(std::string_view session, Departure departure);
  Millis term_of(const StoredTask& stored) const;  // of a lease
  bool keeps(const StoredTask& stored) const;
  void extend(StoredTask& stored) const;
  std::vector<Claimant> claimants_of(std::span<const std::string> asking) const;
  std::map<std::string, DeviceLoad> loads_of() const;
  std::vector<WaitingTask> waiting_tasks() const;

  StoreOptions options_;
  std::mutex mutex_;
  MemoryState state_;
};

}  // namespace pare::coordinator
