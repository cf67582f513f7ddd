#include "tests/coordinator/store_pg/store_test.h"

namespace pare::coordinator {
namespace {

using PgStoreCatalog = StoreTest;

TEST_F(PgStoreCatalog, a_model_is_registered_once_and_its_inspection_queued_once) {
  const NewTask inspect = task_of_kind(TaskKind::kInspectModel);
  const auto first = ok(store().add_model({"net", sha('a'), R"({"head":"yolox"})"}, inspect));
  EXPECT_TRUE(first.created);
  EXPECT_EQ(first.value.state, EntryState::kInspecting);
  EXPECT_EQ(first.value.created_at, now_);
  const auto again = ok(store().add_model({"net", sha('a'), R"({"head":"yolox"})"}, inspect));
  EXPECT_FALSE(again.created);
  EXPECT_EQ(again.value.card_json, R"({"head":"yolox"})");
  const auto tasks = ok(store().tasks({}, {}));
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks[0].task.subject.model_sha256, sha('a'));
}

TEST_F(PgStoreCatalog, a_name_or_a_file_that_is_taken_is_refused_with_its_holder) {
  const NewTask inspect = task_of_kind(TaskKind::kInspectModel);
  ok(store().add_model({"net", sha('a'), ""}, inspect));
  const auto name = store().add_model({"net", sha('b'), ""}, inspect);
  EXPECT_EQ(code(name), ErrorCode::kConflict);
  EXPECT_EQ(name.error().message, "model \"net\" is " + sha('a'));
  const auto file = store().add_model({"other", sha('a'), ""}, inspect);
  EXPECT_EQ(code(file), ErrorCode::kConflict);
  EXPECT_EQ(file.error().message, "model " + sha('a') + " is registered as \"net\"");
}

TEST_F(PgStoreCatalog, a_reference_is_a_name_or_the_beginning_of_a_file_if_only_one_has_it) {
  const NewTask inspect = task_of_kind(TaskKind::kInspectModel);
  const std::string shared_start = "12345678";
  ok(store().add_model({"one", shared_start + std::string(56, '1'), ""}, inspect));
  ok(store().add_model({"two", shared_start + std::string(56, '2'), ""}, inspect));
  EXPECT_EQ(ok(store().model("one")).name, "one");
  EXPECT_EQ(ok(store().model(shared_start + "2")).name, "two");
  EXPECT_EQ(ok(store().model(shared_start + std::string(56, '1'))).name, "one");
  EXPECT_EQ(code(store().model(shared_start)), ErrorCode::kConflict);
  EXPECT_EQ(code(store().model("1234567")), ErrorCode::kNotFound);
  EXPECT_EQ(code(store().model("three")), ErrorCode::kNotFound);
}

TEST_F(PgStoreCatalog, an_inspection_makes_a_model_ready_or_rejected_once) {
  ok(store().add_model({"net", sha('a'), ""}, task_of_kind(TaskKind::kInspectModel)));
  const ModelInspected ready{sha('a'), EntryState::kReady, "", R"({"macs":5})"};
  ok(store().commit({{}, {ready}}));
  EXPECT_EQ(ok(store().model("net")).state, EntryState::kReady);
  EXPECT_EQ(ok(store().model("net")).summary_json, R"({"macs":5})");
  EXPECT_EQ(code(store().commit({{}, {ready}})), ErrorCode::kConflict);
}

TEST_F(PgStoreCatalog, a_model_is_never_ready_without_a_summary_or_rejected_without_a_reason) {
  ok(store().add_model({"net", sha('a'), ""}, task_of_kind(TaskKind::kInspectModel)));
  EXPECT_FALSE(store().commit({{}, {ModelInspected{sha('a'), EntryState::kReady, "", ""}}}));
  EXPECT_FALSE(store().commit({{}, {ModelInspected{sha('a'), EntryState::kRejected, "", ""}}}));
}

TEST_F(PgStoreCatalog, a_rejected_model_is_inspected_again_when_it_comes_again) {
  const NewTask inspect = task_of_kind(TaskKind::kInspectModel);
  ok(store().add_model({"net", sha('a'), ""}, inspect));
  ok(store().commit({{}, {ModelInspected{sha('a'), EntryState::kRejected, "no head", ""}}}));
  EXPECT_EQ(ok(store().model("net")).reason, "no head");
  EXPECT_TRUE(ok(store().add_model({"net", sha('a'), R"({"head":"yolox"})"}, inspect)).created);
  EXPECT_EQ(ok(store().model("net")).state, EntryState::kInspecting);
  EXPECT_EQ(ok(store().model("net")).card_json, R"({"head":"yolox"})");
  // The inspection with the old card was called off.
  EXPECT_EQ(ok(store().tasks({.job = {}, .trial = {}, .state = TaskState::kQueued}, {})).size(),
            1U);
}

TEST_F(PgStoreCatalog, another_card_calls_off_no_task_of_a_job) {
  const JobId job = add_job();
  ok(store().commit({{}, {ModelInspected{sha('a'), EntryState::kReady, "", R"({"macs":1})"}}}));
  const NewTask inspect = task_of_kind(TaskKind::kInspectModel);
  NewTask trial = inspect;
  trial.subject.model_sha256 = sha('a');
  trial.subject.job = job;
  ok(store().commit({{}, {TaskAdded{trial}}}));
  ok(store().add_model({"net", sha('a'), R"({"head":"yolov5"})"}, inspect));
  EXPECT_EQ(ok(store().tasks({.job = job, .trial = {}, .state = TaskState::kQueued}, {})).size(),
            1U);
}

TEST_F(PgStoreCatalog, a_card_that_a_job_uses_stays_for_it_beside_the_next_one) {
  const JobId first = add_job();
  const std::string card = ok(store().model("net")).card_json;
  const NewTask inspect = task_of_kind(TaskKind::kInspectModel);
  const NewModel corrected{"net", sha('a'), R"({"head":"yolov5"})"};
  EXPECT_EQ(code(store().add_model(corrected, inspect)), ErrorCode::kConflict)
      << "job " << first.value << " waits for the inspection of the first card";
  ok(store().commit({{}, {ModelInspected{sha('a'), EntryState::kReady, "", R"({"macs":1})"}}}));
  EXPECT_TRUE(ok(store().add_model(corrected, inspect)).created);
  EXPECT_EQ(ok(store().model("net")).state, EntryState::kInspecting);
  EXPECT_EQ(ok(store().model("net")).card_version, 2);
  ok(store().commit({{}, {ModelInspected{sha('a'), EntryState::kReady, "", R"({"macs":2})"}}}));
  const JobId second =
      ok(store().add_job({R"({"seed":1})", sha('a'), sha('d'), {"x86-ov"}, 1}, std::nullopt))
          .value.id;
  EXPECT_EQ(ok(store().job(first)).card_version, 1);
  EXPECT_EQ(ok(store().job(second)).card_version, 2);
  const Model was = ok(store().model_version(sha('a'), 1));
  EXPECT_EQ(was.card_json, card);
  EXPECT_EQ(was.summary_json, R"({"macs":1})");
  EXPECT_EQ(was.state, EntryState::kReady);
  EXPECT_EQ(ok(store().model_version(sha('a'), 2)).summary_json, R"({"macs":2})");
  EXPECT_EQ(code(store().model_version(sha('a'), 3)), ErrorCode::kNotFound);
  // Of one that no job uses nothing need stay.
  EXPECT_TRUE(ok(store().add_model({"net", sha('a'), R"({"head":"yolox"})"}, inspect)).created);
  EXPECT_TRUE(ok(store().add_model({"net", sha('a'), R"({"head":"ssd"})"}, inspect)).created);
  EXPECT_EQ(ok(store().model("net")).card_version, 3);
}

TEST_F(PgStoreCatalog, a_job_keeps_what_it_goes_on_in_spite_of) {
  const JobId job = add_job();
  ok(store().commit({{}, {JobWarned{job, {"a class is left over", "it's \"odd\""}}}}));
  EXPECT_EQ(ok(store().job(job)).warnings,
            (std::vector<std::string>{"a class is left over", "it's \"odd\""}));
  ok(store().commit({{}, {JobWarned{job, {}}}}));
  EXPECT_TRUE(ok(store().job(job)).warnings.empty());
}

TEST_F(PgStoreCatalog, a_dataset_has_no_counts_before_and_those_of_the_inspection_after) {
  const NewTask inspect = task_of_kind(TaskKind::kInspectDataset);
  ok(store().add_dataset({"photos", sha('d')}, inspect));
  EXPECT_EQ(ok(store().dataset("photos")).counts, DatasetCounts{});
  EXPECT_FALSE(ok(store().add_dataset({"photos", sha('d')}, inspect)).created);
  const DatasetCounts found{8,
                            16,
                            91,
                            true,
                            {"person", "it's \"quoted\", {with} \\"},
                            {90'000'000'000, 0},
                            {"1 image is \"grey\"", "more"}};
  ok(store().commit({{}, {DatasetInspected{sha('d'), EntryState::kReady, "", found}}}));
  EXPECT_EQ(ok(store().dataset(sha('d').substr(0, 8))).counts, found);
  EXPECT_EQ(ok(store().dataset("photos")).state, EntryState::kReady);
}

TEST_F(PgStoreCatalog, lists_come_in_pages) {
  for (const char digit : {'1', '2', '3'}) {
    ok(store().add_model({std::string(1, digit), sha(digit), ""},
                         task_of_kind(TaskKind::kInspectModel)));
  }
  const auto first = ok(store().models({0, 2}));
  ASSERT_EQ(first.size(), 2U);
  const auto rest = ok(store().models({first.back().cursor, 2}));
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].name, "3");
}

TEST_F(PgStoreCatalog, a_target_is_found_again_and_never_redefined) {
  Target target;
  target.name = "edge";
  target.runtime = "openvino";
  target.threads = 4;
  target.precisions = {Precision::kInt8};
  EXPECT_TRUE(ok(store().add_target(target)).created);
  const auto again = ok(store().add_target(target));
  EXPECT_FALSE(again.created);
  EXPECT_EQ(again.value, target);
  Target other = target;
  other.threads = 1;
  EXPECT_EQ(code(store().add_target(other)), ErrorCode::kConflict);
  EXPECT_EQ(ok(store().target("edge")), target);
  EXPECT_EQ(code(store().target("none")), ErrorCode::kNotFound);
  EXPECT_EQ(ok(store().targets()).size(), 1U);
}

TEST_F(PgStoreCatalog, a_blob_is_known_once_it_is_stored) {
  EXPECT_FALSE(ok(store().blob(sha('b'))).has_value());
  EXPECT_TRUE(ok(store().add_blob(sha('b'), Bytes{3'000'000'000})).created);
  EXPECT_FALSE(ok(store().add_blob(sha('b'), Bytes{3'000'000'000})).created);
  EXPECT_EQ(ok(store().blob(sha('b')))->count, 3'000'000'000);
}

}  // namespace
}  // namespace pare::coordinator
