// An empty store whose clock stands still, and what most tests of jobs begin with.
#pragma once

#include <memory>
#include <string>

#include "tests/support/one_by_one.h"
#include "tests/support/postgres_store.h"
#include "tests/support/store_helpers.h"

namespace pare::coordinator {

class StoreTest : public testing::Test, protected StillClock {
 protected:
  Store& store() { return *store_; }

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
    Measurement measured;
    static_cast<Latency&>(measured) = {Millis(2.5), Millis(2.25), Millis(2.75), 3};
    measured.peak_memory_bytes = 1 << 20;
    measured.layers_ms = {{"conv", 0.1 + 0.2}};
    measured.samples_sha256 = sha('b');
    return {job, number, "x86-ort", measured};
  }

 private:
  std::unique_ptr<Store> store_ = empty_store(options());
};

}  // namespace pare::coordinator
