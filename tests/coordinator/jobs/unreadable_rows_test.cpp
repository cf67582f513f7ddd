// Rows that this version cannot read, as another one or a hand may have left them: what depends on
// one ends with the reason, the rest goes on, and nothing that is stored goes.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "coordinator/jobs/tasks.h"
#include "tests/coordinator/jobs/job_loop_fixture.h"

namespace pare::coordinator {
namespace {

constexpr const char* kUnknownKind =
    " cannot be read: its kind \"of_tomorrow\" is not known to this version";

class UnreadableRows : public JobLoopFixture {
 protected:
  void SetUp() override {
    JobLoopFixture::SetUp();
    start_logged();
  }

  void start_logged() {
    log.clear();
    JobLoopOptions options;
    options.log = [this](const std::string& line) { log.push_back(line); };
    start(options);
  }

  // Runs until a task of this kind is in that state and nobody has handled it, and makes it one
  // that nobody here knows.  Its name.
  std::string poison(const std::string& kind, const std::string& state = "succeeded") {
    for (int round = 0; round < 1000; ++round) {
      const std::string found =
          database.ask("SELECT coalesce(min(id), 0) FROM task WHERE NOT handled AND kind = '" +
                       kind + "' AND state = '" + state + "' AND coalesce(trial, 2) > 1");
      if (found != "0") {
        database.run("UPDATE task SET kind = 'of_tomorrow' WHERE id = " + found);
        return "task " + found;
      }
      if (round % 2 == 0) {
        fleet->step();
      } else {
        EXPECT_TRUE(loop->step().has_value());
      }
    }
    ADD_FAILURE() << "no task of kind " << kind << " was " << state;
    return "";
  }

  void run_until_trials(JobId id, std::size_t count) {
    while (trials(id).size() < count) {
      fleet->step();
      ASSERT_TRUE(loop->step().has_value());
    }
  }

  long lines_with(const std::string& text) const {
    return std::ranges::count_if(
        log, [&](const std::string& line) { return line.find(text) != std::string::npos; });
  }

  void expect_kept(const std::string& task) const {
    const std::string id = task.substr(task.find(' ') + 1);
    EXPECT_EQ(
        database.ask("SELECT kind || ' ' || (outcome IS NOT NULL) FROM task WHERE id = " + id),
        "of_tomorrow true");
    EXPECT_EQ(database.ask("SELECT set_aside FROM task WHERE id = " + id), task + kUnknownKind);
  }

  const TestDatabase& database = shared_database();
  std::vector<std::string> log;
};

TEST_F(UnreadableRows, an_inspection_of_another_version_rejects_its_model_with_the_reason) {
  const JobId id = post(5);
  const std::string task = poison("inspect_model");
  run_to_rest();
  EXPECT_EQ(store->model("m").value().state, EntryState::kRejected);
  EXPECT_EQ(store->model("m").value().reason, task + kUnknownKind);
  EXPECT_EQ(stored(id).state, JobState::kFailed);
  EXPECT_EQ(stored(id).reason, "model \"m\" was rejected: " + task + kUnknownKind);
  expect_kept(task);
}

TEST_F(UnreadableRows, an_inspection_of_another_version_rejects_its_dataset_with_the_reason) {
  const JobId id = post(5);
  const std::string task = poison("inspect_dataset");
  run_to_rest();
  EXPECT_EQ(store->dataset("d").value().reason, task + kUnknownKind);
  EXPECT_EQ(stored(id).reason, "dataset \"d\" was rejected: " + task + kUnknownKind);
  expect_kept(task);
}

TEST_F(UnreadableRows, a_preparation_of_another_version_fails_its_job_and_no_other) {
  const JobId id = post(5);
  const std::string task = poison("prepare");
  const JobId other = post(5);
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kFailed);
  EXPECT_EQ(stored(id).reason, "preparing failed: " + task + kUnknownKind);
  EXPECT_EQ(stored(other).state, JobState::kSucceeded) << stored(other).reason;
  expect_kept(task);
}

TEST_F(UnreadableRows, a_check_of_another_version_is_one_that_failed_and_its_job_goes_on) {
  for (const char* state : {"queued", "succeeded"}) {
    SCOPED_TRACE(state);
    fill();
    start_logged();
    const JobId id = post(5);
    const std::string task = poison("check", state);
    run_to_rest();
    EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
    const auto checks = store->checks(id).value();
    EXPECT_EQ(std::ranges::count(checks, task + kUnknownKind, &TargetCheck::reason), 1);
    EXPECT_EQ(stored(id).warnings, std::vector<std::string>{task + kUnknownKind});
    EXPECT_EQ(trials(id).size(), 5U);
    expect_kept(task);
  }
}

TEST_F(UnreadableRows, a_trials_task_of_another_version_ends_what_it_was_for_and_the_job_goes_on) {
  for (const char* kind : {"build", "benchmark", "evaluate"}) {
    SCOPED_TRACE(kind);
    fill();
    start_logged();
    const JobId id = post(8);
    const std::string task = poison(kind);
    const std::string number =
        database.ask("SELECT trial FROM task WHERE kind = 'of_tomorrow' ORDER BY id LIMIT 1");
    run_to_rest();
    EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
    const std::string said =
        task + kUnknownKind + "; trial " + number + " goes without what it found";
    EXPECT_EQ(stored(id).warnings, std::vector<std::string>{said});
    expect_consistent(id, 8);
    const Trial trial = trials(id)[static_cast<std::size_t>(std::stoi(number)) - 1];
    const auto lost = std::ranges::count_if(trial.on_target, [&](const auto& on) {
      return on.second.infeasible.find(task + kUnknownKind) != std::string::npos;
    });
    EXPECT_GT(lost, 0);
    if (std::string(kind) != "evaluate") {
      EXPECT_EQ(lost, std::string(kind) == "build" ? 2 : 1);
    }
    expect_kept(task);
    EXPECT_EQ(lines_with(task + kUnknownKind), 1);
  }
}

TEST_F(UnreadableRows, a_job_that_cannot_be_read_fails_and_hides_no_other) {
  const JobId bad = post(5);
  run_until_trials(bad, 2);
  const JobId good = post(5);
  database.run("UPDATE job SET warnings = ARRAY[NULL]::text[] WHERE id = 1");
  run_to_rest();
  EXPECT_EQ(stored(good).state, JobState::kSucceeded) << stored(good).reason;
  const std::string reason = database.ask("SELECT reason FROM job WHERE id = 1");
  EXPECT_TRUE(reason.starts_with("job 1 cannot be read: ")) << reason;
  EXPECT_EQ(database.ask("SELECT state FROM job WHERE id = 1"), "failed");
  const auto listed = store->jobs({0, 10});
  ASSERT_TRUE(listed) << listed.error().message;
  ASSERT_EQ(listed.value().size(), 2U);
  EXPECT_EQ(listed.value()[0].state, JobState::kFailed);
  EXPECT_EQ(store->job(bad).error().code, ErrorCode::kInternal);
  EXPECT_EQ(trials(bad).size(),
            static_cast<std::size_t>(std::stoi(database.ask("SELECT count(*) FROM trial "
                                                            "WHERE job_id = 1"))));
}

TEST_F(UnreadableRows, a_job_in_a_state_of_another_version_is_left_alone_and_said_once) {
  database.run("ALTER TYPE job_state ADD VALUE IF NOT EXISTS 'of_tomorrow'");
  const JobId bad = post(5);
  run_until_trials(bad, 2);
  const JobId good = post(5);
  database.run("UPDATE job SET state = 'of_tomorrow' WHERE id = 1");
  run_to_rest();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(loop->step());
  EXPECT_EQ(stored(good).state, JobState::kSucceeded) << stored(good).reason;
  EXPECT_EQ(database.ask("SELECT state FROM job WHERE id = 1"), "of_tomorrow");
  EXPECT_EQ(lines_with("job 1 cannot be read: its state \"of_tomorrow\" is not known to this "
                       "version; it is left as it is"),
            1);
}

TEST_F(UnreadableRows, a_trial_that_cannot_be_read_fails_its_job_by_name_and_hides_no_other) {
  const JobId bad = post(20);
  run_until_trials(bad, 6);
  database.run("UPDATE trial SET genome = ARRAY[NULL]::int[] WHERE number = 3");
  start();  // the log is read anew
  const JobId good = post(5);
  run_to_rest();
  EXPECT_EQ(stored(bad).state, JobState::kFailed);
  EXPECT_NE(stored(bad).reason.find("trial 3 of job 1 cannot be read: "), std::string::npos)
      << stored(bad).reason;
  EXPECT_EQ(stored(good).state, JobState::kSucceeded) << stored(good).reason;
  const auto listed = store->trials(bad, {0, 100});
  ASSERT_TRUE(listed) << listed.error().message;
  for (std::size_t i = 0; i < listed.value().size(); ++i) {
    EXPECT_EQ(listed.value()[i].number, static_cast<int>(i) + 1);
  }
  EXPECT_TRUE(listed.value()[2].reason.starts_with("trial 3 of job 1 cannot be read: "));
  const auto view = views->read(bad);
  EXPECT_TRUE(view) << view.error().message;
}

TEST_F(UnreadableRows, an_entry_of_the_search_log_that_cannot_be_read_fails_its_job_by_name) {
  database.run("ALTER TYPE search_step ADD VALUE IF NOT EXISTS 'of_tomorrow'");
  const JobId bad = post(20);
  run_until_trials(bad, 4);
  database.run("UPDATE search_log SET step = 'of_tomorrow' WHERE seq = 2");
  start();
  const JobId good = post(5);
  run_to_rest();
  EXPECT_EQ(stored(bad).reason,
            "entry 2 of the search log of job 1 cannot be read: its step \"of_tomorrow\" is not "
            "known to this version");
  EXPECT_EQ(stored(good).state, JobState::kSucceeded) << stored(good).reason;
}

TEST_F(UnreadableRows, an_accuracy_that_cannot_be_read_is_used_by_no_other_job) {
  const JobId first = post(8);
  run_to_rest();
  ASSERT_EQ(stored(first).state, JobState::kSucceeded);
  database.run("UPDATE trial_outcome SET figures = '{\"map_50\": \"high\"}' WHERE number = 2");
  const JobId second = post(8);
  run_to_rest();
  EXPECT_EQ(stored(second).state, JobState::kSucceeded) << stored(second).reason;
  expect_consistent(second, 8);
  const auto view = views->read(first);
  EXPECT_TRUE(view) << view.error().message;
}

TEST_F(UnreadableRows, a_check_of_another_version_is_not_used_by_another_job) {
  const JobId first = post(3);
  run_to_rest();
  ASSERT_EQ(stored(first).state, JobState::kSucceeded);
  database.run("UPDATE job_check SET result = '{\"of_tomorrow\": 1}' WHERE result IS NOT NULL");
  const JobId second = post(3);
  run_to_rest();
  EXPECT_EQ(stored(second).state, JobState::kSucceeded) << stored(second).reason;
}

TEST_F(UnreadableRows, what_is_kept_of_fronts_and_cannot_be_read_is_worked_out_anew) {
  const JobId id = post(8);
  run_to_rest();
  ASSERT_EQ(stored(id).state, JobState::kSucceeded);
  ASSERT_TRUE(views->read(id));
  ASSERT_EQ(database.ask("SELECT count(*) FROM job_contenders"), "1");
  database.run("UPDATE job_contenders SET numbers = ARRAY[NULL]::int[]");
  JobViews others(*store);
  const auto view = others.read(id);
  ASSERT_TRUE(view) << view.error().message;
  EXPECT_FALSE(view.value().found->fronts.at(0).members.empty());
}

TEST_F(UnreadableRows, a_worker_that_cannot_be_read_keeps_no_other_from_its_work) {
  const std::string odd = "00000000-0000-4000-8000-0000000000ff";
  ASSERT_TRUE(store->greet(odd, {"odd", "device0", "{}", {"default"}, {}}));
  database.run("UPDATE worker SET pools = ARRAY[NULL]::text[] WHERE name = 'odd'");
  const std::vector<std::string> sessions = {odd, "00000000-0000-4000-8000-000000000000"};
  const auto claims = store->claim_for(sessions);
  ASSERT_TRUE(claims) << claims.error().message;
  EXPECT_EQ(claims.value().leases.count(sessions[1]), 1U);
  EXPECT_EQ(claims.value().leases.count(odd), 0U);
}

TEST_F(UnreadableRows, a_comparison_of_another_version_fails_with_the_reason) {
  const JobId id = post(8);
  run_to_rest();
  const auto context = load_context(*store, stored(id)).value();
  const std::vector<Trial> all = trials(id);
  const wire::NewComparison wanted{id, "ov", all[0].plan_sha256, all[1].plan_sha256};
  const auto task = compare_task(stored(id), context.model.card, context.labels, context.targets[0],
                                 all[0], all[1], wanted);
  ASSERT_TRUE(task.has_value()) << task.error().message;
  const auto added = store->add_comparison({id, "ov", all[0].plan_sha256, all[1].plan_sha256, "{}"},
                                           task.value(), {});
  ASSERT_TRUE(added.has_value());
  const std::string name = poison("compare");
  run_to_rest();
  const Comparison ended = store->comparison(added.value().value.id).value();
  EXPECT_EQ(ended.state, ComparisonState::kFailed);
  EXPECT_EQ(ended.reason, name + kUnknownKind);
  expect_kept(name);
}

TEST_F(UnreadableRows, hides_no_other_in_any_list_and_is_named_where_it_is_asked_for) {
  for (const char* type : {"entry_state", "comparison_state"}) {
    database.run(std::string("ALTER TYPE ") + type + " ADD VALUE IF NOT EXISTS 'of_tomorrow'");
  }
  add_model("n", std::string(64, 'e'));
  const JobId id = post(3);
  run_to_rest();
  const std::string plan = trials(id)[0].plan_sha256;
  NewTask compare;
  compare.kind = TaskKind::kCompare;
  compare.document_json = "{}";
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(store->add_comparison({id, "ov", plan, plan, "{}"}, compare, {}));
  }
  ASSERT_TRUE(store->add_target({"odd", "ncnn", "default", 1, both}));
  database.run("UPDATE model SET state = 'of_tomorrow', summary = NULL WHERE name = 'm'");
  database.run("UPDATE dataset SET classes = ARRAY[NULL]::text[]");
  database.run("UPDATE comparison SET state = 'of_tomorrow' WHERE id = 1");
  database.run("UPDATE target SET precisions = '{fp32,of_tomorrow}' WHERE name = 'odd'");

  const auto models = store->models({0, 10});
  ASSERT_TRUE(models) << models.error().message;
  ASSERT_EQ(models.value().size(), 2U);
  EXPECT_EQ(models.value()[0].state, EntryState::kRejected);
  EXPECT_EQ(models.value()[0].reason,
            "model \"m\" cannot be read: its state \"of_tomorrow\" is not known to this version");
  EXPECT_EQ(models.value()[1].state, EntryState::kReady);
  EXPECT_EQ(store->model("m").error().message, models.value()[0].reason);
  EXPECT_EQ(store->datasets({0, 10}).value().at(0).state, EntryState::kRejected);
  EXPECT_EQ(store->dataset("d").error().code, ErrorCode::kInternal);
  const auto comparisons = store->comparisons({0, 10});
  ASSERT_TRUE(comparisons) << comparisons.error().message;
  ASSERT_EQ(comparisons.value().size(), 2U);
  EXPECT_EQ(comparisons.value()[0].state, ComparisonState::kFailed);
  EXPECT_EQ(store->comparison(ComparisonId{1}).error().message, comparisons.value()[0].reason);
  EXPECT_EQ(store->targets().value().size(), 2U);
  EXPECT_EQ(store->target("odd").error().message,
            "target \"odd\" cannot be read: its precision \"of_tomorrow\" is not known to this "
            "version");
  // Nobody who sends the same once more takes it from the version that knows it.
  NewTask inspect;
  inspect.document_json = "{}";
  EXPECT_EQ(store->add_model({"m", model, ""}, inspect).error().code, ErrorCode::kInternal);
  EXPECT_EQ(database.ask("SELECT state FROM model WHERE name = 'm'"), "of_tomorrow");
}

}  // namespace
}  // namespace pare::coordinator
