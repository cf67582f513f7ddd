// The class behind open_pg_store, for the files that implement it.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "coordinator/store/pg_monitor.h"
#include "coordinator/store/pg_pool.h"
#include "coordinator/store/pg_rows.h"
#include "coordinator/store/pg_store.h"
#include "coordinator/store/store.h"

namespace pare::coordinator {

class PgStore final : public Store {
 public:
  PgStore(const std::string& conninfo, PgOptions options)
      : pool_(conninfo, options.connections, {}, watchdog_),
        options_(std::move(options.store)),
        log_(std::move(options.log)),
        monitor_(pool_, log_) {}

  // Looks after the database from now on.  REQUIRES: it has our schema.
  void watch() { monitor_.start(); }

  Health health() override { return monitor_.health(); }
  Result<WorkCounts> work_counts() override;
  void when_tasks_are_queued(std::function<void()> bell) override {
    monitor_.when_tasks_are_queued(std::move(bell));
  }

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
  Result<std::vector<std::string>> old_checkpoints(std::chrono::seconds age, int limit) override;
  Result<std::monostate> forget_checkpoint(std::string_view sha256) override;

  Result<Created<Job>> add_job(const JobDraft& draft,
                               const std::optional<Idempotency>& idempotency) override;
  Result<std::optional<Job>> job_made_by(const Idempotency& idempotency) override;
  Result<Job> job(JobId id) override;
  Result<std::vector<Job>> jobs(const Page& page) override;
  Result<std::vector<Job>> active_jobs() override;
  Result<Job> cancel_job(JobId id) override;
  Result<Job> pause_job(JobId id) override;
  Result<Job> resume_job(JobId id) override;
  Result<Job> set_priority(JobId id, int priority) override;
  Result<std::size_t> commit(const Batch& batch) override;
  Result<std::vector<SupernetRecord>> supernets(const Page& page) override;
  Result<SupernetRecord> supernet(std::string_view sha256) override;
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
  Result<SamplesInRow> samples_in_row(JobId job, int number, std::string_view target) override;
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

  Result<Token> add_token(const NewToken& token) override;
  Result<std::vector<Token>> tokens(bool revoked_too) override;
  Result<Token> revoke_token(std::string_view name) override;
  Result<std::monostate> note_token_use(
      const std::vector<std::pair<std::int64_t, std::chrono::duration<double>>>& uses) override;
  Result<TimePoint> add_enrolment(const NewEnrolment& enrolment) override;
  Result<Token> join(std::string_view code_sha256, const std::string& public_key,
                     const std::string& token_sha256) override;
  Result<std::vector<WorkerKey>> worker_keys() override;
  Result<std::monostate> add_audit(const std::vector<NewAuditEntry>& entries) override;
  Result<std::vector<AuditEntry>> audit(const Page& page) override;

 private:
  Result<Job> switch_job(JobId id, JobState from, JobState to);
  // Brings the database from a schema to ours, and leads on meanwhile.  REQUIRES: leads.
  Result<Leader> migrate_as_leader(int from, std::chrono::milliseconds length);
  // What queries take as "now": null lets the database's clock speak.
  Param now() const;
  Param lease_ms() const { return to_param(static_cast<double>(options_.lease_length.count())); }
  void join(pqxx::work& tx, std::string_view session, const WorkerProfile& profile) const;
  void log_once(const std::string& line);
  // Why this coordinator may change nothing any more; nullopt: it leads, or never asked to.
  std::optional<Error> overtaken(pqxx::work& tx) const;
  // A transaction that only the leader may make.
  template <typename Body>
  auto run_as_leader(Body body) -> decltype(body(std::declval<pqxx::work&>())) {
    return pool_.run([&](pqxx::work& tx) -> decltype(body(tx)) {
      if (auto why = overtaken(tx)) return *std::move(why);
      return body(tx);
    });
  }
  std::vector<TaskId> give_back(pqxx::work& transaction, const Param& session,
                                Departure departure) const;
  std::vector<TaskId> lose(pqxx::work& tx, std::string_view session, Departure departure) const;

  PgWatchdog watchdog_;
  PgPool pool_;
  StoreOptions options_;
  std::atomic<std::int64_t> term_ = 0;  // 0: leads nobody, and is not fenced
  std::function<void(const std::string&)> log_;
  std::mutex logged_mutex_;
  std::set<std::string> logged_;
  PgMonitor monitor_;  // last: it uses the pool
};

// --- what several of the store's files need ---

// For read_one() (pg_tasks.cpp).
std::string name_of_worker(const pqxx::row& row);
// Of a row of tasks; none: null (pg_tasks.cpp).
std::optional<Checkpoint> checkpoint_of(const pqxx::row& row);
// Queues a task (pg_tasks.cpp).
TaskId insert_task(pqxx::work& transaction, const Param& now, const NewTask& task);
// Cancels what is selected (pg_tasks.cpp); see sql/queries/cancel_tasks.sql.
void cancel_tasks(pqxx::work& transaction, const Param& now, const Param& job,
                  const Param& inspected_model);
void log_event(pqxx::work& transaction, const Param& now, std::string_view kind, const Param& job,
               std::string_view body_json);

// One change of a batch (pg_batch.cpp).
Result<bool> apply_change(pqxx::work& transaction, const Param& now, const Change& change);
// The state of a job, which stays as it is until the transaction ends.
Result<JobState> lock_job(pqxx::work& transaction, JobId job);
// A job that ends leaves no task and no running trial behind.  REQUIRES: locked, and allowed.
void move_job(pqxx::work& transaction, const Param& now, JobId job, JobState to,
              const std::string& reason);

}  // namespace pare::coordinator
