// The class behind make_memory_queue, for the files that implement it.
#pragma once

#include <mutex>

#include "coordinator/store/matching.h"
#include "coordinator/store/memory_state.h"

namespace pare::coordinator {

class MemoryStore final : public MemoryQueue {
 public:
  explicit MemoryStore(StoreOptions options) : options_(std::move(options)) {}

  TaskId queue(const NewTask& task) override;

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
