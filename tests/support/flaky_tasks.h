// A queue whose database goes away: every call fails with kUnavailable then, or was made and nobody
// learns of it, as when a connection dies during COMMIT.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "coordinator/store/task_store.h"

namespace pare {

class FlakyTasks final : public coordinator::TaskStore {
 public:
  explicit FlakyTasks(coordinator::TaskStore& store) : store_(store) {}

  bool away = false;         // nothing is done, and every call fails
  bool in_doubt = false;     // everything is done, and every call fails
  bool of_tomorrow = false;  // no kind of task is known
  int calls = 0;             // also those that failed
  std::function<void(TaskId)> on_recorded;

  Result<coordinator::Worker> greet(std::string_view session, const WorkerProfile& p) override {
    return done([&] { return store_.greet(session, p); });
  }
  Result<int> greet_all(std::span<const coordinator::Greeting> greetings) override {
    return done([&] { return store_.greet_all(greetings); });
  }
  Result<std::vector<TaskId>> retire(std::string_view session,
                                     coordinator::Departure departure) override {
    return done([&] { return store_.retire(session, departure); });
  }
  Result<std::vector<coordinator::Worker>> workers() override {
    return done([&] { return store_.workers(); });
  }
  Result<coordinator::Claims> claim_for(std::span<const std::string> sessions) override {
    return done([&] { return store_.claim_for(sessions); });
  }
  Result<coordinator::BeatsSeen> see(std::span<const coordinator::SessionBeat> beats) override {
    return done([&] { return store_.see(beats); });
  }
  Result<int> arrange_devices() override {
    return done([&] { return store_.arrange_devices(); });
  }
  Result<std::vector<coordinator::StoredPoint>> series(TaskId task) override {
    return done([&] { return store_.series(task); });
  }
  Result<std::vector<ReportVerdict>> record(
      std::span<const coordinator::AttemptReport> reports) override {
    return done([&] {
      auto verdicts = store_.record(reports);
      for (std::size_t i = 0; verdicts && on_recorded && i < reports.size(); ++i) {
        if (verdicts.value()[i] == ReportVerdict::kRecorded) on_recorded(reports[i].task);
      }
      return verdicts;
    });
  }
  Result<std::map<TaskId, TaskKind>> kinds_of(std::span<const TaskId> tasks) override {
    return done([&] {
      auto kinds = store_.kinds_of(tasks);
      return of_tomorrow && kinds ? Result(std::map<TaskId, TaskKind>()) : kinds;
    });
  }
  Result<std::vector<TaskId>> expire_leases() override {
    return done([&] { return store_.expire_leases(); });
  }
  Result<int> renew_all_leases() override {
    return done([&] { return store_.renew_all_leases(); });
  }
  Result<coordinator::Task> task(TaskId id) override {
    return done([&] { return store_.task(id); });
  }
  Result<std::vector<coordinator::Task>> tasks(const coordinator::TaskFilter& filter,
                                               const coordinator::Page& page) override {
    return done([&] { return store_.tasks(filter, page); });
  }
  Result<std::vector<coordinator::TaskWait>> waits(std::optional<JobId> job, int limit) override {
    return done([&] { return store_.waits(job, limit); });
  }
  Result<std::vector<coordinator::Task>> unhandled_tasks(int limit) override {
    return done([&] { return store_.unhandled_tasks(limit); });
  }

 private:
  template <typename Call>
  auto done(Call call) -> decltype(call()) {
    const Error gone{ErrorCode::kUnavailable, "database: away"};
    ++calls;
    if (away) return gone;
    auto result = call();
    if (in_doubt) return gone;
    return result;
  }

  coordinator::TaskStore& store_;
};

}  // namespace pare
