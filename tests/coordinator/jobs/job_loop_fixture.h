// A job loop on the store in PostgreSQL, and a fleet that answers by formula.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "coordinator/jobs/job_loop.h"
#include "coordinator/jobs/job_runner.h"
#include "search/seeds.h"
#include "tests/coordinator/jobs/fake_fleet.h"
#include "tests/support/postgres_store.h"
#include "wire/job_json.h"

namespace pare::coordinator {

struct Crash {};

class JobLoopFixture : public testing::Test {
 protected:
  void SetUp() override { fill(); }

  // A store of its own, with a model, a dataset and two targets that nobody has inspected yet.
  void fill() {
    StoreOptions options;
    options.clock = [this] { return clock; };
    store.reset();
    store = empty_store(options);
    fleet.emplace(*store, 3, 1U);
    (void)store->add_target({"ov", "openvino", "default", 1, both});
    (void)store->add_target({"ort", "onnxruntime", "default", 1, both});
    add_model("m", model);
    wire::TaskDocument document;
    NewTask look;
    look.kind = TaskKind::kInspectDataset;
    look.subject.dataset_sha256 = dataset;
    document.params = wire::InspectDatasetParams{};
    document.blobs = {{"dataset", dataset}};
    look.document_json = wire::task_to_json(document);
    ASSERT_TRUE(store->add_dataset({"d", dataset}, look).has_value());
  }

  void add_model(const std::string& name, const std::string& sha256) {
    NewTask inspect;
    inspect.subject.model_sha256 = sha256;
    wire::TaskDocument document;
    document.params = wire::InspectModelParams{};
    document.blobs["model"] = sha256;
    inspect.document_json = wire::task_to_json(document);
    ASSERT_TRUE(store->add_model({name, sha256, ""}, inspect).has_value());
  }

  void start() {
    JobLoopOptions options;
    options.tasks_added = [this] {
      if (crash_in > 0 && --crash_in == 0) throw Crash{};
    };
    start(options);
  }

  void start(const JobLoopOptions& options) { start_on(*store, options); }

  void start_on(Store& way, JobLoopOptions options = {}) {
    options.now = [this] { return std::chrono::steady_clock::time_point(passed); };
    loop.reset();
    views = std::make_unique<JobViews>(way);
    loop = std::make_unique<JobLoop>(way, *views, options);
  }

  static NewJob wanted(std::vector<std::string> targets) {
    NewJob job;
    job.model = "m";
    job.dataset = "d";
    job.targets = std::move(targets);
    return job;
  }
  JobId post(int trials, const std::string& strategy = "nsga2",
             std::vector<std::string> targets = {"ov", "ort"}) {
    NewJob job = wanted(std::move(targets));
    job.budget.trials = trials;
    job.strategy = strategy;
    return add(job);
  }
  JobId add(const NewJob& job) {
    const auto added =
        store->add_job({wire::job_to_json(job), model, dataset, job.targets, job.seed}, {});
    EXPECT_TRUE(added.has_value()) << added.error().message;
    return added.value().value.id;
  }

  // Time goes by, second by second, while the loop goes on.
  void let_pass(std::chrono::seconds time) {
    for (int i = 0; i < time.count(); ++i) {
      clock += std::chrono::seconds(1);
      passed += std::chrono::seconds(1);
      ASSERT_TRUE(loop->step().has_value());
    }
  }

  // Loop and workers take turns, two of theirs to one of its, until nothing happens any more.
  void run_to_rest() {
    for (int idle = 0; idle < 3;) {
      const bool worked = fleet->step();
      if (worked) (void)fleet->step();
      bool stepped = true;
      try {
        const auto done = loop->step();
        ASSERT_TRUE(done.has_value()) << done.error().message;
        stepped = done.value() > 0;
      } catch (const Crash&) {
        start();
      }
      idle = worked || stepped ? 0 : idle + 1;
    }
  }

  Job stored(JobId id) { return store->job(id).value(); }
  std::vector<Trial> trials(JobId id) { return all_trials(*store, id).value(); }

  // Dense numbers, no plan twice, every trial ended and told once, asks as the log has them.
  void expect_consistent(JobId id, int count);
  void run_history(unsigned seed, int count);

  const std::string model = std::string(64, 'c');
  const std::string dataset = std::string(64, 'd');
  const std::vector<Precision> both = {Precision::kFp32, Precision::kInt8};
  std::unique_ptr<Store> store;
  std::optional<FakeFleet> fleet;
  std::unique_ptr<JobViews> views;
  std::unique_ptr<JobLoop> loop;
  TimePoint clock = TimePoint(std::chrono::hours(1));
  std::chrono::seconds passed{0};  // on the clock that nobody sets
  int crash_in = 0;
};

inline void JobLoopFixture::expect_consistent(JobId id, int count) {
  const std::vector<Trial> all = trials(id);
  ASSERT_EQ(all.size(), static_cast<std::size_t>(count));
  std::set<std::string> plans;
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].number, static_cast<int>(i) + 1);
    EXPECT_TRUE(plans.insert(all[i].plan_sha256).second);
    EXPECT_NE(all[i].state, TrialState::kRunning);
    EXPECT_EQ(all[i].state == TrialState::kFailed, !all[i].reason.empty());
    for (const auto& [target, record] : all[i].on_target) {
      EXPECT_TRUE(!record.infeasible.empty() || (record.accuracy && record.latency));
    }
  }
  // One uninterrupted strategy, led through the log, asks exactly what was asked.
  const auto context = load_context(*store, stored(id));
  ASSERT_TRUE(context.has_value()) << context.error().message;
  const search::Space& space = context.value().space;
  const auto strategy =
      search::with_seeds(search::seeds(space), strategy_of(context.value()).value());
  std::map<int, int> told;
  int asked = 0;
  const auto log = store->search_log(id);
  ASSERT_TRUE(log.has_value());
  for (const SearchLogEntry& entry : log.value()) {
    if (entry.step == SearchStep::kAsk) {
      ASSERT_EQ(strategy->ask(1).at(0).choices, all[static_cast<std::size_t>(asked)].genome);
      ++asked;
    } else {
      const int number = std::stoi(entry.payload_json.substr(entry.payload_json.find(':') + 1));
      EXPECT_EQ(++told[number], 1) << "trial " << number << " was told twice";
      const search::Observation seen =
          observation_of(context.value(), all[static_cast<std::size_t>(number) - 1]);
      strategy->tell({&seen, 1});
    }
  }
  EXPECT_EQ(asked, count);
  EXPECT_EQ(told.size(), static_cast<std::size_t>(count));
}

// A job under one random history of outcomes, failures, crashes and restarts.
inline void JobLoopFixture::run_history(unsigned seed, int count) {
  SCOPED_TRACE(seed);
  fleet.emplace(*store, 1 + static_cast<int>(seed % 4), seed);
  std::mt19937 rng(seed);
  fleet->set_mishap([&](const wire::TaskDocument& task) -> std::optional<wire::TaskFailure> {
    if (task.kind() < TaskKind::kBuild) return std::nullopt;
    if (rng() % 10 == 0) return wire::TaskFailure{ErrorCode::kInternal, "crashed"};
    const auto* build = std::get_if<wire::BuildParams>(&task.params);
    const bool original = build != nullptr && build->plan.widths.empty();
    if (!original && rng() % 5 == 0) {
      return wire::TaskFailure{ErrorCode::kUnsupported, "does not fit"};
    }
    return std::nullopt;
  });
  start();
  crash_in = static_cast<int>(rng() % 20) + 1;
  const JobId id = post(count, seed % 2 == 0 ? "random" : "nsga2");
  for (int round = 0; round < 16 * count; ++round) {
    fleet->step();
    try {
      if (rng() % 2 == 0) {
        ASSERT_TRUE(loop->step().has_value());
      }
    } catch (const Crash&) {
      start();
      crash_in = static_cast<int>(rng() % 20) + 1;
    }
    if (rng() % 10 == 0) start();
  }
  run_to_rest();
  if (stored(id).state == JobState::kFailed) {
    EXPECT_NE(stored(id).reason.find("the original itself failed"), std::string::npos)
        << stored(id).reason;
    return;
  }
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  expect_consistent(id, count);
}

}  // namespace pare::coordinator
