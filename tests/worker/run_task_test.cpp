#include "worker/task/run_task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "core/blame.h"
#include "tests/worker/support/blob_server.h"
#include "tests/worker/support/fake_engine.h"
#include "wire/sha256.h"
#include "wire/task_json.h"

namespace pare::worker {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class RunTask : public testing::Test {
 protected:
  RunTask() : folder_(fs::temp_directory_path() / ("pare-task-" + std::to_string(::getpid()))) {
    fs::remove_all(folder_);
    cache_ = Cache::open(folder_ / "cache", BlobClient(server_.url())).value();
  }
  ~RunTask() override { fs::remove_all(folder_); }

  TaskSettings settings(const std::string& script) const {
    return {.engine = test::write_engine(folder_ / "engine", script),
            .scratch = folder_ / "tasks",
            .runtimes = {{"openvino", {"/bin/harness"}}},
            .cores = {0}};
  }
  Lease lease() {
    return {.task = {5},
            .attempt = 2,
            .document = test::build_task(server_),
            .time_limit = std::chrono::seconds(60)};
  }
  wire::TaskOutcome run(const Lease& lease, const TaskSettings& settings) {
    const TaskListener listener{
        [&](double share, const std::string& message) { progress_.emplace_back(share, message); },
        [&](const SeriesPoint& point) { points_.push_back(point); },
        [&](const Checkpoint& checkpoint) { checkpoints_.push_back(checkpoint); }};
    const auto json = run_task(lease, settings, *cache_, stop_.get_token(), pause_, listener);
    auto outcome = wire::parse_outcome(json.value_or("stopped"), TaskKind::kBuild);
    EXPECT_TRUE(outcome) << outcome.error().message;
    return std::move(outcome).value();
  }
  wire::TaskFailure failure(const std::string& script) {
    const auto outcome = run(lease(), settings(script));
    const auto* failed = std::get_if<wire::TaskFailure>(&outcome.end);
    return failed ? *failed : wire::TaskFailure{ErrorCode::kConflict, "it succeeded"};
  }

  fs::path folder_;
  test::BlobServer server_;
  std::optional<Cache> cache_;
  std::stop_source stop_;
  Pause pause_;
  std::vector<std::pair<double, std::string>> progress_;
  std::vector<SeriesPoint> points_;
  std::vector<Checkpoint> checkpoints_;  // read it when the task is over
};

TEST_F(RunTask, an_artifact_is_published_and_replaced_by_its_digest) {
  const auto outcome = run(lease(), settings(test::kSucceed));
  const auto& success = std::get<wire::TaskSuccess>(outcome.end);
  const std::string name = wire::sha256_hex("the candidate");
  EXPECT_EQ(std::get<wire::BlobRef>(success.artifacts.at("candidate")),
            (wire::BlobRef{.sha256 = name, .bytes = 13}));
  EXPECT_EQ(server_.blob(name), "the candidate");
  EXPECT_EQ(outcome.seconds, 0.5);
  EXPECT_TRUE(fs::is_empty(folder_ / "tasks"));
}

TEST_F(RunTask, the_child_finds_files_runtimes_and_cores_in_its_task) {
  const auto outcome = run(lease(), settings("cp \"$TASK\" " + (folder_ / "seen.json").string() +
                                             "; " + test::kSucceed));
  ASSERT_TRUE(std::holds_alternative<wire::TaskSuccess>(outcome.end));
  std::ifstream file(folder_ / "seen.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto seen = wire::parse_task(text);
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_EQ(seen.value().cores, std::vector<int>{0});
  EXPECT_EQ(seen.value().runtimes.at("openvino"), std::vector<std::string>{"/bin/harness"});
  std::ifstream model(seen.value().files.at("model"));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(model), {}), "the model");
}

TEST_F(RunTask, the_child_is_told_where_runtimes_keep_and_the_oldest_make_room) {
  TaskSettings keeping =
      settings("cp \"$TASK\" " + (folder_ / "seen.json").string() + "; " + test::kSucceed);
  keeping.kept = folder_ / "kept";
  fs::create_directories(keeping.kept);
  const auto now = fs::file_time_type::clock::now();
  for (int age = 0; age < 20; ++age) {
    const fs::path file = keeping.kept / std::to_string(age);
    std::ofstream(file) << "a model";
    fs::last_write_time(file, now - std::chrono::hours(age));
  }
  run(lease(), keeping);
  std::ifstream file(folder_ / "seen.json");
  const auto seen = wire::parse_task(std::string(std::istreambuf_iterator<char>(file), {}));
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_EQ(seen.value().kept, keeping.kept.string());
  for (int age = 0; age < 20; ++age) {
    EXPECT_EQ(fs::exists(keeping.kept / std::to_string(age)), age < 15) << age;
  }
}

TEST_F(RunTask, progress_lines_are_forwarded_and_others_are_not) {
  run(lease(), settings("echo '{\"progress\": 0.25, \"message\": \"images 1 of 4\"}'; echo hello; "
                        "echo '{\"progress\": \"much\"}'; echo '{\"progress\": 0.5}'; " +
                        std::string(test::kSucceed)));
  EXPECT_THAT(progress_, testing::IsSupersetOf(
                             {std::pair<double, std::string>(0.25, "images 1 of 4"), {0.5, ""}}));
  for (const auto& [share, message] : progress_) EXPECT_NE(message, "hello");
}

TEST_F(RunTask, a_crash_burns_an_attempt_and_says_signal_and_log) {
  const auto failed = failure("echo 'bad alloc in conv_7' >&2; kill -SEGV $$");
  EXPECT_EQ(burden_of(failed.code), Burden::kBurns);
  EXPECT_EQ(failed.reason,
            "pare-engine ended with signal 11 (Segmentation fault); the end of its log: bad alloc "
            "in conv_7\n");
}

TEST_F(RunTask, what_the_child_says_went_wrong_is_reported_as_it_is) {
  const auto failed = failure(
      R"(echo '{"ok": false, "code": "unsupported", "reason": "no head", "seconds": 0.2}' > "$OUTCOME")");
  EXPECT_EQ(failed.code, ErrorCode::kUnsupported);
  EXPECT_EQ(failed.reason, "no head");
}

struct Case {
  const char* what;
  const char* script;
  ErrorCode code;
  const char* reason;
};
void PrintTo(const Case& one, std::ostream* out) {
  *out << one.what;
}
class BadEngine : public RunTask, public testing::WithParamInterface<Case> {};

TEST_P(BadEngine, becomes_a_failure_with_a_reason) {
  const auto failed = failure(GetParam().script);
  EXPECT_EQ(failed.code, GetParam().code);
  EXPECT_THAT(failed.reason, HasSubstr(GetParam().reason));
  EXPECT_TRUE(fs::is_empty(folder_ / "tasks"));
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadEngine,
    testing::Values(
        Case{"exit_code", "exit 9", ErrorCode::kInternal, "ended with exit code 9"},
        Case{"no_outcome", "exit 0", ErrorCode::kInternal, "ended without an outcome"},
        Case{"rubbish", "echo rubbish > \"$OUTCOME\"", ErrorCode::kInternal,
             "an outcome that is wrong"},
        Case{"oversize", "head -c 20000000 /dev/zero > \"$OUTCOME\"", ErrorCode::kInternal,
             "an outcome of 20000000 bytes"},
        Case{"no_artifact", "cp \"$GOOD\" \"$OUTCOME\"", ErrorCode::kInternal,
             "artifact \"candidate.onnx\" is no file"},
        Case{"artifact_outside", "sed 's#candidate.onnx#../task.json#' \"$GOOD\" > \"$OUTCOME\"",
             ErrorCode::kInternal, "../task.json"},
        Case{"artifact_link",
             "ln -s /proc/version \"$SCRATCH/candidate.onnx\"; cp \"$GOOD\" \"$OUTCOME\"",
             ErrorCode::kInternal, "artifact \"candidate.onnx\" is no file"},
        Case{"floods_stdout", "yes | head -c 3000000; exit 3", ErrorCode::kInternal,
             "exit code 3"}),
    [](const auto& made) { return std::string(made.param.what); });

TEST_F(RunTask, a_task_over_its_time_is_killed_with_what_it_started) {
  Lease slow = lease();
  slow.time_limit = std::chrono::milliseconds(100);
  const auto outcome = run(slow, settings("sleep 1000 & sleep 1000"));
  const auto& failed = std::get<wire::TaskFailure>(outcome.end);
  EXPECT_EQ(failed.code, ErrorCode::kDeadlineExceeded);
  EXPECT_THAT(failed.reason, HasSubstr("limit of 100 ms"));
}

TEST_F(RunTask, a_task_over_its_memory_is_killed) {
  TaskSettings small = settings("a=xxxxxxxxxxxxxxxx; while :; do a=$a$a; done");
  small.max_memory_bytes = 64 << 20;
  const auto outcome = run(lease(), small);
  const auto& failed = std::get<wire::TaskFailure>(outcome.end);
  EXPECT_EQ(failed.code, ErrorCode::kUnsupported);
  EXPECT_THAT(failed.reason, HasSubstr("the limit is 64 MiB"));
}

TEST_F(RunTask, an_engine_that_does_nothing_is_ended_long_before_its_limit) {
  TaskSettings impatient = settings("sleep 1000 & sleep 1000");
  impatient.standstill = std::chrono::milliseconds(1500);
  const auto outcome = run(lease(), impatient);
  const auto& failed = std::get<wire::TaskFailure>(outcome.end);
  EXPECT_EQ(failed.code, ErrorCode::kDeadlineExceeded);
  EXPECT_THAT(failed.reason, HasSubstr("stood still for 2 s"));
}

TEST_F(RunTask, an_engine_that_was_stopped_by_a_signal_is_ended_and_said_to_be_stopped) {
  TaskSettings impatient = settings("kill -STOP $$");
  impatient.standstill = std::chrono::milliseconds(1500);
  const auto outcome = run(lease(), impatient);
  const auto& failed = std::get<wire::TaskFailure>(outcome.end);
  EXPECT_EQ(failed.code, ErrorCode::kUnavailable);
  EXPECT_THAT(failed.reason, HasSubstr("it was stopped by a signal"));
}

// A runtime that waits for its engine sleeps.
TEST_F(RunTask, an_engine_that_was_stopped_beside_what_it_started_is_said_to_be_stopped) {
  TaskSettings impatient = settings("sleep 1000 & kill -STOP $$");
  impatient.standstill = std::chrono::milliseconds(1500);
  const auto outcome = run(lease(), impatient);
  const auto& failed = std::get<wire::TaskFailure>(outcome.end);
  EXPECT_EQ(failed.code, ErrorCode::kUnavailable) << failed.reason;
}

TEST_F(RunTask, an_engine_that_works_or_speaks_now_and_then_is_left_alone) {
  TaskSettings impatient = settings("for i in 1 2 3; do sleep 0.9; echo still here >&2; done\n" +
                                    std::string(test::kSucceed));
  impatient.standstill = std::chrono::milliseconds(1500);
  const auto outcome = run(lease(), impatient);
  EXPECT_TRUE(std::holds_alternative<wire::TaskSuccess>(outcome.end));
}

TEST_F(RunTask, a_stop_kills_the_child_and_gives_no_outcome) {
  std::atomic<bool> running = false;
  const Lease task = lease();
  const TaskSettings slow = settings("echo '{\"progress\": 0.5}'; exec sleep 1000");
  std::optional<std::string> outcome = "none yet";
  std::thread thread([&] {
    outcome =
        run_task(task, slow, *cache_, stop_.get_token(), pause_, {[&](double share, const auto&) {
                   running = running || share == 0.5;
                   running.notify_all();
                 }});
  });
  running.wait(false);
  stop_.request_stop();
  thread.join();
  EXPECT_FALSE(outcome.has_value());
}

TEST_F(RunTask, numbers_of_steps_are_forwarded_and_rubbish_is_not) {
  run(lease(), settings(R"(echo '{"step": 3, "numbers": {"loss": 0.5, "name": "x"}}';
                           echo '{"step": -1, "numbers": {"loss": 0.5}}'; echo '{"step": 4}'; )" +
                        std::string(test::kSucceed)));
  EXPECT_EQ(points_, (std::vector<SeriesPoint>{{3, {{"loss", 0.5}}}}));
}

TEST_F(RunTask, a_checkpoint_is_sent_while_the_child_goes_on) {
  Lease lasting = lease();
  lasting.document = test::prepare_task(server_);
  // It ends when the coordinator has what it wrote.
  const std::string sent = (folder_ / "sent").string();
  std::ofstream(folder_ / "outside") << "not the task's";
  const TaskSettings with = settings(
      R"(PLACE=$(dirname $TASK)/checkpoints; printf 'half of it' > $PLACE/5.tensors;
         echo '{"checkpoint": "../../../outside", "step": 4}';
         echo '{"checkpoint": "5.tensors", "step": 5}'; while [ ! -e )" +
      sent + " ]; do sleep 0.01; done; exit 3");
  TaskListener listener{[](double, const std::string&) {}};
  std::optional<Checkpoint> told;
  listener.checkpoint = [&](const Checkpoint& checkpoint) {
    told = checkpoint;
    std::ofstream(folder_ / "sent") << "yes";
  };
  const auto json = run_task(lasting, with, *cache_, stop_.get_token(), pause_, listener);
  ASSERT_TRUE(json);
  EXPECT_THAT(*json, HasSubstr("exit code 3"));
  EXPECT_EQ(told, (Checkpoint{wire::sha256_hex("half of it"), 10, 5}));
  EXPECT_EQ(server_.blob(wire::sha256_hex("half of it")), "half of it");
  EXPECT_EQ(server_.puts(), 1) << "what is outside its folder is not sent";
}

TEST_F(RunTask,
       a_lease_with_a_checkpoint_hands_it_to_the_child_and_one_that_is_gone_is_done_without) {
  Lease lasting = lease();
  lasting.document = test::prepare_task(server_);
  const std::string script = "cp $TASK " + (folder_ / "seen.json").string() + "; exit 3";
  const auto seen = [&] {
    const auto outcome = run_task(lasting, settings(script), *cache_, stop_.get_token(), pause_,
                                  {[](double, const std::string&) {}});
    EXPECT_THAT(outcome.value_or(""), HasSubstr("exit code 3"));
    std::ifstream file(folder_ / "seen.json");
    return wire::parse_task(std::string(std::istreambuf_iterator<char>(file), {})).value();
  };
  lasting.resume_from = Checkpoint{server_.put("half of it"), 10, 5};
  std::ifstream from(seen().checkpoints->from);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(from), {}), "half of it");
  lasting.resume_from->sha256 = std::string(64, 'b');
  EXPECT_EQ(seen().checkpoints->from, "");
}

TEST_F(RunTask, standing_still_keeps_the_task_and_takes_none_of_its_time) {
  Lease brief = lease();
  brief.time_limit = std::chrono::seconds(8);  // its work needs half of one, on a quiet machine
  TaskSettings with =
      settings(R"(echo '{"progress": 0.5}'; sleep 0.5; )" + std::string(test::kSucceed));
  with.standstill = std::chrono::milliseconds(1500);
  std::atomic<bool> still = false;
  Pause pause([&](int suspension) {
    still = stands_still(suspension);
    still.notify_all();
  });
  std::optional<std::string> outcome;
  std::thread thread([&] {
    outcome =
        run_task(brief, with, *cache_, stop_.get_token(), pause, {[&](double share, const auto&) {
                   if (share == 0.5) pause.want(1);
                 }});
  });
  still.wait(false);
  // Time has to pass: more than its limit, and than what counts as a hang.
  ::poll(nullptr, 0, 9000);
  pause.want(2);
  thread.join();
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(wire::parse_outcome(*outcome, TaskKind::kBuild)) << *outcome;
  EXPECT_THAT(*outcome, testing::Not(HasSubstr("longer than its limit")));
  EXPECT_THAT(*outcome, HasSubstr(R"("ok":true)"));
}

TEST_F(RunTask, a_child_does_not_start_while_the_task_is_to_stand_still_and_can_be_stopped) {
  std::atomic<bool> still = false, ready = false;
  Pause pause([&](int) { still = true; });
  const TaskSettings with =
      settings("touch " + (folder_ / "started").string() + "; " + test::kSucceed);
  const Lease task = lease();
  std::optional<std::string> outcome = "none yet";
  std::thread thread([&] {
    outcome = run_task(task, with, *cache_, stop_.get_token(), pause,
                       {[&](double, const std::string& message) {
                         // The last of its blobs.
                         if (message == "fetching statistics") pause.want(1);
                         if (message != "running") return;
                         ready = true;
                         ready.notify_all();
                       }});
  });
  ready.wait(false);
  EXPECT_TRUE(still) << "nothing runs: it stands still at once";
  stop_.request_stop();
  thread.join();
  EXPECT_FALSE(outcome);
  EXPECT_FALSE(fs::exists(folder_ / "started"));
}

TEST_F(RunTask, nothing_is_fetched_while_the_task_is_to_stand_still) {
  Pause pause;
  pause.want(1);
  std::optional<std::string> outcome = "none yet";
  const Lease task = lease();
  const TaskSettings with = settings(test::kSucceed);
  std::thread thread([&] {
    outcome = run_task(task, with, *cache_, stop_.get_token(), pause,
                       {[](double, const std::string&) {}});
  });
  stop_.request_stop();
  thread.join();
  EXPECT_FALSE(outcome);
  EXPECT_EQ(server_.gets(), 0);
}

TEST_F(RunTask, a_document_that_is_wrong_is_a_failure_that_says_so) {
  Lease wrong = lease();
  wrong.document = "{\"kind\": \"dance\"}";
  const auto outcome = run(wrong, settings(test::kSucceed));
  const auto& failed = std::get<wire::TaskFailure>(outcome.end);
  EXPECT_EQ(failed.code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(failed.reason, HasSubstr("dance"));
}

TEST_F(RunTask, a_blob_that_the_coordinator_lacks_is_named_and_nobodys_fault) {
  Lease wrong = lease();
  const std::string absent(64, 'b');
  wrong.document.replace(wrong.document.find(wire::sha256_hex("the model")), 64, absent);
  const auto outcome = run(wrong, settings(test::kSucceed));
  const auto& failed = std::get<wire::TaskFailure>(outcome.end);
  EXPECT_EQ(failed.code, ErrorCode::kUnavailable);
  EXPECT_THAT(failed.reason, HasSubstr(absent));
}

TEST_F(RunTask, a_scratch_folder_that_cannot_be_made_lets_the_task_wait) {
  TaskSettings blocked = settings(test::kSucceed);
  std::ofstream(folder_ / "a file") << "where a folder should be";
  blocked.scratch = folder_ / "a file" / "tasks";
  const auto outcome = run(lease(), blocked);
  const auto& failed = std::get<wire::TaskFailure>(outcome.end);
  EXPECT_EQ(failed.code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(failed.reason, HasSubstr("cannot be written"));
}

TEST_F(RunTask, an_engine_that_is_not_there_is_named) {
  TaskSettings none = settings("");
  none.engine = folder_ / "nothing";
  const auto outcome = run(lease(), none);
  const auto& failed = std::get<wire::TaskFailure>(outcome.end);
  EXPECT_THAT(failed.reason, HasSubstr("cannot start " + none.engine.string()));
  EXPECT_EQ(burden_of(failed.code), Burden::kWaits) << "this machine's affair";
}

}  // namespace
}  // namespace pare::worker
