// What every TaskStore must do.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "tests/coordinator/store/queue_contract.h"

namespace pare::coordinator {

class TaskContract : public QueueContract {
 protected:
  std::optional<TaskId> claim(const char* session) {
    const auto lease = ok(claim_one(store(), session));
    return lease ? std::optional(lease->task) : std::nullopt;
  }
  ReportVerdict succeed(const Lease& lease) {
    return ok(store().report({lease.task, lease.attempt, true, false, "", R"({"ok":true})"}));
  }
  ReportVerdict fail(const Lease& lease, bool retryable) {
    return ok(store().report(
        {lease.task, lease.attempt, false, retryable, "it broke", R"({"ok":false})"}));
  }
  ReportVerdict wait(const Lease& lease) {
    AttemptReport report{lease.task, lease.attempt, false, false, "no room", R"({"ok":false})"};
    report.waits = true;
    return ok(store().report(report));
  }
  // A heartbeat about one lease, and what the store answers.
  BeatsSeen say(const char* session, RunningTask task) {
    const SessionBeat beat{session, {std::move(task)}};
    return ok(store().see(std::span(&beat, 1)));
  }
  static RunningTask running(const Lease& lease, int suspension = 0) {
    return {lease.task, lease.attempt, 0.5, "half", suspension};
  }
  static RunningTask at_step(const Lease& lease, std::int64_t step) {
    RunningTask task = running(lease);
    task.checkpoint = Checkpoint{sha('c'), 4096, step};
    return task;
  }
  // A prepare leased to Ada on the device "one".
  Lease lasting() {
    queue(TaskKind::kPrepare);
    ok(store().greet(kAda, profile("one")));
    return *ok(claim_one(store(), kAda));
  }
  std::optional<Checkpoint> checkpoint_of(TaskId task) { return ok(store().task(task)).checkpoint; }
  // A worker that takes the task and is never heard of again.
  void lose(int number, TaskId task) {
    const std::string session = "10000000-0000-0000-0000-00000000000" + std::to_string(number);
    ok(store().greet(session, profile("one")));
    EXPECT_EQ(claim(session.c_str()), task) << number;
    pass(std::chrono::seconds(7));
    EXPECT_EQ(ok(store().retire(session)), std::vector{task});
    EXPECT_TRUE(ok(store().retire(session)).empty());
  }
};

TEST_P(TaskContract, a_task_is_leased_to_one_worker_only_and_oldest_first) {
  const TaskId first = queue(TaskKind::kBuild);
  const TaskId second = queue(TaskKind::kBuild);
  ok(store().greet(kAda, profile("one")));
  ok(store().greet(kBen, profile("two")));
  EXPECT_EQ(claim(kAda), first);
  EXPECT_EQ(claim(kBen), second);
  EXPECT_EQ(claim(kAda), std::nullopt);
  const Task task = ok(store().task(first));
  EXPECT_EQ(task.state, TaskState::kLeased);
  EXPECT_EQ(task.leased_by, kAda);
  EXPECT_EQ(task.device_id, "one");
  EXPECT_EQ(task.attempt, 1);
  EXPECT_EQ(task.leased_at, now_);
}

TEST_P(TaskContract, a_lease_carries_the_document_and_the_time_limit) {
  NewTask task = task_of_kind(TaskKind::kEvaluate);
  task.document_json = R"({"kind": "evaluate",  "name": "nul \u0000 and \"quotes\""})";
  queue(task);
  ok(store().greet(kAda, profile("one")));
  const Lease lease = *ok(claim_one(store(), kAda));
  EXPECT_EQ(lease.document, task.document_json);
  EXPECT_EQ(lease.time_limit, policy_of(TaskKind::kEvaluate).time_limit);
  EXPECT_EQ(lease.attempt, 1);
}

TEST_P(TaskContract, a_worker_gets_only_what_its_runtimes_and_pools_allow) {
  const TaskId benchmark = queue(TaskKind::kEvaluate, "openvino", "jetson");
  ok(store().greet(kAda, profile("one", {"ort"}, {"jetson"})));
  ok(store().greet(kBen, profile("two", {"openvino"}, {"x86"})));
  EXPECT_EQ(claim(kAda), std::nullopt);
  EXPECT_EQ(claim(kBen), std::nullopt);
  ok(store().greet(kBen, profile("two", {"ort", "openvino"}, {"x86", "jetson"})));
  EXPECT_EQ(claim(kBen), benchmark);
}

TEST_P(TaskContract, training_goes_to_workers_that_can_and_to_no_other) {
  ok(store().greet(kAda, profile("one")));
  queue(TaskKind::kTrain);
  EXPECT_FALSE(claim(kAda));
  WorkerProfile trainer = profile("two");
  trainer.capabilities = {std::string(kTraining)};
  EXPECT_EQ(ok(store().greet(kBen, trainer)).profile, trainer);
  EXPECT_TRUE(claim(kBen));
}

TEST_P(TaskContract, a_task_for_one_kind_of_processor_goes_to_no_other) {
  NewTask task = task_of_kind(TaskKind::kEvaluate);
  task.processor = "x86_64 with avx512_vnni";
  const TaskId scoring = queue(task);
  EXPECT_EQ(ok(store().task(scoring)).task.processor, task.processor);
  WorkerProfile worker = profile("one");
  worker.device_json = R"({"cpu_model": "x86_64 with avx512_vnni", "processor": "x86_64 without"})";
  ok(store().greet(kAda, worker));
  ok(store().greet(kBen, profile("two")));
  EXPECT_EQ(claim(kAda), std::nullopt);
  EXPECT_EQ(claim(kBen), std::nullopt) << "it does not say what it is";
  // From before there were kinds: the model stands for it.
  worker.device_json = R"({"cpu_model": "x86_64 with avx512_vnni"})";
  ok(store().greet(kAda, worker));
  EXPECT_EQ(claim(kAda), scoring);
}

TEST_P(TaskContract, an_unknown_session_must_say_hello) {
  EXPECT_EQ(code(claim_one(store(), kAda)), ErrorCode::kNotFound);
  EXPECT_EQ(code(beat_one(store(), kAda, {})), ErrorCode::kNotFound);
  ok(store().greet(kAda, profile("one")));
  EXPECT_TRUE(beat_one(store(), kAda, {}));
  ok(store().retire(kAda));
  EXPECT_EQ(code(claim_one(store(), kAda)), ErrorCode::kNotFound);
  EXPECT_EQ(code(beat_one(store(), kAda, {})), ErrorCode::kNotFound);
  ok(store().greet(kAda, profile("one")));
  EXPECT_TRUE(beat_one(store(), kAda, {}));
}

TEST_P(TaskContract, workers_are_listed_with_what_they_said_and_do) {
  const TaskId task = queue(TaskKind::kBuild);
  WorkerProfile said = profile("one", {"ort", "ov"}, {"a \"b\"", "c"});
  ok(store().greet(kAda, said));
  ok(store().greet(kBen, profile("two")));
  EXPECT_EQ(claim(kAda), task);
  pass(std::chrono::seconds(1));
  ok(beat_one(store(), kBen, {}));
  auto workers = ok(store().workers());
  ASSERT_EQ(workers.size(), 2U);
  EXPECT_EQ(workers[0].profile, said);
  EXPECT_EQ(workers[0].state, WorkerState::kBusy);
  EXPECT_EQ(workers[0].tasks, std::vector{task});
  EXPECT_EQ(workers[0].last_seen, now_ - std::chrono::seconds(1));
  EXPECT_EQ(workers[1].state, WorkerState::kIdle);
  EXPECT_EQ(workers[1].last_seen, now_);
  ok(store().retire(kBen));
  EXPECT_EQ(ok(store().workers())[1].state, WorkerState::kLost);
  pass(std::chrono::hours(2));
  EXPECT_EQ(ok(store().workers()).size(), 1U);
}

TEST_P(TaskContract, an_exclusive_task_has_its_device_to_itself) {
  ok(store().greet(kAda, profile("one")));
  ok(store().greet(kBen, profile("one")));
  queue(TaskKind::kBuild);
  const Lease build = *ok(claim_one(store(), kAda));
  const TaskId benchmark = queue(TaskKind::kBenchmark, "ort");
  const TaskId later = queue(TaskKind::kBuild);
  EXPECT_EQ(claim(kBen), std::nullopt) << "the device drains for the benchmark";
  succeed(build);
  const Lease lease = *ok(claim_one(store(), kBen));
  EXPECT_EQ(lease.task, benchmark) << "an exclusive task goes first";
  EXPECT_EQ(claim(kAda), std::nullopt) << "nothing runs beside it";
  succeed(lease);
  EXPECT_EQ(claim(kAda), later);
}

TEST_P(TaskContract, another_device_goes_on_while_one_drains) {
  ok(store().greet(kAda, profile("one", {"ort"})));
  ok(store().greet(kBen, profile("two", {"none"})));
  const TaskId benchmark = queue(TaskKind::kBenchmark, "ort");
  const TaskId build = queue(TaskKind::kBuild);
  EXPECT_EQ(claim(kBen), build);
  EXPECT_EQ(claim(kAda), benchmark);
}

TEST_P(TaskContract, a_device_drains_for_what_a_neighbour_worker_can_do) {
  ok(store().greet(kAda, profile("one", {"none"})));
  ok(store().greet(kBen, profile("one", {"ort"})));
  const TaskId benchmark = queue(TaskKind::kBenchmark, "ort");
  const TaskId build = queue(TaskKind::kBuild);
  EXPECT_EQ(claim(kAda), std::nullopt);
  EXPECT_EQ(claim(kBen), benchmark);
  // Once that worker is gone, nobody here waits for it.
  const TaskId again = queue(TaskKind::kBenchmark, "ort");
  ok(store().retire(kBen));
  EXPECT_EQ(claim(kAda), build);
  EXPECT_EQ(ok(store().task(again)).state, TaskState::kQueued);
}

TEST_P(TaskContract, a_heartbeat_extends_a_lease_and_silence_ends_it) {
  queue(TaskKind::kBuild);
  ok(store().greet(kAda, profile("one")));
  ok(store().greet(kBen, profile("two")));
  const Lease lease = *ok(claim_one(store(), kAda));
  for (int second = 0; second < 10; ++second) {
    pass(std::chrono::seconds(1));
    EXPECT_TRUE(
        ok(beat_one(store(), kAda, std::vector{RunningTask{lease.task, 1, 0.25, "half"}})).empty());
    EXPECT_TRUE(ok(store().expire_leases()).empty());
  }
  EXPECT_EQ(ok(store().task(lease.task)).progress, 0.25);
  EXPECT_EQ(ok(store().task(lease.task)).message, "half");
  pass(std::chrono::milliseconds(6001));
  EXPECT_EQ(ok(store().expire_leases()), std::vector{lease.task});
  const Task task = ok(store().task(lease.task));
  EXPECT_EQ(task.state, TaskState::kQueued);
  EXPECT_EQ(task.progress, 0.0);
  EXPECT_EQ(task.reason, "worker \"worker on one\" went silent (1 of 5)");
  ok(store().greet(kBen, profile("two")));
  EXPECT_EQ(claim(kBen), lease.task);
}

TEST_P(TaskContract, a_result_that_comes_late_counts_as_long_as_nobody_took_the_task_over) {
  queue(TaskKind::kBuild);
  ok(store().greet(kAda, profile("one")));
  const Lease lease = *ok(claim_one(store(), kAda));
  pass(std::chrono::seconds(7));
  EXPECT_EQ(ok(store().expire_leases()), std::vector{lease.task});
  EXPECT_EQ(fail(lease, false), ReportVerdict::kStale) << "a failure is tried again anyway";
  EXPECT_EQ(succeed(lease), ReportVerdict::kRecorded);
  EXPECT_EQ(succeed(lease), ReportVerdict::kAlreadyRecorded);
  EXPECT_EQ(ok(store().task(lease.task)).state, TaskState::kSucceeded);
  ok(store().greet(kAda, profile("one")));
  EXPECT_EQ(claim(kAda), std::nullopt);
}

TEST_P(TaskContract, a_task_that_lasts_is_left_to_a_silent_worker_until_its_grace_is_over) {
  const Lease lease = lasting();
  queue(TaskKind::kBuild);
  pass(std::chrono::seconds(7));
  EXPECT_TRUE(ok(store().expire_leases()).empty());
  EXPECT_EQ(ok(store().workers())[0].state, WorkerState::kLost);
  EXPECT_EQ(code(claim_one(store(), kAda)), ErrorCode::kNotFound) << "nothing new for the silent";
  EXPECT_TRUE(ok(store().retire(kAda)).empty());
  EXPECT_EQ(ok(store().task(lease.task)).state, TaskState::kLeased);
  pass(std::chrono::seconds(50));
  EXPECT_TRUE(ok(store().expire_leases()).empty());
  // It is heard of again, and goes on.
  EXPECT_EQ(say(kAda, running(lease)).unknown, std::vector<std::string>{kAda});
  ok(store().greet(kAda, profile("one")));
  EXPECT_TRUE(say(kAda, running(lease)).lost.empty());
  EXPECT_EQ(ok(store().task(lease.task)).attempt, 1);
  pass(policy_of(TaskKind::kPrepare).grace + std::chrono::seconds(1));
  EXPECT_EQ(ok(store().expire_leases()), std::vector{lease.task});
  EXPECT_EQ(ok(store().task(lease.task)).state, TaskState::kQueued);
  EXPECT_EQ(ok(store().task(lease.task)).reason, "worker \"worker on one\" went silent (1 of 5)");
}

TEST_P(TaskContract, whoever_says_goodbye_or_is_started_anew_keeps_nothing) {
  const Lease lease = lasting();
  EXPECT_EQ(ok(store().retire(kAda, Departure::kGoodbye)), std::vector{lease.task});
  ok(store().greet(kAda, profile("one")));
  EXPECT_EQ(claim(kAda), lease.task);
  // Also when it was missed already.
  pass(std::chrono::seconds(7));
  EXPECT_TRUE(ok(store().expire_leases()).empty());
  WorkerProfile anew = profile("one");
  anew.replaces = kAda;
  ok(store().greet(kBen, anew));
  const Task task = ok(store().task(lease.task));
  EXPECT_EQ(task.state, TaskState::kQueued);
  EXPECT_EQ(task.reason, "worker \"worker on one\" was started anew (1 of 5)");
  EXPECT_EQ(claim(kBen), lease.task);
  ok(store().greet(kBen, anew));
  EXPECT_EQ(ok(store().task(lease.task)).state, TaskState::kLeased) << "said again, it is harmless";
}

TEST_P(TaskContract, what_a_worker_did_before_it_was_started_anew_is_not_done_again) {
  ok(store().greet(kAda, profile("one")));
  queue(TaskKind::kBuild);
  const Lease done = *ok(claim_one(store(), kAda));
  WorkerProfile anew = profile("one");
  anew.replaces = kAda;
  anew.reporting = {{done.task, done.attempt}, {TaskId{999}, 1}};
  ok(store().greet(kBen, anew));
  EXPECT_EQ(ok(store().task(done.task)).leased_by, kBen);
  EXPECT_TRUE(ok(store().expire_leases()).empty());
  EXPECT_TRUE(say(kBen, running(done)).lost.empty());
  EXPECT_EQ(succeed(done), ReportVerdict::kRecorded);
}

TEST_P(TaskContract, time_that_the_coordinator_was_away_takes_no_grace) {
  const Lease lease = lasting();
  pass(std::chrono::hours(1));
  EXPECT_EQ(ok(store().renew_all_leases()), 1);
  pass(std::chrono::seconds(50));
  EXPECT_TRUE(ok(store().expire_leases()).empty());
  EXPECT_EQ(ok(store().task(lease.task)).state, TaskState::kLeased);
}

TEST_P(TaskContract, the_next_attempt_goes_on_from_the_newest_checkpoint) {
  const Lease first = lasting();
  EXPECT_EQ(first.resume_from, std::nullopt);
  say(kAda, at_step(first, 5));
  say(kAda, at_step(first, 9));
  say(kAda, at_step(first, 7));  // it came late
  EXPECT_EQ(checkpoint_of(first.task), (Checkpoint{sha('c'), 4096, 9}));
  ok(store().retire(kAda, Departure::kGoodbye));
  ok(store().greet(kBen, profile("two")));
  const Lease second = *ok(claim_one(store(), kBen));
  EXPECT_EQ(second.resume_from, (Checkpoint{sha('c'), 4096, 9}));
  say(kAda, at_step(first, 99));
  EXPECT_EQ(checkpoint_of(first.task)->step, 9) << "the task was taken over";
  // It could not go on from there and began anew: what it tells counts.
  say(kBen, at_step(second, 2));
  EXPECT_EQ(checkpoint_of(first.task)->step, 2);
  EXPECT_EQ(succeed(second), ReportVerdict::kRecorded);
  EXPECT_EQ(checkpoint_of(first.task), std::nullopt) << "what has ended is not gone on with";
}

TEST_P(TaskContract, a_checkpoint_that_comes_late_counts_while_nobody_took_the_task_over) {
  const Lease lease = lasting();
  ok(store().retire(kAda, Departure::kGoodbye));
  ok(store().greet(kAda, profile("one")));
  EXPECT_EQ(say(kAda, at_step(lease, 5)).lost.size(), 1U);
  EXPECT_EQ(checkpoint_of(lease.task)->step, 5);
  EXPECT_EQ(ok(claim_one(store(), kAda))->resume_from->step, 5);
}

TEST_P(TaskContract, a_checkpoint_outlives_waits_and_losses_but_not_an_attempt_that_broke_of_it) {
  const Lease first = lasting();
  say(kAda, at_step(first, 5));
  EXPECT_EQ(wait(first), ReportVerdict::kRecorded);
  pass(std::chrono::seconds(3));
  const Lease second = *ok(claim_one(store(), kAda));
  EXPECT_EQ(second.resume_from->step, 5);
  say(kAda, at_step(second, 6));
  EXPECT_EQ(fail(second, true), ReportVerdict::kRecorded);
  const Lease third = *ok(claim_one(store(), kAda));
  EXPECT_EQ(third.resume_from->step, 6) << "it broke further on";
  EXPECT_EQ(fail(third, true), ReportVerdict::kRecorded);
  EXPECT_EQ(checkpoint_of(first.task), std::nullopt) << "it broke where it went on from";
}

TEST_P(TaskContract, what_steps_aside_makes_room_for_an_exclusive_task_and_goes_on_afterwards) {
  const Lease prepare = lasting();
  ok(store().greet(kBen, profile("one")));
  EXPECT_EQ(ok(store().arrange_devices()), 0) << "nobody wants the device";
  const TaskId benchmark = queue(TaskKind::kBenchmark, "ort");
  EXPECT_EQ(claim(kBen), std::nullopt);
  EXPECT_EQ(ok(store().arrange_devices()), 1);
  EXPECT_EQ(ok(store().arrange_devices()), 0) << "once is enough";
  EXPECT_EQ(claim(kBen), std::nullopt) << "it was not heard that it stands still";
  EXPECT_EQ(say(kAda, running(prepare)).wishes,
            (std::vector{Wish{kAda, prepare.task, prepare.attempt, 1}}));
  const BeatsSeen still = say(kAda, running(prepare, 1));
  EXPECT_TRUE(still.wishes.empty());
  EXPECT_TRUE(still.freed);
  EXPECT_FALSE(say(kAda, running(prepare, 1)).freed) << "that is known";
  EXPECT_TRUE(ok(store().task(prepare.task)).suspended);
  const Lease measured = *ok(claim_one(store(), kBen));
  EXPECT_EQ(measured.task, benchmark);
  EXPECT_EQ(ok(store().arrange_devices()), 0);
  EXPECT_TRUE(say(kAda, running(prepare, 1)).wishes.empty()) << "the device is measured on";
  EXPECT_EQ(succeed(measured), ReportVerdict::kRecorded);
  EXPECT_EQ(ok(store().arrange_devices()), 1);
  EXPECT_FALSE(ok(store().task(prepare.task)).suspended);
  // Sent before it heard of the second wish: that says nothing of now.
  EXPECT_EQ(say(kAda, running(prepare, 1)).wishes,
            (std::vector{Wish{kAda, prepare.task, prepare.attempt, 2}}));
  EXPECT_FALSE(ok(store().task(prepare.task)).suspended);
  queue(TaskKind::kBenchmark, "ort");
  EXPECT_EQ(claim(kBen), std::nullopt);
  EXPECT_TRUE(say(kAda, running(prepare, 2)).wishes.empty());
  EXPECT_EQ(succeed(prepare), ReportVerdict::kRecorded);
}

TEST_P(TaskContract, what_has_ended_while_it_stood_still_has_its_device_only_when_it_is_free) {
  const Lease prepare = lasting();
  queue(TaskKind::kBenchmark, "ort");
  ok(store().arrange_devices());
  say(kAda, running(prepare, 1));
  const Lease measured = *ok(claim_one(store(), kAda));
  // Its result is about to be reported, and nothing runs that could stand still.
  say(kAda, running(prepare));
  EXPECT_TRUE(ok(store().task(prepare.task)).suspended);
  WorkerProfile anew = profile("one");
  anew.replaces = kAda;
  anew.reporting = {{prepare.task, prepare.attempt}, {measured.task, measured.attempt}};
  ok(store().greet(kBen, anew));
  EXPECT_TRUE(say(kBen, running(prepare)).lost.empty());
  EXPECT_TRUE(ok(store().task(prepare.task)).suspended);
  EXPECT_EQ(succeed(prepare), ReportVerdict::kRecorded);
  EXPECT_EQ(succeed(measured), ReportVerdict::kRecorded);
}

TEST_P(TaskContract, a_worker_whose_task_stands_still_measures_itself_and_takes_nothing_else) {
  const Lease prepare = lasting();
  const TaskId build = queue(TaskKind::kBuild);
  const TaskId benchmark = queue(TaskKind::kBenchmark, "ort");
  ok(store().arrange_devices());
  say(kAda, running(prepare, 1));
  const Lease measured = *ok(claim_one(store(), kAda));
  EXPECT_EQ(measured.task, benchmark);
  EXPECT_EQ(succeed(measured), ReportVerdict::kRecorded);
  EXPECT_EQ(claim(kAda), std::nullopt) << "its own task goes on first";
  ok(store().greet(kBen, profile("one")));
  EXPECT_EQ(claim(kBen), build);
}

TEST_P(TaskContract, nothing_steps_aside_while_what_does_not_has_the_device) {
  const Lease prepare = lasting();
  ok(store().greet(kBen, profile("one")));
  queue(TaskKind::kBuild);
  const Lease build = *ok(claim_one(store(), kBen));
  queue(TaskKind::kBenchmark, "ort");
  EXPECT_EQ(ok(store().arrange_devices()), 0) << "the device is not free without it";
  EXPECT_EQ(succeed(build), ReportVerdict::kRecorded);
  EXPECT_EQ(ok(store().arrange_devices()), 1);
  EXPECT_EQ(say(kAda, running(prepare)).wishes.size(), 1U);
}

TEST_P(TaskContract, the_next_attempt_of_what_stood_still_begins_running) {
  const Lease first = lasting();
  queue(TaskKind::kBenchmark, "ort");
  ok(store().arrange_devices());
  say(kAda, running(first, 1));
  ok(store().retire(kAda, Departure::kGoodbye));
  EXPECT_FALSE(ok(store().task(first.task)).suspended);
  ok(store().greet(kBen, profile("two", {"other"})));
  const Lease second = *ok(claim_one(store(), kBen));
  EXPECT_TRUE(say(kBen, running(second)).wishes.empty());
}

TEST_P(TaskContract, the_points_of_a_series_are_kept_in_order_and_thinned_out) {
  const Lease lease = lasting();
  RunningTask task = running(lease);
  task.points = {{2, {{"loss", 0.25}, {"images", 1}}}, {1, {{"loss", 0.1 + 0.2}}}};
  say(kAda, task);
  task.points = {{2, {{"loss", 0.5}}}};
  say(kAda, task);
  EXPECT_EQ(ok(store().series(lease.task)),
            (std::vector<StoredPoint>{{{1, {{"loss", 0.1 + 0.2}}}, 1, now_},
                                      {{2, {{"loss", 0.5}}}, 1, now_}}));
  for (int step = 3; step <= 1100; step += 100) {
    task.points.clear();
    for (int i = step; i < step + 100; ++i) task.points.push_back({i, {{"loss", i}}});
    say(kAda, task);
  }
  const auto points = ok(store().series(lease.task));
  EXPECT_LE(std::ssize(points), kMostPoints);
  EXPECT_GE(std::ssize(points), kMostPoints / 2);
  EXPECT_EQ(points.front().point.step, 1);
  EXPECT_TRUE(std::ranges::is_sorted(points, {}, [](const auto& one) { return one.point.step; }));
  RunningTask stale = task;
  stale.attempt = 9;
  say(kAda, stale);
  EXPECT_EQ(ok(store().series(lease.task)), points);
  EXPECT_EQ(code(store().series(TaskId{999})), ErrorCode::kNotFound);
}

TEST_P(TaskContract, what_is_nobodys_fault_waits_and_burns_no_attempt) {
  const TaskId task = queue(TaskKind::kBuild);
  ok(store().greet(kAda, profile("one")));
  for (int n = 1; n <= 20; ++n) {
    const Lease lease = *ok(claim_one(store(), kAda));
    EXPECT_EQ(wait(lease), ReportVerdict::kRecorded);
    EXPECT_EQ(wait(lease), ReportVerdict::kAlreadyRecorded);
    EXPECT_EQ(succeed(lease), ReportVerdict::kAlreadyRecorded) << "it said how it ended";
    const Task waiting = ok(store().task(task));
    EXPECT_EQ(waiting.state, TaskState::kQueued);
    EXPECT_EQ(waiting.burnt, 0);
    EXPECT_EQ(waiting.waits, n);
    EXPECT_EQ(waiting.waiting_reason, "no room");
    EXPECT_EQ(waiting.not_before, now_ + wait_before(n)) << n;
    const auto waits = ok(store().waits(std::nullopt, 10));
    ASSERT_EQ(waits.size(), 1U);
    EXPECT_EQ(waits[0].task, task);
    EXPECT_EQ(waits[0].reason, "no room");
    EXPECT_EQ(waits[0].until, *waiting.not_before);
    EXPECT_EQ(waits[0].waits, n);
    EXPECT_TRUE(ok(store().waits(JobId{1}, 10)).empty());
    pass(wait_before(n) - std::chrono::milliseconds(1));
    ok(store().greet(kAda, profile("one")));
    EXPECT_EQ(claim(kAda), std::nullopt) << "too early";
    pass(std::chrono::milliseconds(1));
  }
  const Lease lease = *ok(claim_one(store(), kAda));
  EXPECT_EQ(lease.attempt, 21);
  EXPECT_EQ(ok(store().task(task)).waiting_reason, "");
  EXPECT_TRUE(ok(store().waits(std::nullopt, 10)).empty());
  EXPECT_EQ(fail(lease, true), ReportVerdict::kRecorded);
  EXPECT_EQ(ok(store().task(task)).burnt, 1);
  EXPECT_EQ(ok(store().task(task)).waits, 0) << "in a row";
  const Lease last = *ok(claim_one(store(), kAda));
  EXPECT_EQ(succeed(last), ReportVerdict::kRecorded);
}

TEST_P(TaskContract, a_device_does_not_drain_for_an_exclusive_task_that_waits_for_better_times) {
  ok(store().greet(kAda, profile("one")));
  queue(TaskKind::kBenchmark, "ort");
  const TaskId build = queue(TaskKind::kBuild);
  wait(*ok(claim_one(store(), kAda)));
  EXPECT_EQ(claim(kAda), build);
}

TEST_P(TaskContract, a_worker_that_says_goodbye_gives_its_task_back_and_nothing_is_burnt) {
  const TaskId task = queue(TaskKind::kBuild);
  for (int n = 1; n <= 10; ++n) {
    ok(store().greet(kAda, profile("one")));
    EXPECT_EQ(claim(kAda), task) << n << ": at once";
    EXPECT_EQ(ok(store().retire(kAda, Departure::kGoodbye)), std::vector{task});
  }
  const Task again = ok(store().task(task));
  EXPECT_EQ(again.state, TaskState::kQueued);
  EXPECT_EQ(again.burnt, 0);
  EXPECT_EQ(again.reason, "worker \"worker on one\" was stopped");
}

TEST_P(TaskContract, a_worker_that_comes_back_did_not_die_of_its_task) {
  const TaskId task = queue(TaskKind::kBuild);
  for (int n = 1; n <= 10; ++n) {
    ok(store().greet(kAda, profile("one")));
    EXPECT_EQ(claim(kAda), task) << n << ": at once";
    pass(std::chrono::seconds(7));
    EXPECT_EQ(ok(store().expire_leases()), std::vector{task});
    pass(std::chrono::seconds(1));
  }
  EXPECT_EQ(ok(store().task(task)).state, TaskState::kQueued);
  EXPECT_EQ(ok(store().task(task)).reason, "worker \"worker on one\" went silent (1 of 5)");
}

TEST_P(TaskContract, a_late_report_or_heartbeat_from_a_lost_lease_changes_nothing) {
  queue(TaskKind::kBuild);
  ok(store().greet(kAda, profile("one")));
  ok(store().greet(kBen, profile("two")));
  const Lease lost = *ok(claim_one(store(), kAda));
  pass(std::chrono::seconds(7));
  ok(store().expire_leases());
  ok(store().greet(kAda, profile("one")));
  ok(store().greet(kBen, profile("two")));
  const Lease heir = *ok(claim_one(store(), kBen));
  EXPECT_EQ(heir.task, lost.task);
  EXPECT_EQ(heir.attempt, 2);
  EXPECT_EQ(succeed(lost), ReportVerdict::kStale);
  EXPECT_EQ(ok(beat_one(store(), kAda, std::vector{RunningTask{lost.task, 1, 0.9, "mine"}})),
            std::vector{lost.task});
  // Not even with the right attempt: it is another worker's.
  EXPECT_EQ(ok(beat_one(store(), kAda, std::vector{RunningTask{lost.task, 2, 0.9, "mine"}})),
            std::vector{lost.task});
  const Task task = ok(store().task(lost.task));
  EXPECT_EQ(task.state, TaskState::kLeased);
  EXPECT_EQ(task.leased_by, kBen);
  EXPECT_EQ(task.progress, 0.0);
  EXPECT_EQ(succeed(heir), ReportVerdict::kRecorded);
}

TEST_P(TaskContract, a_report_that_comes_again_is_harmless) {
  queue(TaskKind::kBuild);
  ok(store().greet(kAda, profile("one")));
  const Lease lease = *ok(claim_one(store(), kAda));
  EXPECT_EQ(succeed(lease), ReportVerdict::kRecorded);
  const Task before = ok(store().task(lease.task));
  EXPECT_EQ(before.finished_at, now_);
  pass(std::chrono::seconds(1));
  EXPECT_EQ(succeed(lease), ReportVerdict::kAlreadyRecorded);
  EXPECT_EQ(fail(lease, false), ReportVerdict::kAlreadyRecorded) << "the first one counts";
  EXPECT_EQ(ok(store().task(lease.task)).state, TaskState::kSucceeded);
  EXPECT_EQ(ok(store().task(lease.task)).finished_at, before.finished_at);
  EXPECT_EQ(ok(store().report({TaskId{999}, 1, true, false, "", "{}"})), ReportVerdict::kStale);
}

TEST_P(TaskContract, a_failure_worth_another_attempt_gets_it_until_they_are_used_up) {
  queue(TaskKind::kBuild);
  ok(store().greet(kAda, profile("one")));
  for (int attempt = 1; attempt <= 3; ++attempt) {
    const Lease lease = *ok(claim_one(store(), kAda));
    EXPECT_EQ(lease.attempt, attempt);
    EXPECT_EQ(fail(lease, true), ReportVerdict::kRecorded);
    EXPECT_EQ(fail(lease, true), ReportVerdict::kAlreadyRecorded);
    EXPECT_EQ(ok(store().task(lease.task)).state,
              attempt < 3 ? TaskState::kQueued : TaskState::kFailed);
  }
  EXPECT_EQ(claim(kAda), std::nullopt);
  const auto unhandled = ok(store().unhandled_tasks(10));
  ASSERT_EQ(unhandled.size(), 1U);
  EXPECT_EQ(unhandled[0].reason, "it broke");
  EXPECT_EQ(unhandled[0].outcome_json, R"({"ok":false})");
}

TEST_P(TaskContract, a_failure_that_would_repeat_itself_is_final) {
  const TaskId task = queue(TaskKind::kBuild);
  ok(store().greet(kAda, profile("one")));
  fail(*ok(claim_one(store(), kAda)), false);
  EXPECT_EQ(ok(store().task(task)).state, TaskState::kFailed);
  EXPECT_EQ(claim(kAda), std::nullopt);
}

TEST_P(TaskContract, many_idle_workers_are_served_at_once_and_the_unknown_are_named) {
  std::vector<std::string> sessions;
  for (int i = 0; i < 6; ++i) {
    sessions.push_back("00000000-0000-0000-0000-00000000000" + std::to_string(i));
    if (i != 3) ok(store().greet(sessions.back(), profile("device " + std::to_string(i))));
  }
  for (int i = 0; i < 4; ++i) queue(i == 1 ? TaskKind::kBenchmark : TaskKind::kBuild);
  const Claims claims = ok(store().claim_for(sessions));
  EXPECT_EQ(claims.unknown, std::vector{sessions[3]});
  EXPECT_EQ(claims.leases.size(), 4U);
  std::set<TaskId> leased;
  for (const auto& [session, lease] : claims.leases) {
    leased.insert(lease.task);
    EXPECT_EQ(lease.attempt, 1);
    EXPECT_EQ(ok(store().task(lease.task)).leased_by, session);
  }
  EXPECT_EQ(leased.size(), 4U);
  EXPECT_TRUE(ok(store().claim_for(sessions)).leases.empty());
}

TEST_P(TaskContract, many_heartbeats_and_reports_at_once_are_each_answered) {
  std::vector<Lease> leases;
  std::vector<SessionBeat> beats;
  for (int i = 0; i < 3; ++i) {
    const std::string session = "00000000-0000-0000-0000-00000000000" + std::to_string(i);
    ok(store().greet(session, profile("device " + std::to_string(i))));
    queue(TaskKind::kBuild);
    leases.push_back(*ok(claim_one(store(), session)));
    const double progress = i == 0 ? 0.25 : 0.5;
    beats.push_back({session, {{leases.back().task, i == 2 ? 7 : 1, progress, "\"a\\b\", {c}"}}});
  }
  beats.push_back({kAda, {}});
  const BeatsSeen seen = ok(store().see(beats));
  EXPECT_EQ(seen.unknown, std::vector<std::string>{kAda});
  ASSERT_EQ(seen.lost.size(), 1U);
  EXPECT_EQ(seen.lost[0], (LostTask{beats[2].session, leases[2].task, 7}));
  EXPECT_EQ(ok(store().task(leases[0].task)).progress, 0.25);
  EXPECT_EQ(ok(store().task(leases[1].task)).message, "\"a\\b\", {c}");

  const auto done = [](const Lease& lease) {
    return AttemptReport{lease.task, lease.attempt, true, false, "", R"({"a": "\"\\, {}"})"};
  };
  const auto failed = [](const Lease& lease, bool retryable) {
    return AttemptReport{lease.task, lease.attempt, false, retryable, "it broke, \"so\"", ""};
  };
  AttemptReport late = done(leases[1]);
  late.attempt = 9;
  const std::vector<AttemptReport> reports = {done(leases[0]), failed(leases[1], true),
                                              done(leases[0]), failed(leases[2], false)};
  EXPECT_EQ(ok(store().record(reports)),
            (std::vector{ReportVerdict::kRecorded, ReportVerdict::kRecorded,
                         ReportVerdict::kAlreadyRecorded, ReportVerdict::kRecorded}));
  EXPECT_EQ(ok(store().record(std::vector{late, done(leases[0])})),
            (std::vector{ReportVerdict::kStale, ReportVerdict::kAlreadyRecorded}));
  EXPECT_EQ(ok(store().task(leases[0].task)).outcome_json, done(leases[0]).outcome_json);
  EXPECT_EQ(ok(store().task(leases[0].task)).state, TaskState::kSucceeded);
  EXPECT_EQ(ok(store().task(leases[1].task)).state, TaskState::kQueued);
  EXPECT_EQ(ok(store().task(leases[2].task)).state, TaskState::kFailed);
  EXPECT_EQ(ok(store().task(leases[2].task)).reason, "it broke, \"so\"");
}

TEST_P(TaskContract, the_kinds_of_tasks_are_told_of_those_that_exist) {
  const TaskId build = queue(TaskKind::kBuild);
  const TaskId benchmark = queue(TaskKind::kBenchmark);
  const auto kinds = ok(store().kinds_of(std::vector{benchmark, TaskId{999}, build}));
  EXPECT_EQ(kinds, (std::map<TaskId, TaskKind>{{build, TaskKind::kBuild},
                                               {benchmark, TaskKind::kBenchmark}}));
}

TEST_P(TaskContract, many_workers_join_at_once) {
  const std::vector<Greeting> greetings = {{kAda, profile("one")}, {kBen, profile("two")}};
  EXPECT_EQ(ok(store().greet_all(greetings)), 2);
  EXPECT_EQ(ok(store().greet_all(greetings)), 2);
  const auto workers = ok(store().workers());
  ASSERT_EQ(workers.size(), 2U);
  EXPECT_EQ(workers[1].profile, greetings[1].profile);
}

TEST_P(TaskContract, a_task_that_five_workers_died_of_fails_with_the_reason) {
  const TaskId task = queue(TaskKind::kBuild);
  for (int n = 1; n <= kMostLosses; ++n) {
    lose(n, task);
    EXPECT_EQ(ok(store().task(task)).burnt, 0);
    EXPECT_EQ(ok(store().task(task)).waiting_reason.empty(), n == 1 || n == kMostLosses) << n;
    if (n < kMostLosses) pass(wait_before(n));
  }
  EXPECT_EQ(ok(store().task(task)).state, TaskState::kFailed);
  EXPECT_EQ(ok(store().task(task)).reason, "worker \"worker on one\" went silent (5 of 5)");
  EXPECT_EQ(ok(store().task(task)).outcome_json, "");
  EXPECT_EQ(ok(store().unhandled_tasks(10)).size(), 1U);
}

TEST_P(TaskContract, leases_survive_a_coordinator_that_was_away) {
  queue(TaskKind::kBuild);
  ok(store().greet(kAda, profile("one")));
  const Lease lease = *ok(claim_one(store(), kAda));
  pass(std::chrono::minutes(5));
  EXPECT_EQ(ok(store().renew_all_leases()), 1);
  EXPECT_TRUE(ok(store().expire_leases()).empty());
  ok(store().greet(kAda, profile("one")));
  EXPECT_TRUE(
      ok(beat_one(store(), kAda, std::vector{RunningTask{lease.task, 1, 0.5, ""}})).empty());
  EXPECT_EQ(succeed(lease), ReportVerdict::kRecorded);
}

TEST_P(TaskContract, a_worker_that_nobody_hears_of_is_lost) {
  ok(store().greet(kAda, profile("one", {"ort"})));
  ok(store().greet(kBen, profile("one", {"none"})));
  queue(TaskKind::kBenchmark, "ort");
  const TaskId build = queue(TaskKind::kBuild);
  pass(std::chrono::seconds(4));
  ok(beat_one(store(), kBen, {}));
  EXPECT_EQ(claim(kBen), std::nullopt) << "the device drains for the other worker";
  pass(std::chrono::seconds(4));
  EXPECT_TRUE(ok(store().expire_leases()).empty());
  EXPECT_EQ(ok(store().workers())[0].state, WorkerState::kLost);
  EXPECT_EQ(ok(store().workers())[1].state, WorkerState::kIdle);
  EXPECT_EQ(claim(kBen), build);
}

TEST_P(TaskContract, text_that_a_database_cannot_hold_is_cleaned) {
  const TaskId task = queue(TaskKind::kBuild);
  ok(store().greet(kAda, profile("one")));
  const Lease lease = *ok(claim_one(store(), kAda));
  ok(beat_one(store(), kAda,
              std::vector{RunningTask{task, 1, 0.5, std::string("a\0b", 3) + "\xff\xc3\xa9"}}));
  EXPECT_EQ(ok(store().task(task)).message, "a?b?\xc3\xa9");
  ok(store().report({task, lease.attempt, false, false, "\xed\xa0\x80", R"({"x":"\u0000"})"}));
  EXPECT_EQ(ok(store().task(task)).reason, "???");
  EXPECT_EQ(ok(store().task(task)).outcome_json, R"({"x":"\u0000"})");
}

// Watches from outside that leases never overlap where they must not.
class Referee {
 public:
  void leased(const std::string& device, const Lease& lease, bool exclusive) {
    const std::scoped_lock lock(mutex_);
    auto& running = running_[device];
    if (!fences_.insert({lease.task, lease.attempt}).second) broken_ = "leased twice";
    for (const auto& [task, alone] : running) {
      if (alone || exclusive) broken_ = "an exclusive task was not alone on " + device;
    }
    running[lease.task] = exclusive;
  }
  void released(const std::string& device, const Lease& lease) {
    const std::scoped_lock lock(mutex_);
    running_[device].erase(lease.task);
  }
  std::string broken() const { return broken_; }

 private:
  std::mutex mutex_;
  std::map<std::string, std::map<TaskId, bool>> running_;
  std::set<std::pair<TaskId, int>> fences_;
  std::string broken_;
};

// Eight workers on three devices, all at once.  A worker tells the referee before it gives a lease
// back and after it got one, so that what the referee sees as an overlap was one.
TEST_P(TaskContract, many_workers_at_once_never_share_a_task_or_an_exclusive_device) {
  constexpr int kWorkers = 8;
  constexpr int kTasks = 120;
  std::mt19937 rng(7);
  // The rest comes while they work, so that both kinds wait at all times.
  for (int i = 0; i < kWorkers; ++i) {
    queue(rng() % 3 == 0 ? TaskKind::kBenchmark : TaskKind::kBuild);
  }
  Referee referee;
  std::atomic<int> queued{kWorkers};
  std::atomic<int> succeeded{0};
  std::mutex failures_mutex;
  std::vector<std::string> failures;
  const auto work = [&](int number) {
    std::mt19937 luck(static_cast<unsigned>(number));
    const std::string device = "device " + std::to_string(number % 3);
    const std::string session = "00000000-0000-0000-0000-00000000000" + std::to_string(number);
    try {
      ok(store().greet(session, profile(device)));
      while (succeeded < kTasks) {
        const auto lease = ok(claim_one(store(), session));
        if (!lease) continue;
        const bool exclusive = policy_of(ok(store().task(lease->task)).task.kind).exclusive;
        referee.leased(device, *lease, exclusive);
        const auto chance = luck() % 10;
        if (chance == 0) {
          ok(beat_one(store(), session,
                      std::vector{RunningTask{lease->task, lease->attempt, 0.5, ""}}));
        }
        referee.released(device, *lease);
        if (chance == 1 && lease->attempt < 3) {
          EXPECT_EQ(fail(*lease, true), ReportVerdict::kRecorded);
        } else {
          EXPECT_EQ(succeed(*lease), ReportVerdict::kRecorded);
          ++succeeded;
          if (queued.fetch_add(1) < kTasks) {
            queue(luck() % 3 == 0 ? TaskKind::kBenchmark : TaskKind::kBuild);
          }
        }
        if (chance == 2) {
          EXPECT_EQ(succeed(*lease), ReportVerdict::kAlreadyRecorded);
        }
      }
    } catch (const std::exception& thrown) {
      const std::scoped_lock lock(failures_mutex);
      failures.push_back(thrown.what());
      succeeded = kTasks;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kWorkers; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, std::vector<std::string>{});
  EXPECT_EQ(referee.broken(), "");
  EXPECT_EQ(
      ok(store().tasks({.job = {}, .trial = {}, .state = TaskState::kSucceeded}, {0, 1000})).size(),
      static_cast<std::size_t>(kTasks));
}

// Random steps of several workers in one thread, checked after each: losses, lapses, resends.
TEST_P(TaskContract, exclusivity_and_fences_hold_under_random_interleavings) {
  std::mt19937 rng(20260805);
  const std::vector<std::string> sessions = {kAda, kBen, "00000000-0000-0000-0000-00000000000c",
                                             "00000000-0000-0000-0000-00000000000d"};
  const auto device_of = [](std::size_t worker) { return worker < 3 ? "one" : "two"; };
  std::map<std::size_t, std::vector<Lease>> held;  // also those that are lost by now
  for (int step = 0; step < 400; ++step) {
    const std::size_t worker = rng() % sessions.size();
    const std::string& session = sessions[worker];
    std::vector<Lease>& mine = held[worker];
    switch (rng() % 8) {
      case 0: queue(rng() % 2 == 0 ? TaskKind::kBenchmark : TaskKind::kBuild); break;
      case 1: ok(store().greet(session, profile(device_of(worker)))); break;
      case 2:
      case 3: {
        const auto lease = claim_one(store(), session);
        if (lease && lease.value()) mine.push_back(*lease.value());
        break;
      }
      case 4: {
        std::vector<RunningTask> running;
        for (const Lease& lease : mine) running.push_back({lease.task, lease.attempt, 0.5, ""});
        (void)beat_one(store(), session, running);
        break;
      }
      case 5:
        if (!mine.empty()) {
          const Lease lease = mine[rng() % mine.size()];
          const Task before = ok(store().task(lease.task));
          const bool current =
              before.state == TaskState::kLeased && before.attempt == lease.attempt;
          const ReportVerdict verdict = rng() % 3 == 0 ? fail(lease, true) : succeed(lease);
          EXPECT_EQ(verdict == ReportVerdict::kRecorded, current);
        }
        break;
      case 6:
        pass(std::chrono::seconds(2));
        ok(store().expire_leases());
        break;
      default:
        if (rng() % 4 == 0) ok(store().retire(session));
    }
    std::map<std::string, std::pair<int, int>> load;  // exclusive and shared, by device
    for (const Task& task :
         ok(store().tasks({.job = {}, .trial = {}, .state = TaskState::kLeased}, {0, 1000}))) {
      auto& [exclusive, shared] = load[task.device_id];
      ++(policy_of(task.task.kind).exclusive ? exclusive : shared);
    }
    for (const auto& [device, counts] : load) {
      ASSERT_TRUE(counts.first == 0 || (counts.first == 1 && counts.second == 0))
          << "step " << step << ", device " << device;
    }
  }
}

}  // namespace pare::coordinator
