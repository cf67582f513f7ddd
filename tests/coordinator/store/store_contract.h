// What every Store must do.  Each implementation's test includes these contracts and instantiates
// them with a factory, so that the fake cannot drift from the real one.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "coordinator/store/store.h"
#include "tests/support/one_by_one.h"

namespace pare::coordinator {

// Makes an empty store.
using MakeStore = std::function<std::unique_ptr<Store>(const StoreOptions&)>;

inline std::string sha(char digit) {
  return std::string(64, digit);
}

inline constexpr const char* kAda = "00000000-0000-0000-0000-00000000000a";
inline constexpr const char* kBen = "00000000-0000-0000-0000-00000000000b";

inline NewTask task_of_kind(TaskKind kind, std::string runtime = "", std::string pool = "") {
  NewTask task;
  task.kind = kind;
  task.runtime = std::move(runtime);
  task.pool = std::move(pool);
  task.document_json = R"({"kind":"x"})";
  return task;
}

inline WorkerProfile profile(std::string device, std::vector<std::string> runtimes = {"ort"},
                             std::vector<std::string> pools = {"default"}) {
  WorkerProfile made{"worker on " + device, device, R"({"cores":2})", std::move(pools), {}};
  for (std::string& name : runtimes) made.runtimes.push_back({std::move(name), "1.0", {"fp32"}});
  return made;
}

// A store whose clock stands still until a test moves it.
class StoreContract : public testing::TestWithParam<MakeStore> {
 protected:
  StoreContract() {
    StoreOptions options;
    options.lease_length = std::chrono::seconds(6);
    options.clock = [this] { return now_; };
    store_ = GetParam()(options);
  }

  Store& store() { return *store_; }
  void pass(std::chrono::milliseconds time) { now_ += time; }

  template <typename T>
  static T ok(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(result).value();
  }
  template <typename T>
  static ErrorCode code(const Result<T>& result) {
    if (result) throw std::runtime_error("it did not fail");
    return result.error().code;
  }

  // A registered model, dataset, and two targets.
  void register_all() {
    ok(store().add_model({"net", sha('a'), ""}, task_of_kind(TaskKind::kInspectModel)));
    ok(store().add_dataset({"photos", sha('d')}, task_of_kind(TaskKind::kInspectDataset)));
    for (const char* name : {"x86-ort", "x86-ov"}) {
      Target target;
      target.name = name;
      target.runtime = "ort";
      ok(store().add_target(target));
    }
    for (const Task& task : ok(store().tasks({}, {}))) finish(task.id);
  }
  // Leases a task to a worker that can do it, and reports its success.
  void finish(TaskId wanted) {
    ok(store().greet(kAda, profile("bench")));
    while (true) {
      const auto lease = ok(claim_one(store(), kAda));
      ASSERT_TRUE(lease.has_value());
      ok(store().report({lease->task, lease->attempt, true, false, "", R"({"ok":true})"}));
      if (lease->task == wanted) return;
    }
  }
  JobId add_job() {
    register_all();
    return ok(store().add_job({R"({"seed":1})", sha('a'), sha('d'), {"x86-ov", "x86-ort"}, 1},
                              std::nullopt))
        .value.id;
  }
  JobId searching_job() {
    const JobId job = add_job();
    ok(store().commit({{},
                       {JobMoved{job, JobState::kPreparing, ""}, JobPrepared{job, sha('5'), "{}"},
                        JobMoved{job, JobState::kSearching, ""}}}));
    return job;
  }
  static TrialAdded trial(JobId job, int number) {
    const std::string plan(64, static_cast<char>('0' + number));
    return {job, number, plan, R"({"version":1})", TrialOrigin::kSearch, {number, 2, 3}};
  }
  static LatencyRecorded latency(JobId job, int number) {
    return {job,
            number,
            "x86-ort",
            {Millis(2.5), Millis(2.25), Millis(2.75), 0, "", 1 << 20, {{"conv", 0.1 + 0.2}}},
            {2.5, 2.0, 0.1 + 0.2},
            R"({"layers_ms":{"conv":0.30000000000000004},"peak_memory_bytes":1048576})"};
  }

  TimePoint now_ = TimePoint(std::chrono::microseconds(1'800'000'000'123'456));

 private:
  std::unique_ptr<Store> store_;
};

}  // namespace pare::coordinator
