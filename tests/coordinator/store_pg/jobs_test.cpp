#include <limits>

#include "tests/coordinator/store_pg/store_test.h"

namespace pare::coordinator {
namespace {

using PgStoreJobs = StoreTest;

TEST_F(PgStoreJobs, a_job_is_kept_as_it_was_posted) {
  register_all();
  const JobDraft draft{R"({"model": "net",  "x": 1})",
                       sha('a'),
                       sha('d'),
                       {"x86-ov", "x86-ort"},
                       std::numeric_limits<std::uint64_t>::max()};
  const auto made = ok(store().add_job(draft, std::nullopt));
  const Job job = ok(store().job(made.value.id));
  EXPECT_EQ(job.document_json, draft.document_json);
  EXPECT_EQ(job.targets, draft.targets);
  EXPECT_EQ(job.seed, draft.seed);
  EXPECT_EQ(job.state, JobState::kQueued);
  EXPECT_EQ(job.created_at, now_);
  EXPECT_FALSE(job.started_at.has_value());
  EXPECT_EQ(ok(store().jobs({})).size(), 1U);
  EXPECT_EQ(code(store().job(JobId{99})), ErrorCode::kNotFound);
}

TEST_F(PgStoreJobs, a_job_needs_what_it_names) {
  register_all();
  const JobDraft good{"{}", sha('a'), sha('d'), {"x86-ort"}, 1};
  JobDraft draft = good;
  draft.model_sha256 = sha('b');
  EXPECT_EQ(code(store().add_job(draft, std::nullopt)), ErrorCode::kNotFound);
  draft = good;
  draft.dataset_sha256 = sha('b');
  EXPECT_EQ(code(store().add_job(draft, std::nullopt)), ErrorCode::kNotFound);
  draft = good;
  draft.targets = {"x86-ort", "moon"};
  EXPECT_EQ(code(store().add_job(draft, std::nullopt)), ErrorCode::kNotFound);
  EXPECT_TRUE(ok(store().jobs({})).empty());
}

TEST_F(PgStoreJobs, an_idempotency_key_makes_one_job_and_serves_one_request) {
  register_all();
  const JobDraft draft{"{}", sha('a'), sha('d'), {"x86-ort"}, 1};
  const auto first = ok(store().add_job(draft, Idempotency{"k", sha('1')}));
  const auto again = ok(store().add_job(draft, Idempotency{"k", sha('1')}));
  EXPECT_TRUE(first.created);
  EXPECT_FALSE(again.created);
  EXPECT_EQ(first.value.id, again.value.id);
  EXPECT_EQ(code(store().add_job(draft, Idempotency{"k", sha('2')})), ErrorCode::kConflict);
  EXPECT_EQ(ok(store().jobs({})).size(), 1U);
}

TEST_F(PgStoreJobs, a_job_moves_only_along_the_arrows_of_core) {
  const JobId job = add_job();
  EXPECT_EQ(code(store().commit({{}, {JobMoved{job, JobState::kSearching, ""}}})),
            ErrorCode::kConflict);
  pass(std::chrono::seconds(1));
  ok(store().commit({{}, {JobMoved{job, JobState::kPreparing, ""}}}));
  EXPECT_EQ(ok(store().job(job)).started_at, now_);
  pass(std::chrono::seconds(1));
  ok(store().commit(
      {{},
       {JobPrepared{job, sha('5'), R"({"images":9})"}, JobMoved{job, JobState::kSearching, ""}}}));
  EXPECT_EQ(ok(store().job(job)).searching_at, now_);
  EXPECT_EQ(ok(store().job(job)).statistics_sha256, sha('5'));
  EXPECT_EQ(ok(store().job(job)).prepared_json, R"({"images":9})");
  EXPECT_EQ(code(store().commit({{}, {JobPrepared{job, sha('6'), "{}"}}})), ErrorCode::kConflict);
  EXPECT_EQ(ok(store().active_jobs()).size(), 1U);
  ok(store().commit({{}, {JobMoved{job, JobState::kFailed, "no luck"}}}));
  EXPECT_EQ(ok(store().job(job)).reason, "no luck");
  EXPECT_EQ(ok(store().job(job)).finished_at, now_);
  EXPECT_TRUE(ok(store().active_jobs()).empty());
  EXPECT_EQ(code(store().commit({{}, {JobMoved{job, JobState::kCancelled, ""}}})),
            ErrorCode::kConflict);
}

TEST_F(PgStoreJobs, the_check_of_a_target_is_kept_once_and_read_in_the_order_of_the_targets) {
  const JobId job = add_job();
  TargetCheck ort{job, "x86-ort", "cpu", "1.2", true, R"({"x":1})", "", job, {}};
  TargetCheck ov{job, "x86-ov", "", "", false, "", "it hung", job, {}};
  ok(store().commit({{}, {CheckRecorded{ort}, CheckRecorded{ov}}}));
  EXPECT_EQ(code(store().commit({{}, {CheckRecorded{ort}}})), ErrorCode::kConflict);
  const auto checks = ok(store().checks(job));
  ASSERT_EQ(checks.size(), 2U);
  EXPECT_EQ(checks[0].target, "x86-ov");
  EXPECT_EQ(checks[0].reason, "it hung");
  EXPECT_EQ(checks[0].result_json, "");
  EXPECT_EQ(checks[1].processor, "cpu");
  EXPECT_EQ(checks[1].runtime_version, "1.2");
  EXPECT_TRUE(checks[1].int8);
  EXPECT_EQ(checks[1].result_json, R"({"x":1})");
  EXPECT_EQ(checks[1].measured_by, job);
  EXPECT_EQ(checks[1].measured_at, now_);
  EXPECT_TRUE(ok(store().checks(JobId{99})).empty());
}

TEST_F(PgStoreJobs, a_check_is_of_a_target_of_its_job_and_has_a_result_or_a_reason) {
  const JobId job = add_job();
  const TargetCheck good{job, "x86-ort", "cpu", "1", true, "{}", "", job, {}};
  TargetCheck wrong = good;
  wrong.target = "moon";
  EXPECT_FALSE(store().commit({{}, {CheckRecorded{wrong}}}));
  wrong = good;
  wrong.reason = "but it hung";
  EXPECT_FALSE(store().commit({{}, {CheckRecorded{wrong}}}));
  wrong.reason = wrong.result_json = "";
  EXPECT_FALSE(store().commit({{}, {CheckRecorded{wrong}}}));
  EXPECT_TRUE(ok(store().checks(job)).empty());
}

TEST_F(PgStoreJobs, recent_checks_are_those_of_like_targets_that_succeeded_since_the_newest_first) {
  const JobId old = add_job();
  ok(store().commit({{}, {CheckRecorded{{old, "x86-ort", "a", "1", true, "{}", "", old, {}}}}}));
  pass(std::chrono::hours(1));
  const TimePoint since = now_;
  ok(store().commit({{}, {CheckRecorded{{old, "x86-ov", "b", "1", true, "{}", "", old, {}}}}}));
  pass(std::chrono::hours(1));
  const auto add = [&] {
    return ok(store().add_job({"{}", sha('a'), sha('d'), {"x86-ov", "x86-ort"}, 1}, {})).value.id;
  };
  const JobId failed = add();
  ok(store().commit({{},
                     {CheckRecorded{{failed, "x86-ov", "c", "1", true, "", "no", failed, {}}},
                      CheckRecorded{{failed, "x86-ort", "d", "1", true, "{}", "", failed, {}}}}}));
  const Target like = ok(store().target("x86-ort"));  // the two targets differ in name only
  const auto recent = ok(store().recent_checks(like, std::chrono::hours(1)));
  ASSERT_EQ(recent.size(), 2U);
  EXPECT_EQ(recent[0].processor, "d");
  EXPECT_EQ(recent[1].processor, "b");
  Target other = like;
  other.threads = 2;
  EXPECT_TRUE(ok(store().recent_checks(other, std::chrono::hours(1))).empty());
  // One that is used again keeps its age.
  const JobId later = add();
  TargetCheck again = recent[1];
  again.job = later;
  ok(store().commit({{}, {CheckRecorded{again}}}));
  EXPECT_EQ(ok(store().checks(later))[0].measured_at, since);
  EXPECT_EQ(ok(store().checks(later))[0].measured_by, old);
}

TEST_F(PgStoreJobs, readings_of_the_canary_are_kept_in_order_for_each_target) {
  const JobId job = searching_job();
  ok(store().commit({{}, {CanaryRecorded{job, "x86-ort", {"bench", 0.1 + 0.2}}}}));
  ok(store().commit({{},
                     {CanaryRecorded{job, "x86-ort", {"other", 2.5}},
                      CanaryRecorded{job, "x86-ov", {"bench", 4.0}}}}));
  EXPECT_EQ(ok(store().canary_readings(job, "x86-ort")),
            (std::vector<CanaryReading>{{"bench", 0.1 + 0.2}, {"other", 2.5}}));
  EXPECT_FALSE(store().commit({{}, {CanaryRecorded{job, "moon", {"bench", 1.0}}}}));
  EXPECT_FALSE(store().commit({{}, {CanaryRecorded{job, "x86-ort", {"bench", 0.0}}}}));
}

TEST_F(PgStoreJobs, a_doubtful_latency_keeps_its_doubt) {
  const JobId job = searching_job();
  LatencyRecorded doubtful = latency(job, 1);
  doubtful.latency.suspect = "the canary sang";
  ok(store().commit({{}, {trial(job, 1), trial(job, 2), doubtful, latency(job, 2)}}));
  EXPECT_EQ(ok(store().trial(job, 1)).on_target.at("x86-ort").latency->suspect, "the canary sang");
  EXPECT_EQ(ok(store().trial(job, 2)).on_target.at("x86-ort").latency->suspect, "");
}

TEST_F(PgStoreJobs, a_batch_is_made_whole_or_not_at_all) {
  const JobId job = searching_job();
  const auto before = ok(store().tasks({}, {})).size();
  const auto refused = store().commit(
      {{},
       {trial(job, 1), SearchLogged{job, SearchStep::kAsk, "{}"},
        TaskAdded{task_of_kind(TaskKind::kBuild)}, JobMoved{job, JobState::kSucceeded, ""}}});
  EXPECT_EQ(code(refused), ErrorCode::kConflict);
  EXPECT_TRUE(ok(store().trials(job, {})).empty());
  EXPECT_TRUE(ok(store().search_log(job)).empty());
  EXPECT_EQ(ok(store().tasks({}, {})).size(), before);
}

TEST_F(PgStoreJobs, trials_are_numbered_densely_and_no_plan_is_tried_twice) {
  const JobId job = searching_job();
  ok(store().commit({{}, {trial(job, 1), trial(job, 2)}}));
  EXPECT_EQ(code(store().commit({{}, {trial(job, 2)}})), ErrorCode::kConflict);
  EXPECT_EQ(code(store().commit({{}, {trial(job, 4)}})), ErrorCode::kConflict);
  TrialAdded same_plan = trial(job, 1);
  same_plan.number = 3;
  EXPECT_EQ(code(store().commit({{}, {same_plan}})), ErrorCode::kConflict);
  const auto trials = ok(store().trials(job, {1, 10}));
  ASSERT_EQ(trials.size(), 1U);
  EXPECT_EQ(trials[0].number, 2);
  EXPECT_EQ(trials[0].genome, (std::vector<int>{2, 2, 3}));
  EXPECT_EQ(trials[0].origin, TrialOrigin::kSearch);
  EXPECT_EQ(trials[0].created_at, now_);
}

Accuracy accuracy_of(double map, int images) {
  Accuracy accuracy;
  accuracy.map_50_95 = map;
  accuracy.images = images;
  accuracy.runtime = "executor";
  accuracy.detections_sha256 = sha('e');
  return accuracy;
}

TEST_F(PgStoreJobs, what_a_trial_brought_is_recorded_once_and_read_back_exactly) {
  const JobId job = searching_job();
  AccuracyRecorded accuracy{job, 1, "x86-ort", accuracy_of(0.1 + 0.2, 128)};
  accuracy.accuracy.figures = {{"class:crack", 0.1 + 0.2}};
  accuracy.accuracy.per_class = {{"crack", 0.1 + 0.2}};
  accuracy.accuracy.draws = {0.1 + 0.2, -1};
  accuracy.accuracy.expected = 0.3;
  accuracy.accuracy.alarm = "outputs differ";
  accuracy.accuracy.held_back = HeldBackAccuracy{0.2 + 0.1, 64, {0.1 + 0.2, -1}};
  accuracy.accuracy.fingerprint = {{"boxes", {0.1 + 0.2, 1, 2, 1}}};
  LatencyRecorded measured = latency(job, 1);
  measured.latency.p90 = Millis(0.1 + 0.2);
  measured.latency.parity = Parity{8, 1e-5, 1e-3, "boxes"};
  measured.latency.canary = CanaryPair{2, 0.1 + 0.2};
  measured.latency.fingerprint = accuracy.accuracy.fingerprint;
  measured.latency.evidence_json = R"({"processor":"a kind"})";
  measured.latency.processor = "a kind";
  measured.latency.suspect = "it was hot";
  const TrialBuilt built{job, 1, sha('c'), 1234, 5678, R"({"parameters":9})"};
  ok(store().commit({{}, {trial(job, 1), built, accuracy, measured}}));
  for (const Change& change : {Change(built), Change(accuracy), Change(measured)}) {
    EXPECT_EQ(code(store().commit({{}, {change}})), ErrorCode::kConflict);
  }
  const Trial read = ok(store().trial(job, 1));
  EXPECT_EQ(read.candidate_sha256, sha('c'));
  EXPECT_EQ(read.bytes, 1234);
  EXPECT_EQ(read.macs, 5678);
  EXPECT_EQ(read.build_json, R"({"parameters":9})");
  const TargetRecord& record = read.on_target.at("x86-ort");
  EXPECT_EQ(record.accuracy, accuracy.accuracy);
  EXPECT_EQ(record.latency, measured.latency);
  EXPECT_FALSE(read.on_target.contains("x86-ov"));
  EXPECT_TRUE(ok(store().samples_in_row(job, 1, "x86-ort")).latency_ms.empty());
}

TEST_F(PgStoreJobs, what_is_only_on_images_without_a_box_is_not_held_back) {
  const JobId job = searching_job();
  AccuracyRecorded accuracy{job, 1, "x86-ort", accuracy_of(0.3, 128)};
  accuracy.accuracy.held_back = HeldBackAccuracy{-1, 64, {}};
  ok(store().commit({{}, {trial(job, 1), accuracy}}));
  EXPECT_FALSE(ok(store().trial(job, 1)).on_target.at("x86-ort").accuracy->held_back);
}

TEST_F(PgStoreJobs, a_name_with_a_character_that_sql_cannot_hold_keeps_no_measurement_away) {
  const JobId job = searching_job();
  LatencyRecorded measured = latency(job, 1);
  const std::string layer("a\0b", 3);
  measured.latency.layers_ms = {{layer + R"(\u0000)", 1.0}};
  ok(store().commit({{}, {trial(job, 1), measured}}));
  EXPECT_EQ(ok(store().trial(job, 1)).on_target.at("x86-ort").latency->layers_ms,
            (std::map<std::string, double>{{R"(a?b\u0000)", 1.0}}));
}

TEST_F(PgStoreJobs, a_trial_on_a_target_is_measured_or_infeasible_and_never_both) {
  const JobId job = searching_job();
  ok(store().commit({{}, {trial(job, 1), trial(job, 2)}}));
  const AccuracyRecorded accuracy{job, 1, "x86-ort", accuracy_of(0.3, 128)};
  ok(store().commit({{}, {latency(job, 1), accuracy}}));
  EXPECT_FALSE(store().commit({{}, {InfeasibleRecorded{job, 1, "x86-ort", "it hung"}}}));
  ok(store().commit({{}, {InfeasibleRecorded{job, 2, "x86-ort", "it hung"}}}));
  EXPECT_FALSE(store().commit({{}, {latency(job, 2)}}));
  EXPECT_FALSE(store().commit({{}, {InfeasibleRecorded{job, 2, "x86-ort", "again"}}}));
  EXPECT_EQ(ok(store().trial(job, 2)).on_target.at("x86-ort").infeasible, "it hung");
  ok(store().commit({{}, {trial(job, 3), latency(job, 3)}}));
  ok(store().commit({{}, {InfeasibleRecorded{job, 3, "x86-ort", "cannot be scored"}}}));
  EXPECT_FALSE(store().commit({{}, {InfeasibleRecorded{job, 3, "x86-ort", "again"}}}));
}

TEST_F(PgStoreJobs, an_outcome_needs_its_trial_and_a_target_of_its_job) {
  const JobId job = searching_job();
  EXPECT_FALSE(store().commit({{}, {latency(job, 1)}}));
  ok(store().commit({{}, {trial(job, 1)}}));
  LatencyRecorded elsewhere = latency(job, 1);
  elsewhere.target = "moon";
  EXPECT_FALSE(store().commit({{}, {elsewhere}}));
}

TEST_F(PgStoreJobs, whoever_asks_for_changes_hears_of_every_outcome_once_it_is_there) {
  const JobId job = searching_job();
  ok(store().commit({{}, {trial(job, 1), trial(job, 2), trial(job, 3)}}));
  EXPECT_EQ(ok(store().job(job)).revision, 0) << "a trial without an outcome shows on no front";
  ok(store().commit({{}, {latency(job, 2)}}));
  const std::int64_t first = ok(store().job(job)).revision;
  const TrialsUpTo one = ok(store().changed_trials(job, 0, 100));
  EXPECT_EQ(one.numbers, (std::set<int>{2}));
  EXPECT_EQ(one.revision, first);
  ok(store().commit({{}, {latency(job, 3)}}));
  ok(store().commit({{}, {InfeasibleRecorded{job, 2, "x86-ort", "it differs"}}}));
  EXPECT_EQ(ok(store().changed_trials(job, first, 100)).numbers, (std::set<int>{2, 3}));
  EXPECT_EQ(ok(store().changed_trials(job, first, 1)).numbers, (std::set<int>{3}));
  const std::int64_t last = ok(store().job(job)).revision;
  EXPECT_GT(last, first);
  EXPECT_TRUE(ok(store().changed_trials(job, last, 100)).numbers.empty());
  EXPECT_FALSE(store().commit({{}, {latency(job, 3)}})) << "it is there";
  EXPECT_EQ(ok(store().job(job)).revision, last) << "nothing changed";
  const auto trials = ok(store().trials_numbered(job, {3, 2, 7}));
  ASSERT_EQ(trials.size(), 2U);
  EXPECT_EQ(trials[0].number, 2);
  EXPECT_EQ(trials[1].on_target.at("x86-ort").latency->median, Millis(2.5));
}

TEST_F(PgStoreJobs, what_a_search_took_adds_up) {
  const JobId job = searching_job();
  EXPECT_EQ(ok(store().job(job)).searched_seconds, 0);
  ok(store().commit({{}, {SearchedFor{job, 1.5}}}));
  ok(store().commit({{}, {SearchedFor{job, 2}}}));
  EXPECT_EQ(ok(store().job(job)).searched_seconds, 3.5);
  EXPECT_EQ(ok(store().active_jobs()).front().searched_seconds, 3.5);
}

TEST_F(PgStoreJobs, contenders_are_kept_until_an_outcome_or_the_rule_changes) {
  const JobId job = searching_job();
  ok(store().commit({{}, {trial(job, 1), trial(job, 2), latency(job, 2)}}));
  EXPECT_EQ(ok(store().kept_contenders(job, 1)), std::nullopt);
  const std::int64_t first = ok(store().job(job)).revision;
  ok(store().keep_contenders(job, {{1, 2}, first}, 1));
  EXPECT_EQ(ok(store().kept_contenders(job, 1)), (std::set<int>{1, 2}));
  EXPECT_EQ(ok(store().kept_contenders(job, 2)), std::nullopt) << "another rule chose them";
  ok(store().commit({{}, {latency(job, 1)}}));
  EXPECT_EQ(ok(store().kept_contenders(job, 1)), std::nullopt) << "an outcome came since";
  ok(store().keep_contenders(job, {{}, ok(store().job(job)).revision}, 1));
  EXPECT_EQ(ok(store().kept_contenders(job, 1)), (std::set<int>{}));
  EXPECT_EQ(code(store().keep_contenders(JobId{999}, {{1}, 1}, 1)), ErrorCode::kNotFound);
}

TEST_F(PgStoreJobs, a_trial_ends_once) {
  const JobId job = searching_job();
  ok(store().commit({{}, {trial(job, 1), trial(job, 2), trial(job, 3)}}));
  ok(store().commit({{},
                     {TrialEnded{job, 1, TrialState::kFinished, ""},
                      TrialEnded{job, 2, TrialState::kFailed, "no such operator"}}}));
  EXPECT_EQ(code(store().commit({{}, {TrialEnded{job, 1, TrialState::kFailed, "x"}}})),
            ErrorCode::kConflict);
  const TrialCounts counts = ok(store().job(job)).trials;
  EXPECT_EQ(counts.asked, 3);
  EXPECT_EQ(counts.finished, 1);
  EXPECT_EQ(counts.failed, 1);
  EXPECT_EQ(ok(store().trial(job, 2)).reason, "no such operator");
  EXPECT_EQ(ok(store().trial(job, 2)).finished_at, now_);
}

TEST_F(PgStoreJobs, a_latency_is_confirmed_once_and_only_after_it_was_measured) {
  const JobId job = searching_job();
  LatencyConfirmed confirmed{job, 1, "x86-ort", {}};
  static_cast<Latency&>(confirmed.latency) = {Millis(3.5), Millis(3), Millis(4), 2};
  confirmed.latency.suspect = "hot";
  ok(store().commit({{}, {trial(job, 1)}}));
  EXPECT_EQ(code(store().commit({{}, {confirmed}})), ErrorCode::kConflict);
  ok(store().commit({{}, {latency(job, 1)}}));
  ok(store().commit({{}, {confirmed}}));
  EXPECT_EQ(code(store().commit({{}, {confirmed}})), ErrorCode::kConflict);
  const TargetRecord record = ok(store().trial(job, 1)).on_target.at("x86-ort");
  EXPECT_EQ(record.latency->median, Millis(2.5));
  EXPECT_EQ(record.confirmed, confirmed.latency);
}

TEST_F(PgStoreJobs, device_time_is_that_of_the_last_attempts_of_tasks_whose_end_was_handled) {
  const JobId job = searching_job();
  EXPECT_EQ(ok(store().job(job)).device_seconds, 0);
  NewTask task = task_of_kind(TaskKind::kBuild);
  task.subject.job = job;
  ok(store().commit({{}, {TaskAdded{task}, TaskAdded{task}, TaskAdded{task}}}));
  ok(store().greet(kAda, profile("one")));
  for (const int seconds : {3, 4}) {
    const auto lease = ok(claim_one(store(), kAda));
    pass(std::chrono::seconds(seconds));
    ok(store().report({lease->task, lease->attempt, true, false, "", R"({"ok":true})"}));
    ok(store().commit({lease->task, {}}));
  }
  ok(claim_one(store(), kAda));
  pass(std::chrono::seconds(1));
  EXPECT_DOUBLE_EQ(ok(store().job(job)).device_seconds, 7) << "the third has not ended";
}

// Devices go to whom they have served least lately, a user's to what is most urgent.
class SharedDevices : public StoreTest {
 protected:
  void SetUp() override {
    register_all();
    ok(store().greet(kAda, profile("one")));
  }
  JobId searching_job_of(const std::string& owner) {
    JobDraft draft{R"({"seed":1})", sha('a'), sha('d'), {"x86-ov", "x86-ort"}, 1};
    draft.owner = owner;
    const JobId job = ok(store().add_job(draft, std::nullopt)).value.id;
    ok(store().commit({{},
                       {JobMoved{job, JobState::kPreparing, ""}, JobPrepared{job, sha('5'), "{}"},
                        JobMoved{job, JobState::kSearching, ""}}}));
    return job;
  }
  void add_tasks(JobId job, int count) {
    NewTask task = task_of_kind(TaskKind::kBuild);
    task.subject.job = job;
    Batch batch;
    for (int i = 0; i < count; ++i) batch.changes.emplace_back(TaskAdded{task});
    ok(store().commit(batch));
  }
  // Whose task comes next; it takes so long.
  std::optional<JobId> serve(int seconds) {
    const auto lease = ok(claim_one(store(), kAda));
    if (!lease) return std::nullopt;
    const JobId job = *ok(store().task(lease->task)).task.subject.job;
    pass(std::chrono::seconds(seconds));
    ok(store().report({lease->task, lease->attempt, true, false, "", R"({"ok":true})"}));
    ok(store().commit({lease->task, {}}));
    return job;
  }
};

TEST_F(SharedDevices, go_to_whoever_had_them_least) {
  const JobId first = searching_job_of("ada");
  const JobId second = searching_job_of("ben");
  add_tasks(first, 6);
  add_tasks(second, 6);
  EXPECT_EQ(serve(30), first) << "nobody had any: the oldest";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(serve(12), second) << "until 36 s are more than 30";
  EXPECT_EQ(serve(10), first);
  EXPECT_EQ(serve(1), second);
  const JobId third = searching_job_of("ada");
  add_tasks(third, 1);
  pass(std::chrono::hours(24 * 30));
  EXPECT_EQ(serve(600), second) << "37 s are fewer than 40, also when little is left of either";
  EXPECT_EQ(serve(1), first) << "ada's own jobs, the oldest first";
}

TEST_F(SharedDevices, go_to_the_most_urgent_of_a_users_jobs_and_to_no_paused_one) {
  const JobId slow = searching_job_of("ada");
  const JobId urgent = searching_job_of("ada");
  add_tasks(slow, 2);
  add_tasks(urgent, 2);
  ok(store().set_priority(urgent, 5));
  EXPECT_EQ(serve(1), urgent);
  ok(store().pause_job(urgent));
  EXPECT_EQ(serve(1), slow);
  EXPECT_EQ(serve(1), slow);
  EXPECT_EQ(serve(1), std::nullopt);
  ok(store().resume_job(urgent));
  EXPECT_EQ(serve(1), urgent);
}

TEST_F(PgStoreJobs, time_in_which_a_task_stands_still_is_no_time_of_its_device) {
  const JobId job = searching_job();
  NewTask prepare = task_of_kind(TaskKind::kPrepare);
  prepare.subject.job = job;
  ok(store().commit({{}, {TaskAdded{prepare}}}));
  ok(store().greet(kAda, profile("one")));
  const Lease lease = *ok(claim_one(store(), kAda));
  pass(std::chrono::seconds(3));
  ok(queue_one(store(), task_of_kind(TaskKind::kBenchmark, "ort")));
  ok(store().arrange_devices());
  const SessionBeat still{kAda, {{lease.task, lease.attempt, 0.5, "half", 1}}};
  for (int turn = 0; turn < 3; ++turn) {
    ok(store().see(std::span(&still, 1)));
    pass(std::chrono::seconds(20));
  }
  const Lease measured = *ok(claim_one(store(), kAda));
  pass(std::chrono::seconds(40));
  ok(store().report({measured.task, measured.attempt, true, false, "", R"({"ok":true})"}));
  EXPECT_EQ(ok(store().arrange_devices()), 1);
  pass(std::chrono::seconds(4));
  ok(store().report({lease.task, lease.attempt, true, false, "", R"({"ok":true})"}));
  ok(store().commit({lease.task, {}}));
  EXPECT_DOUBLE_EQ(ok(store().job(job)).device_seconds, 7);
}

TEST_F(PgStoreJobs, the_search_log_keeps_the_order) {
  const JobId job = searching_job();
  ok(store().commit({{}, {SearchLogged{job, SearchStep::kAsk, "[1]"}}}));
  ok(store().commit({{},
                     {SearchLogged{job, SearchStep::kTell, R"({"b":1, "a":2})"},
                      SearchLogged{job, SearchStep::kAsk, "[3]"}}}));
  const auto log = ok(store().search_log(job));
  ASSERT_EQ(log.size(), 3U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(log[static_cast<std::size_t>(i)].seq, i + 1);
  EXPECT_EQ(log[1].step, SearchStep::kTell);
  EXPECT_EQ(log[1].payload_json, R"({"b":1, "a":2})");
}

TEST_F(PgStoreJobs, trials_are_found_by_the_beginning_of_their_plan_or_candidate) {
  const JobId job = searching_job();
  ok(store().commit({{}, {trial(job, 1), trial(job, 2), latency(job, 2)}}));
  ok(store().commit({{}, {TrialBuilt{job, 2, sha('c'), 1, 1, "{}"}}}));
  const auto by_plan = ok(store().trials_with_plan("22222222"));
  ASSERT_EQ(by_plan.size(), 1U);
  EXPECT_EQ(by_plan[0].number, 2);
  EXPECT_TRUE(by_plan[0].on_target.contains("x86-ort"));
  EXPECT_EQ(ok(store().trials_with_candidate(sha('c')))[0].number, 2);
  EXPECT_EQ(code(store().trials_with_candidate(sha('e'))), ErrorCode::kNotFound);
  EXPECT_EQ(code(store().trials_with_plan("2222222")), ErrorCode::kNotFound);
  TrialAdded alike = trial(job, 3);
  alike.plan_sha256 = "22222222" + std::string(56, 'f');
  ok(store().commit({{}, {alike}}));
  EXPECT_EQ(code(store().trials_with_plan("22222222")), ErrorCode::kConflict);
}

TEST_F(PgStoreJobs, accuracies_of_a_candidate_are_found_once_for_each_identity) {
  const JobId job = searching_job();
  const auto scored = [&](int number, const std::string& identity, double map) {
    AccuracyRecorded change{job, number, "x86-ort", {}, identity};
    change.accuracy.map_50_95 = map;
    change.accuracy.images = 8;
    change.accuracy.runtime = "executor";
    change.accuracy.detections_sha256 = sha('d');
    change.accuracy.alarm = number == 2 ? "outputs differ" : "";
    return change;
  };
  AccuracyRecorded some_images = scored(5, R"({"card":"third"})", 0.5);
  some_images.accuracy.expected = 0.4;
  ok(store().commit({{},
                     {trial(job, 1), trial(job, 2), trial(job, 3), trial(job, 4), trial(job, 5),
                      trial(job, 6)}}));
  for (int number = 1; number <= 6; ++number) {
    const char candidate = number == 6 ? 'e' : 'c';
    ok(store().commit({{}, {TrialBuilt{job, number, sha(candidate), 1, 1, "{}"}}}));
  }
  ok(store().commit({{},
                     {scored(1, R"({"card":"first"})", 0.1), scored(2, R"({"card":"second"})", 0.2),
                      scored(3, R"({"card":"first"})", 0.3), scored(4, "", 0.4), some_images,
                      scored(6, R"({"card":"first"})", 0.6)}}));
  const auto found = ok(store().accuracies_of(sha('c')));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].identity_json, R"({"card":"first"})");
  EXPECT_EQ(found[0].accuracy.map_50_95, 0.1);
  EXPECT_EQ(found[0].accuracy.detections_sha256, sha('d'));
  EXPECT_EQ(found[1].identity_json, R"({"card":"second"})");
  EXPECT_EQ(found[1].accuracy.alarm, "outputs differ");
  EXPECT_EQ(ok(store().trial(job, 2)).on_target.at("x86-ort").accuracy->alarm, "outputs differ");
  EXPECT_TRUE(ok(store().accuracies_of(sha('f'))).empty());
}

TEST_F(PgStoreJobs, the_end_of_a_task_has_its_consequences_once) {
  const JobId job = searching_job();
  NewTask build = task_of_kind(TaskKind::kBuild);
  build.subject.job = job;
  build.subject.trial = 1;
  ok(store().commit({{}, {trial(job, 1), TaskAdded{build}}}));
  const TaskId task = ok(store().tasks({.job = job, .trial = 1, .state = {}}, {})).front().id;
  const Batch batch{task, {TrialBuilt{job, 1, sha('c'), 1, 1, "{}"}}};
  EXPECT_EQ(code(store().commit(batch)), ErrorCode::kConflict) << "it has not ended";
  finish(task);
  const auto unhandled = ok(store().unhandled_tasks(10));
  ASSERT_FALSE(unhandled.empty());
  EXPECT_EQ(unhandled.back().id, task);
  EXPECT_EQ(unhandled.back().outcome_json, R"({"ok":true})");
  // A batch that fails leaves the task to be handled.
  EXPECT_FALSE(store().commit({task, {JobMoved{job, JobState::kPreparing, ""}}}));
  ok(store().commit(batch));
  EXPECT_EQ(code(store().commit(batch)), ErrorCode::kConflict);
  EXPECT_TRUE(ok(store().task(task)).handled);
  for (const Task& left : ok(store().unhandled_tasks(10))) EXPECT_NE(left.id, task);
}

TEST_F(PgStoreJobs, a_cancelled_job_leaves_no_work_and_no_running_trial_behind) {
  const JobId job = searching_job();
  NewTask build = task_of_kind(TaskKind::kBuild);
  build.subject.job = job;
  build.subject.trial = 1;
  ok(store().commit({{},
                     {trial(job, 1), trial(job, 2), TaskAdded{build}, TaskAdded{build},
                      TaskAdded{build}, TrialEnded{job, 2, TrialState::kFinished, ""}}}));
  ok(store().greet(kBen, profile("bench")));
  const auto done = *ok(claim_one(store(), kBen));
  ok(store().report({done.task, done.attempt, true, false, "", "{}"}));
  const auto leased = *ok(claim_one(store(), kBen));
  EXPECT_EQ(ok(store().cancel_job(job)).state, JobState::kCancelled);
  EXPECT_EQ(ok(store().cancel_job(job)).state, JobState::kCancelled) << "again is harmless";
  for (const Task& task : ok(store().tasks({.job = job, .trial = {}, .state = {}}, {}))) {
    EXPECT_EQ(task.state, task.id == done.task ? TaskState::kSucceeded : TaskState::kCancelled);
  }
  EXPECT_EQ(ok(store().trial(job, 1)).state, TrialState::kFailed);
  EXPECT_EQ(ok(store().trial(job, 1)).reason, "the job ended first: cancelled");
  EXPECT_EQ(ok(store().trial(job, 2)).state, TrialState::kFinished);
  EXPECT_EQ(ok(beat_one(store(), kBen, std::vector{RunningTask{leased.task, 1, 0.5, ""}})),
            std::vector{leased.task});
  EXPECT_EQ(ok(store().report({leased.task, leased.attempt, true, false, "", "{}"})),
            ReportVerdict::kStale);
  EXPECT_EQ(code(store().commit({done.task, {}})), ErrorCode::kConflict);
  EXPECT_EQ(code(store().commit({{}, {TaskAdded{build}}})), ErrorCode::kConflict);
}

TEST_F(PgStoreJobs, only_a_job_that_goes_on_can_be_cancelled) {
  const JobId job = searching_job();
  ok(store().commit({{}, {JobMoved{job, JobState::kFailed, "x"}}}));
  EXPECT_EQ(code(store().cancel_job(job)), ErrorCode::kConflict);
  EXPECT_EQ(code(store().cancel_job(JobId{99})), ErrorCode::kNotFound);
}

TEST_F(PgStoreJobs, a_comparison_runs_while_its_task_does_and_outlives_its_job) {
  const JobId job = searching_job();
  const ComparisonDraft draft{job, "x86-ort", sha('1'), sha('2'), R"({"alpha":0.05})"};
  const auto made = ok(
      store().add_comparison(draft, task_of_kind(TaskKind::kCompare), Idempotency{"k", sha('9')}));
  EXPECT_TRUE(made.created);
  EXPECT_FALSE(ok(store().add_comparison(draft, task_of_kind(TaskKind::kCompare),
                                         Idempotency{"k", sha('9')}))
                   .created);
  EXPECT_EQ(made.value.state, ComparisonState::kQueued);
  ok(store().cancel_job(job));
  ok(store().greet(kAda, profile("bench")));
  const auto lease = *ok(claim_one(store(), kAda));
  EXPECT_EQ(ok(store().task(lease.task)).task.subject.comparison, made.value.id);
  EXPECT_EQ(ok(store().comparison(made.value.id)).state, ComparisonState::kRunning);
  ok(store().report({lease.task, lease.attempt, true, false, "", "{}"}));
  const Batch batch{lease.task,
                    {ComparisonEnded{made.value.id, ComparisonState::kSucceeded, "", "{}"}}};
  ok(store().commit(batch));
  EXPECT_EQ(ok(store().comparisons({}))[0].state, ComparisonState::kSucceeded);
  EXPECT_EQ(ok(store().comparisons({}))[0].finished_at, now_);
  EXPECT_FALSE(
      store().commit({{}, {ComparisonEnded{made.value.id, ComparisonState::kFailed, "late", ""}}}));
}

TEST_F(PgStoreJobs, the_end_of_a_task_that_nobody_can_handle_is_set_aside_and_blocks_no_other) {
  for (int i = 0; i < 2; ++i) ok(queue_one(store(), task_of_kind(TaskKind::kBuild)));
  ok(store().greet(kAda, profile("one")));
  const Lease first = *ok(claim_one(store(), kAda));
  const auto set_aside = [&](const std::string& why) {
    return store().commit({{}, {TaskSetAside{first.task, why}}});
  };
  EXPECT_EQ(code(set_aside("it runs")), ErrorCode::kConflict) << "it has not ended";
  ok(store().report({first.task, first.attempt, true, false, "", "{}"}));
  const Lease second = *ok(claim_one(store(), kAda));
  ok(store().report({second.task, second.attempt, true, false, "", "{}"}));
  EXPECT_EQ(code(set_aside("")), ErrorCode::kConflict);
  ok(set_aside("its outcome has no end"));
  EXPECT_EQ(code(set_aside("again")), ErrorCode::kConflict);
  const auto unhandled = ok(store().unhandled_tasks(10));
  ASSERT_EQ(unhandled.size(), 1U);
  EXPECT_EQ(unhandled[0].id, second.task);
  EXPECT_EQ(ok(store().task(first.task)).set_aside, "its outcome has no end");
  EXPECT_EQ(ok(store().task(second.task)).set_aside, "");
  const TaskFilter open{.job = {}, .trial = {}, .state = {}, .unhandled = true};
  ASSERT_EQ(ok(store().tasks(open, {})).size(), 1U);
  EXPECT_EQ(ok(store().tasks(open, {}))[0].id, second.task);
  // One that is handled keeps the reason, too.
  ok(store().commit({second.task, {TaskSetAside{second.task, "nobody knows it"}}}));
  EXPECT_EQ(ok(store().task(second.task)).set_aside, "nobody knows it");
  EXPECT_TRUE(ok(store().task(second.task)).handled);
  EXPECT_TRUE(ok(store().unhandled_tasks(10)).empty());
}

TEST_F(PgStoreJobs, a_task_that_is_cancelled_keeps_no_checkpoint) {
  const JobId job = searching_job();
  NewTask prepare = task_of_kind(TaskKind::kPrepare);
  prepare.subject.job = job;
  ok(store().commit({{}, {TaskAdded{prepare}}}));
  ok(store().greet(kBen, profile("two")));
  const Lease lease = *ok(claim_one(store(), kBen));
  RunningTask running{lease.task, lease.attempt, 0.5, "half"};
  running.checkpoint = Checkpoint{sha('c'), 4096, 5};
  const SessionBeat beat{kBen, {running}};
  ok(store().see(std::span(&beat, 1)));
  ASSERT_TRUE(ok(store().task(lease.task)).checkpoint);
  ok(store().cancel_job(job));
  EXPECT_EQ(ok(store().task(lease.task)).state, TaskState::kCancelled);
  EXPECT_EQ(ok(store().task(lease.task)).checkpoint, std::nullopt);
}

}  // namespace
}  // namespace pare::coordinator
