#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>

#include "coordinator/jobs/job_context.h"
#include "service_fixture.h"
#include "support_archive.h"
#include "tests/search/small_detector.h"
#include "tests/support/one_by_one.h"
#include "wire/check_json.h"
#include "wire/plan_json.h"
#include "wire/preprocessing_json.h"
#include "wire/sha256.h"
#include "wire/summary_json.h"
#include "wire/training_json.h"
#include "wire/tuning_json.h"

namespace pare::coordinator {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kLabels =
    R"({"images":[{"id":1,"file_name":"v.jpg"}],"categories":[{"id":7,"name":"crack"}],)"
    R"("annotations":[{"id":1,"image_id":1,"category_id":7,"bbox":[1,2,3,4]}]})";

std::string plan_json() {
  Plan plan;
  plan.height = plan.width = 64;
  return wire::plan_to_json(plan);
}

std::string trained_json() {
  Training training;
  training.steps = 7;
  return wire::training_to_json(training);
}

// A model, a labelled dataset, a target that is served and one that is not.
class JobRoutes : public ServiceFixture {
 protected:
  void SetUp() override {
    ServiceFixture::SetUp();
    model_ = upload("an onnx file");
    put("/v1/models", {{"name", "det"}, {"sha256", model_}});
    const std::vector<std::pair<std::string, std::string>> images = {{"calibration/c.jpg", "c"},
                                                                     {"validation/v.jpg", "v"}};
    put("/v1/datasets", {{"name", "bare"}, {"sha256", upload(tar_of(images))}});
    auto labelled = images;
    labelled.emplace_back("labels.json", kLabels);
    put("/v1/datasets", {{"name", "boards"}, {"sha256", upload(tar_of(labelled))}});
    call("POST", "/v1/targets", R"({"name":"x86","runtime":"onnxruntime"})");
    call("POST", "/v1/targets", R"({"name":"jetson","runtime":"tensorrt"})");
    call("POST", "/v1/targets",
         R"({"name":"fp32only","runtime":"onnxruntime","precisions":["fp32"]})");
    WorkerProfile profile;
    profile.name = "w1";
    profile.device_id = "machine";
    profile.pools = {"default"};
    profile.runtimes = {{"onnxruntime", "1.31.1", {"fp32", "int8"}}};
    ASSERT_TRUE(store_->greet(kSession, profile));
  }

  std::string upload(const std::string& bytes) {
    const std::string sha256 = wire::sha256_hex(bytes);
    EXPECT_LE(call("PUT", "/v1/blobs/" + sha256, bytes).status, 201);
    return sha256;
  }
  void put(const std::string& path, const json& document) {
    EXPECT_EQ(call("PUT", path, document.dump()).status, 202);
  }
  void reject_model() {
    Batch batch;
    batch.changes.emplace_back(
        ModelInspected{model_, EntryState::kRejected, "it has no head that Pare knows", ""});
    ASSERT_TRUE(store_->commit(batch));
  }
  // Its model and images are inspected, its statistics there.
  void begin_to_search(const json& job) {
    const JobId id{job["id"].get<std::int64_t>()};
    ModelSummary summary = search::small_detector(4);
    summary.sha256 = model_;
    summary.opset = 12;
    ASSERT_TRUE(store_->commit(
        {{},
         {ModelInspected{model_, EntryState::kReady, "", wire::summary_to_json(summary)},
          DatasetInspected{job["dataset_sha256"], EntryState::kReady, "", {1, 1, 1, true, {"a"}}},
          JobMoved{id, JobState::kPreparing, ""}, JobPrepared{id, std::string(64, '5'), ""},
          JobMoved{id, JobState::kSearching, ""}}}));
  }
  static json good() { return {{"model", "det"}, {"dataset", "boards"}, {"targets", {"x86"}}}; }

  std::string model_;
};

TEST_F(JobRoutes, a_job_is_submitted_read_listed_and_cancelled) {
  const Response added = call("POST", "/v1/jobs", good().dump());
  ASSERT_EQ(added.status, 201) << added.body;
  const json job = json_of(added);
  EXPECT_EQ(job["state"], "queued");
  EXPECT_EQ(job["model_sha256"], model_);
  EXPECT_EQ(job["budget"]["trials"], 200);
  EXPECT_EQ(job["trials"]["asked"], 0);
  const std::string path = "/v1/jobs/" + job["id"].dump();
  EXPECT_EQ(json_of(call("GET", path))["id"], job["id"]);
  EXPECT_EQ(json_of(call("GET", "/v1/jobs"))["items"].size(), 1U);
  EXPECT_EQ(json_of(call("GET", path + "/trials"))["items"].size(), 0U);
  for (const char* list : {"/trials", "/trials/summaries", "/tasks"}) {
    EXPECT_EQ(call("GET", path + list + "?cursor=9223372036854775807").status, 200) << list;
  }
  EXPECT_EQ(json_of(call("GET", path + "/fronts/x86"))["members"].size(), 0U);
  EXPECT_EQ(json_of(call("POST", path + "/cancel"))["state"], "cancelled");
  EXPECT_EQ(call("POST", path + "/cancel").status, 200);
}

TEST_F(JobRoutes, a_search_is_paused_and_goes_on_and_a_job_says_how_urgent_it_is) {
  const json job = json_of(call("POST", "/v1/jobs", good().dump()));
  const std::string path = "/v1/jobs/" + job["id"].dump();
  EXPECT_EQ(job["priority"], 0);
  const Response early = call("POST", path + "/pause");
  EXPECT_EQ(early.status, 409);
  EXPECT_NE(early.body.find("queued"), std::string::npos) << early.body;
  const JobId id{job["id"].get<std::int64_t>()};
  ASSERT_TRUE(store_->commit(
      {{},
       {JobMoved{id, JobState::kPreparing, ""}, JobPrepared{id, std::string(64, '5'), "{}"},
        JobMoved{id, JobState::kSearching, ""}}}));
  EXPECT_EQ(json_of(call("POST", path + "/pause"))["state"], "paused");
  EXPECT_EQ(call("POST", path + "/pause").status, 200) << "it stays so";
  EXPECT_EQ(json_of(call("POST", path + "/resume"))["state"], "searching");
  EXPECT_EQ(json_of(call("POST", path + "/priority", R"({"priority": -7})"))["priority"], -7);
  EXPECT_EQ(call("POST", path + "/priority", R"({"priority": 101})").status, 400);
  EXPECT_EQ(call("POST", path + "/priority", R"({"priority": 0.5})").status, 400);
  EXPECT_EQ(call("POST", path + "/priority", "{}").status, 400);
  EXPECT_EQ(json_of(call("GET", path))["priority"], -7);
  EXPECT_EQ(call("POST", "/v1/jobs/99/pause").status, 404);
}

TEST_F(JobRoutes, a_super_network_is_listed_read_and_downloaded) {
  const json posted = json_of(call("POST", "/v1/jobs", good().dump()));
  const JobId job{posted["id"].get<std::int64_t>()};
  const std::string file = upload("a super-network");
  ASSERT_TRUE(store_->commit({{},
                              {SupernetAdded{{.sha256 = file,
                                              .bytes = 15,
                                              .job = job,
                                              .model_sha256 = model_,
                                              .dataset_sha256 = posted["dataset_sha256"],
                                              .statistics_sha256 = std::string(64, '5'),
                                              .training_json = trained_json()}},
                               JobInherits{job, file}}}));
  const json items = json_of(call("GET", "/v1/supernets"))["items"];
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0]["training"]["steps"], 7);
  EXPECT_EQ(json_of(call("GET", "/v1/supernets/" + file.substr(0, 8)))["sha256"], file);
  EXPECT_EQ(call("GET", "/v1/supernets/" + file + "/file").file->length, Bytes{15});
  EXPECT_EQ(call("GET", "/v1/supernets/00000000").status, 404);
  EXPECT_EQ(json_of(call("GET", "/v1/jobs/" + posted["id"].dump()))["supernet_sha256"], file);
  EXPECT_EQ(store_->commit({{}, {JobInherits{job, file}}}).error().code, ErrorCode::kConflict);
}

TEST_F(JobRoutes, a_super_network_that_was_trained_elsewhere_is_added_by_what_its_file_says) {
  Training training;
  training.steps = 7;
  training.knots = {{0.1, true}};
  const auto file_of = [&](const std::string& model_sha256) {
    const std::string header = json{{"__metadata__",
                                     {{"model", model_sha256},
                                      {"statistics", std::string(64, '5')},
                                      {"training", wire::training_to_json(training)}}}}
                                   .dump();
    const auto length = std::bit_cast<std::array<char, 8>>(std::uint64_t{header.size()});
    return upload(std::string(length.data(), length.size()) + header);
  };
  const auto put = [&](const std::string& sha256) {
    return call("PUT", "/v1/supernets", json{{"sha256", sha256}}.dump());
  };
  const std::string file = file_of(model_);
  const Response added = put(file);
  ASSERT_EQ(added.status, 200) << added.body;
  EXPECT_EQ(json_of(added)["training"]["steps"], 7);
  EXPECT_TRUE(json_of(added)["job"].is_null());
  EXPECT_TRUE(json_of(added)["dataset_sha256"].is_null());
  EXPECT_EQ(put(file).status, 200) << "adding it again changes nothing";
  EXPECT_EQ(json_of(call("GET", "/v1/supernets"))["items"].size(), 1U);

  const Response foreign = put(file_of(std::string(64, 'e')));
  EXPECT_EQ(foreign.status, 400) << foreign.body;
  EXPECT_THAT(foreign.body, HasSubstr(std::string(64, 'e') + ", which is not here"));
  EXPECT_THAT(put(upload("an image")).body, HasSubstr("no super-network"));
  EXPECT_THAT(put(std::string(64, '0')).body, HasSubstr("upload it first"));
}

TEST_F(JobRoutes, a_job_says_which_members_are_tuned_and_a_file_which_plan_it_is_for) {
  const json posted = json_of(call("POST", "/v1/jobs", good().dump()));
  const JobId job{posted["id"].get<std::int64_t>()};
  const std::string path = "/v1/jobs/" + posted["id"].dump();
  EXPECT_FALSE(json_of(call("GET", path)).contains("tuning"));
  const std::string file = upload("the weights of a plan"), plan(64, '2');
  const Tuning tuning{{{.trial = 3, .state = TuningState::kTuned, .tuned_trial = 9}, {.trial = 4}}};
  ASSERT_TRUE(store_->commit({{},
                              {JobTuned{job, wire::tuning_to_json(tuning)},
                               SupernetAdded{{.sha256 = file,
                                              .bytes = 21,
                                              .job = job,
                                              .model_sha256 = model_,
                                              .dataset_sha256 = posted["dataset_sha256"],
                                              .statistics_sha256 = std::string(64, '5'),
                                              .training_json = trained_json(),
                                              .plan_sha256 = plan}}}}));
  const json seen = json_of(call("GET", path))["tuning"];
  EXPECT_EQ(seen["ended"], 1);
  ASSERT_EQ(seen["members"].size(), 2U);
  EXPECT_EQ(seen["members"][0]["tuned_trial"], 9);
  EXPECT_EQ(seen["members"][1]["state"], "training");
  EXPECT_EQ(json_of(call("GET", "/v1/supernets/" + file))["plan_sha256"], plan);
}

TEST_F(JobRoutes, training_is_refused_where_nobody_trains) {
  json job = good();
  job["recovery"] = {{"kind", "supernet"}, {"minutes", 5}};
  const Response refused = call("POST", "/v1/jobs", job.dump());
  EXPECT_EQ(refused.status, 422) << refused.body;
  EXPECT_EQ(json_of(refused)["field"], "recovery");
  job["recovery"] = {{"kind", "supernet"}, {"minutes", 5}, {"from", "0123456789"}};
  EXPECT_EQ(call("POST", "/v1/jobs", job.dump()).status, 400);
  job["recovery"] = {{"kind", "distill"}};
  const Response alone = call("POST", "/v1/jobs", job.dump());
  EXPECT_EQ(alone.status, 422) << alone.body;
  EXPECT_EQ(json_of(alone)["field"], "recovery");
  job["recovery"] = {{"kind", "distill"}, {"plans", 0}};
  EXPECT_EQ(json_of(call("POST", "/v1/jobs", job.dump()))["field"], "recovery.plans");
  job["recovery"] = {{"kind", "magic"}};
  EXPECT_EQ(json_of(call("POST", "/v1/jobs", job.dump()))["field"], "recovery.kind");
}

TEST_F(JobRoutes, a_summary_that_cannot_be_read_hides_no_trial) {
  const json posted = json_of(call("POST", "/v1/jobs", good().dump()));
  const JobId job{posted["id"].get<std::int64_t>()};
  const std::string plan(64, '1');
  ASSERT_TRUE(store_->commit(
      {{},
       {ModelInspected{model_, EntryState::kReady, "", R"({"of":"tomorrow"})"},
        DatasetInspected{posted["dataset_sha256"], EntryState::kReady, "", {1, 1, 1, true, {"a"}}},
        JobMoved{job, JobState::kPreparing, ""}, JobPrepared{job, std::string(64, '5'), "{}"},
        JobMoved{job, JobState::kSearching, ""},
        TrialAdded{job, 1, plan, plan_json(), TrialOrigin::kSeed, {}}}}));
  const std::string path = "/v1/jobs/" + posted["id"].dump();
  const Response trials = call("GET", path + "/trials");
  EXPECT_EQ(trials.status, 200) << trials.body;
  EXPECT_EQ(json_of(trials)["items"].size(), 1U);
  const Response plans = call("GET", "/v1/plans/" + plan);
  EXPECT_EQ(plans.status, 200) << plans.body;
  EXPECT_EQ(call("GET", "/v1/jobs/99/trials").status, 404);
}

TEST_F(JobRoutes, every_sample_of_a_latency_can_be_had) {
  const json posted = json_of(call("POST", "/v1/jobs", good().dump()));
  const JobId job{posted["id"].get<std::int64_t>()};
  LatencyRecorded timed{job, 1, "x86", {}};
  static_cast<Latency&>(timed.latency) = {Millis(2), Millis(1), Millis(3), 3};
  timed.latency.samples_sha256 = upload(R"({"samples_ms":[1.5,2,0.30000000000000004]})");
  LatencyRecorded within = timed;  // of a worker of before
  within.number = 2;
  within.latency.samples_sha256 = "";
  within.latency.samples_ms = {4, 5};
  LatencyRecorded lost = timed;
  lost.number = 3;
  lost.latency.samples_sha256 = std::string(64, '9');
  Batch batch{
      {},
      {JobMoved{job, JobState::kPreparing, ""}, JobPrepared{job, std::string(64, '5'), "{}"},
       JobMoved{job, JobState::kSearching, ""}}};
  for (int number = 1; number <= 4; ++number) {
    const std::string plan(64, static_cast<char>('0' + number));
    batch.changes.push_back(TrialAdded{job, number, plan, plan_json(), TrialOrigin::kSeed, {}});
  }
  batch.changes.insert(batch.changes.end(), {timed, within, lost});
  ASSERT_TRUE(store_->commit(batch));
  const auto ask = [&](const std::string& trial, const std::string& target) {
    return call("GET",
                "/v1/jobs/" + posted["id"].dump() + "/trials/" + trial + "/samples/" + target);
  };
  EXPECT_EQ(ask("1", "x86").body, R"({"samples_ms":[1.5,2.0,0.30000000000000004]})");
  EXPECT_EQ(ask("2", "x86").body, R"({"samples_ms":[4.0,5.0]})");
  EXPECT_EQ(ask("3", "x86").status, 404) << "the artifact is gone";
  EXPECT_EQ(json_of(ask("4", "x86"))["detail"],
            "trial 4 of job " + posted["id"].dump() + " was not measured on \"x86\"");
  EXPECT_EQ(ask("5", "x86").status, 404);
  EXPECT_EQ(ask("99999999999", "x86").status, 404);
  const json trial = json_of(call("GET", "/v1/plans/" + std::string(64, '1')))["trials"][0];
  EXPECT_EQ(trial["outcomes"]["x86"]["measurement"]["samples_sha256"],
            timed.latency.samples_sha256);
}

TEST_F(JobRoutes, a_job_says_how_images_are_best_prepared) {
  const json posted = json_of(call("POST", "/v1/jobs", good().dump()));
  EXPECT_EQ(posted["validation"]["try_preprocessings"], true);
  EXPECT_FALSE(posted.contains("preprocessing"));
  PreprocessingTrial trial;
  trial.images = 32;
  trial.tried = {{Preprocessing{}, 0.5, 0.6}};
  trial.alarms = {"another is better"};
  const JobId job{posted["id"].get<std::int64_t>()};
  const PreprocessingTried found{job, wire::preprocessing_trial_to_json(trial)};
  ASSERT_TRUE(store_->commit({{}, {JobMoved{job, JobState::kPreparing, ""}, found}}));
  const json shown = json_of(call("GET", "/v1/jobs/" + posted["id"].dump()))["preprocessing"];
  EXPECT_EQ(shown["tried"][0]["map_50_95"], 0.5);
  EXPECT_EQ(shown["alarms"][0], "another is better");
  EXPECT_FALSE(store_->commit({{}, {found}})) << "it was tried twice";
}

TEST_F(JobRoutes, a_candidate_is_explained) {
  const json posted = json_of(call("POST", "/v1/jobs", good().dump()));
  const JobId id{posted["id"].get<std::int64_t>()};
  begin_to_search(posted);
  const auto context = load_context(*store_, store_->job(id).value()).value();
  Plan plan;
  plan.height = plan.width = 416;
  for (const int number : {1, 2}) {
    if (number == 2) plan.widths = {{"group1", 16}};
    const std::string candidate(64, static_cast<char>('0' + number));
    const std::int64_t macs = number == 1 ? 4000 : 3500;
    LatencyRecorded timed{id, number, "x86", {}};
    static_cast<Latency&>(timed.latency) = {Millis(6.0 / number), Millis(1), Millis(7), 64};
    timed.latency.layers_ms = {{"layer1", 1.5}};
    AccuracyRecorded scored{id, number, "x86", {}};
    scored.accuracy.map_50_95 = 0.5 - 0.01 * number;
    scored.accuracy.images = 10;
    scored.accuracy.runtime = "executor";
    ASSERT_TRUE(store_->commit(
        {{},
         {TrialAdded{id, number, wire::plan_sha256(plan), wire::plan_to_json(plan),
                     TrialOrigin::kSeed, context.space.genome_of(plan).value().choices},
          TrialBuilt{id, number, candidate, 100, macs,
                     R"({"macs":)" + std::to_string(macs) + R"(,"bytes":100,"parameters":25})"},
          timed, scored}}));
  }
  const std::string route = "/v1/candidates/" + std::string(64, '2') + "/report";
  const Response answer = call("GET", route);
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json report = json_of(answer);
  EXPECT_EQ(report["job"], id.value);
  EXPECT_EQ(report["trial"], 2);
  EXPECT_EQ(report["totals"]["macs"], 3500);
  EXPECT_EQ(report["totals"]["original"]["macs"], 4000);
  ASSERT_EQ(report["cuts"].size(), 1U);
  EXPECT_EQ(report["cuts"][0]["kind"], "width");
  EXPECT_EQ(report["cuts"][0]["what"], "group1");
  EXPECT_EQ(report["cuts"][0]["to"], "16");
  EXPECT_FALSE(report["cuts"][0].contains("expected_damage"));
  const json& layer = report["layers"][1];
  EXPECT_EQ(layer["outputs"], 16);
  EXPECT_EQ(layer["original"]["outputs"], 32);
  EXPECT_EQ(layer["macs"], 500);
  EXPECT_NEAR(layer["macs_share"].get<double>(), 500.0 / 3500, 1e-9);
  EXPECT_EQ(layer["times"]["x86"]["ms"], 1.5);
  EXPECT_EQ(layer["times"]["x86"]["share"], 1);
  EXPECT_EQ(report["targets"][0]["target"], "x86");
  EXPECT_NEAR(report["targets"][0]["speedup"].get<double>(), 2, 1e-9);
  EXPECT_NEAR(report["targets"][0]["map_lost"].get<double>(), 1, 1e-9);
  EXPECT_THAT(report["unknown"].dump(), HasSubstr("nobody measured what they cost alone"));
  EXPECT_EQ(call("GET", route + "?job=" + posted["id"].dump()).status, 200);
  EXPECT_EQ(call("GET", route + "?job=99").status, 404);
  EXPECT_EQ(call("GET", route + "?job=x").status, 400);
}

// Two trials that were measured, and a third that was only asked for.
TEST_F(JobRoutes, trials_are_summed_up_without_their_plans_and_by_what_changed) {
  const json posted = json_of(call("POST", "/v1/jobs", good().dump()));
  const JobId id{posted["id"].get<std::int64_t>()};
  EXPECT_EQ(posted["revision"], 0);
  begin_to_search(posted);
  Plan plan;
  plan.height = plan.width = 416;
  for (const int number : {1, 2, 3}) {
    if (number > 1) plan.widths = {{"group1", 8 * (number - 1)}};
    Batch batch{{},
                {TrialAdded{id,
                            number,
                            wire::plan_sha256(plan),
                            wire::plan_to_json(plan),
                            TrialOrigin::kSeed,
                            {}}}};
    if (number < 3) {
      LatencyRecorded timed{id, number, "x86", {}};
      static_cast<Latency&>(timed.latency) = {Millis(6.0 / number), Millis(1), Millis(7), 64};
      AccuracyRecorded scored{id, number, "x86", {}};
      scored.accuracy.map_50_95 = 0.5 - 0.01 * number;
      scored.accuracy.images = 10;
      scored.accuracy.runtime = "executor";
      batch.changes.insert(
          batch.changes.end(),
          {TrialBuilt{id, number, std::string(64, '7'), 100, 4000 / number, "{}"}, timed, scored});
    }
    ASSERT_TRUE(store_->commit(batch));
  }
  const std::string path = "/v1/jobs/" + posted["id"].dump();
  const json job = json_of(call("GET", path));
  const json all = json_of(call("GET", path + "/trials/summaries"))["items"];
  ASSERT_EQ(all.size(), 3U);
  EXPECT_FALSE(all[1].contains("plan"));
  EXPECT_EQ(all[1]["input"], json({416, 416}));
  EXPECT_EQ(all[1]["narrower_groups"], 1);
  EXPECT_EQ(all[0]["description"], "the original");
  EXPECT_THAT(all[1]["description"].get<std::string>(), HasSubstr("50 % fewer MACs"));
  EXPECT_NEAR(all[1]["outcomes"]["x86"]["map_lost"].get<double>(), 1, 1e-9);
  EXPECT_NEAR(all[1]["outcomes"]["x86"]["speedup"].get<double>(), 2, 1e-9);
  EXPECT_TRUE(all[2]["outcomes"].empty());

  const json first = json_of(call("GET", path + "/trials/summaries?limit=1"));
  EXPECT_EQ(first["items"].size(), 1U);
  EXPECT_EQ(json_of(call("GET", path + "/trials/summaries?limit=9&cursor=" +
                                    first["next"].get<std::string>()))["items"]
                .size(),
            2U);

  const auto since = [&](std::int64_t revision) {
    return json_of(call("GET", path + "/trials/summaries?since=" + std::to_string(revision)));
  };
  const std::int64_t newest = job["revision"];
  EXPECT_EQ(since(0)["items"].size(), 2U) << "only outcomes make a change";
  EXPECT_EQ(since(0)["revision"], newest);
  EXPECT_EQ(since(newest)["items"].size(), 0U);
  LatencyRecorded late{id, 3, "x86", {}};
  static_cast<Latency&>(late.latency) = {Millis(1), Millis(1), Millis(1), 64};
  ASSERT_TRUE(store_->commit({{}, {late}}));
  ASSERT_EQ(since(newest)["items"].size(), 1U);
  EXPECT_EQ(since(newest)["items"][0]["number"], 3);
  // What was told before is told anew where it changed, and all of it where the original did.
  const auto second_look = [&] {
    return json_of(call("GET", path + "/trials/summaries"))["items"];
  };
  ASSERT_EQ(second_look().size(), 3U);
  EXPECT_EQ(second_look()[2]["outcomes"]["x86"]["latency_ms"], 1);
  EXPECT_EQ(second_look()[1], all[1]);
  LatencyConfirmed slower{id, 1, "x86", {}};
  static_cast<Latency&>(slower.latency) = {Millis(12), Millis(11), Millis(13), 64};
  ASSERT_TRUE(store_->commit({{}, {slower}}));
  EXPECT_NEAR(second_look()[1]["outcomes"]["x86"]["speedup"].get<double>(), 4, 1e-9);
  EXPECT_EQ(call("GET", path + "/trials/summaries?since=x").status, 400);
  EXPECT_EQ(call("GET", path + "/trials/summaries?since=1.5").status, 400);
  EXPECT_EQ(call("GET", "/v1/jobs/99/trials/summaries").status, 404);
}

TEST_F(JobRoutes, a_job_and_a_comparison_are_reported_for_people) {
  const json posted = json_of(call("POST", "/v1/jobs", good().dump()));
  const JobId id{posted["id"].get<std::int64_t>()};
  begin_to_search(posted);
  Plan plan;
  plan.height = plan.width = 416;
  std::vector<std::string> plans;
  for (const int number : {1, 2}) {
    if (number > 1) plan.widths = {{"group1", 8}};
    plans.push_back(wire::plan_sha256(plan));
    LatencyRecorded timed{id, number, "x86", {}};
    static_cast<Latency&>(timed.latency) = {Millis(6.0 / number), Millis(1), Millis(7), 64};
    AccuracyRecorded scored{id, number, "x86", {}};
    scored.accuracy.map_50_95 = 0.5 - 0.004 * number;
    scored.accuracy.images = 10;
    scored.accuracy.detections_sha256 = std::string(64, 'd');
    scored.accuracy.runtime = "executor";
    const auto sha = std::string(64, static_cast<char>('6' + number));
    ASSERT_TRUE(store_->commit(
        {{},
         {TrialAdded{id, number, plans.back(), wire::plan_to_json(plan), TrialOrigin::kSeed, {}},
          TrialBuilt{id, number, sha, 100, 4000 / number, "{}"}, timed, scored}}));
  }
  const std::string path = "/v1/jobs/" + posted["id"].dump();
  const Response markdown = call("GET", path + "/report.md");
  EXPECT_THAT(markdown.body, HasSubstr("x86: 2.00 times faster, 0.4 mAP points lost"));
  EXPECT_THAT(markdown.body, HasSubstr("| `" + plans[1].substr(0, 10) + "` | 49.20 (10) | 0.4 | "));
  EXPECT_THAT(call("GET", path + "/report.html").body, HasSubstr("2.00 times faster"));

  const json asked = {{"job", posted["id"]}, {"target", "x86"}, {"a", plans[0]}, {"b", plans[1]}};
  const Response compared = call("POST", "/v1/comparisons", asked.dump());
  ASSERT_EQ(compared.status, 201) << compared.body;
  const std::string at = "/v1/comparisons/" + json_of(compared)["id"].dump();
  const Response early = call("GET", at + "/report.md");
  EXPECT_THAT(early.body, HasSubstr("The comparison is queued"));
  EXPECT_THAT(early.body, HasSubstr("| B | `" + plans[1].substr(0, 10) + "` | 49.20 (10) | 3.00 "));
  EXPECT_EQ(call("GET", at + "/report.html").status, 200);
  EXPECT_EQ(call("GET", "/v1/jobs/999/report.md").status, 404);
  EXPECT_EQ(call("GET", "/v1/comparisons/999/report.html").status, 404);
}

TEST_F(JobRoutes, a_job_says_what_it_waits_for) {
  const json job = json_of(call("POST", "/v1/jobs", good().dump()));
  const std::string path = "/v1/jobs/" + job["id"].dump();
  EXPECT_EQ(json_of(call("GET", path))["waiting"].size(), 0U);
  NewTask build;
  build.kind = TaskKind::kBuild;
  build.subject.job = JobId{job["id"].get<std::int64_t>()};
  build.document_json = "{}";
  const TaskId task = queue_one(*store_, build).value();
  const std::string session = "00000000-0000-4000-8000-00000000abcd";
  ASSERT_TRUE(store_->greet(session, {"w", "full", "{}", {}, {}}));
  while (true) {
    const auto lease = claim_one(*store_, session).value();
    ASSERT_TRUE(lease);
    if (lease->task != task) continue;
    AttemptReport report{task, lease->attempt, false, false, "the disk is full", ""};
    report.waits = true;
    ASSERT_TRUE(store_->report(report));
    break;
  }
  for (const json& seen :
       {json_of(call("GET", path)), json_of(call("GET", "/v1/jobs"))["items"][0]}) {
    ASSERT_EQ(seen["waiting"].size(), 1U);
    EXPECT_EQ(seen["waiting"][0]["kind"], "build");
    EXPECT_EQ(seen["waiting"][0]["reason"], "the disk is full");
    EXPECT_EQ(seen["waiting"][0]["times"], 1);
  }
  const json health = health_with("waiting", 1);
  EXPECT_EQ(health["waiting"], 1);
  EXPECT_EQ(health["waiting_reason"], "the disk is full");
}

TEST_F(JobRoutes, the_tasks_of_a_job_are_shown_with_the_numbers_that_they_tell) {
  const json posted = json_of(call("POST", "/v1/jobs", good().dump()));
  const std::string job = std::to_string(posted.at("id").get<int>());
  NewTask prepare;
  prepare.kind = TaskKind::kPrepare;
  prepare.subject.job = JobId{posted.at("id").get<int>()};
  prepare.document_json = "{}";
  const TaskId task = queue_one(*store_, prepare).value();
  std::optional<Lease> lease;
  while (!lease || lease->task != task) {
    lease = claim_one(*store_, kSession).value();
    ASSERT_TRUE(lease);
    if (lease->task != task) {
      ASSERT_TRUE(store_->report({lease->task, lease->attempt, false, false, "no", "{}"}));
    }
  }
  RunningTask running{task, lease->attempt, 0.5, "images 2 of 4"};
  running.checkpoint = Checkpoint{std::string(64, 'c'), 10, 2};
  running.points = {{1, {{"images", 1}}}, {2, {{"images", 2}}}};
  const SessionBeat beat{kSession, {running}};
  ASSERT_TRUE(store_->see(std::span(&beat, 1)));
  const json tasks = json_of(call("GET", "/v1/jobs/" + job + "/tasks")).at("items");
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks[0].at("id"), task.value);
  EXPECT_EQ(tasks[0].at("kind"), "prepare");
  EXPECT_EQ(tasks[0].at("state"), "leased");
  EXPECT_EQ(tasks[0].at("checkpoint_step"), 2);
  EXPECT_EQ(tasks[0].at("suspended"), false);
  EXPECT_EQ(tasks[0].at("device"), "machine");
  const std::string series = "/v1/tasks/" + std::to_string(task.value) + "/series";
  const json points = json_of(call("GET", series)).at("points");
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[1].at("step"), 2);
  EXPECT_EQ(points[1].at("attempt"), 1);
  EXPECT_EQ(points[1].at("numbers"), (json{{"images", 2}}));
  EXPECT_EQ(call("GET", "/v1/tasks/999/series").status, 404);
  EXPECT_EQ(call("GET", "/v1/tasks/x/series").status, 404);
  EXPECT_EQ(call("GET", "/v1/jobs/999/tasks").status, 404);
}

TEST_F(JobRoutes, a_job_that_a_version_before_was_posted_has_the_defaults_of_what_came_later) {
  const json before = {{"model", "det"}, {"dataset", "boards"}, {"targets", {"x86"}}};
  const std::string dataset = json_of(call("GET", "/v1/datasets/boards"))["sha256"];
  const JobDraft draft{before.dump(), model_, dataset, {"x86"}, 1, {}, ""};
  const auto added = store_->add_job(draft, std::nullopt);
  ASSERT_TRUE(added);
  const json shown =
      json_of(call("GET", "/v1/jobs/" + std::to_string(added.value().value.id.value)));
  EXPECT_EQ(shown["space"]["storage"], true);
  EXPECT_EQ(shown["budget"]["stagnation"], nullptr);
  EXPECT_EQ(json_of(call("GET", "/v1/jobs"))["items"][0]["space"], shown["space"]);
}

TEST_F(JobRoutes, images_without_labels_will_do) {
  json document = good();
  document["dataset"] = "bare";
  EXPECT_EQ(call("POST", "/v1/jobs", document.dump()).status, 201);
}

TEST_F(JobRoutes, the_checks_of_a_job_are_shown_with_what_they_found) {
  const json job = json_of(call("POST", "/v1/jobs", good().dump()));
  const std::string path = "/v1/jobs/" + job["id"].dump() + "/checks";
  EXPECT_EQ(json_of(call("GET", path))["items"].size(), 0U);
  const JobId id{job["id"].get<std::int64_t>()};
  DeviceCheck found;
  found.findings = {"it is slow"};
  TargetCheck check{id, "x86", "a processor", "1", true, wire::device_check_value(found).dump(), "",
                    id, {}};
  ASSERT_TRUE(store_->commit({{}, {CheckRecorded{check}}}));
  const json items = json_of(call("GET", path))["items"];
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0]["target"], "x86");
  EXPECT_EQ(items[0]["result"]["findings"][0], "it is slow");
  EXPECT_EQ(items[0]["measured_by"], job["id"]);
  EXPECT_EQ(call("GET", "/v1/jobs/99/checks").status, 404);
}

TEST_F(JobRoutes, a_job_that_cannot_be_done_is_refused_with_the_field_and_the_value) {
  struct Row {
    json change;
    int status;
    std::string field;
    std::string value;
  };
  const std::vector<Row> table = {
      {{{"model", "nobody"}}, 422, "model", "nobody"},
      {{{"dataset", "nothing"}}, 422, "dataset", "nothing"},
      {{{"targets", {"x86", "moon"}}}, 422, "targets[1]", "moon"},
      {{{"targets", {"jetson"}}}, 422, "targets[0]", "jetson"},
      {{{"targets", {"fp32only"}}, {"space", {{"precision", {"int8"}}}}},
       422,
       "space.precision",
       "int8"},
      {{{"targets", json::array()}}, 400, "targets", ""},
      {{{"budget", {{"trials", 0}}}}, 400, "budget.trials", ""},
      {{{"strategy", "magic"}}, 400, "strategy", ""},
      {{{"colour", "red"}}, 400, "colour", ""},
      {{{"constraints", {{{"metric", "map_50_95"}, {"min", 46.65}}}}},
       400,
       "constraints[0].min",
       ""},
      {{{"constraints", {{{"metric", "latency_ms"}, {"max", 5}, {"target", "moon"}}}}},
       400,
       "constraints",
       ""},
  };
  for (const Row& row : table) {
    json document = good();
    document.update(row.change);
    SCOPED_TRACE(document.dump());
    const Response response = call("POST", "/v1/jobs", document.dump());
    EXPECT_EQ(response.status, row.status) << response.body;
    const json problem = json_of(response);
    EXPECT_EQ(problem.value("field", ""), row.field) << response.body;
    if (!row.value.empty()) {
      EXPECT_EQ(problem["value"], row.value);
    }
  }
  EXPECT_EQ(call("POST", "/v1/jobs", R"({"dataset":"boards","targets":["x86"]})").status, 400);
  EXPECT_EQ(call("POST", "/v1/jobs", "[]").status, 400);
  EXPECT_EQ(json_of(call("GET", "/v1/jobs"))["items"].size(), 0U);
}

TEST_F(JobRoutes, a_rejected_model_is_refused_with_its_reason) {
  reject_model();
  const Response response = call("POST", "/v1/jobs", good().dump());
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(json_of(response)["detail"],
            "model \"det\" was rejected: it has no head that Pare knows");
}

TEST_F(JobRoutes, a_job_that_could_score_nothing_is_refused_when_it_is_posted) {
  ModelSummary model;
  model.sha256 = model_;
  model.opset = 13;
  model.card.head = "yolox";
  model.card.height = model.card.width = 64;
  model.card.classes = {"defect crack"};
  const std::string dataset = json_of(call("GET", "/v1/datasets/boards"))["sha256"];
  DatasetCounts counts{1, 1, 1, true, {"crack"}, {1}, {"1 image is odd"}};
  const auto inspected = [&] {
    call("PUT", "/v1/models", json{{"name", "det"}, {"sha256", model_}}.dump());
    return store_->commit(
        {{}, {ModelInspected{model_, EntryState::kReady, "", wire::summary_to_json(model)}}});
  };
  ASSERT_TRUE(inspected());
  ASSERT_TRUE(store_->commit({{}, {DatasetInspected{dataset, EntryState::kReady, "", counts}}}));
  EXPECT_EQ(json_of(call("GET", "/v1/datasets/boards"))["notes"][0], "1 image is odd");
  const Response refused = call("POST", "/v1/jobs", good().dump());
  EXPECT_EQ(refused.status, 422) << refused.body;
  EXPECT_EQ(json_of(refused)["field"], "dataset");
  EXPECT_NE(refused.body.find("no class of the model is a category"), std::string::npos);
  // A card that fits but for its spelling is a new version, and a warning.
  model.card.classes = {"Crack"};
  call("PUT", "/v1/models",
       json{{"name", "det"}, {"sha256", model_}, {"card", {{"classes", {"Crack"}}}}}.dump());
  ASSERT_TRUE(store_->commit(
      {{}, {ModelInspected{model_, EntryState::kReady, "", wire::summary_to_json(model)}}}));
  const Response taken = call("POST", "/v1/jobs", good().dump());
  ASSERT_EQ(taken.status, 201) << taken.body;
  EXPECT_EQ(json_of(taken)["warnings"].size(), 1U);
  const std::string front = "/v1/jobs/" + json_of(taken)["id"].dump() + "/fronts/x86?min_map=";
  EXPECT_EQ(call("GET", front + "0.4665").status, 200);
  EXPECT_EQ(call("GET", front + "46.65").status, 400);
}

TEST_F(JobRoutes, the_same_key_finds_the_same_job_and_refuses_another) {
  const json first = json_of(call("POST", "/v1/jobs", good().dump(), "key-1"));
  const Response again = call("POST", "/v1/jobs", good().dump(), "key-1");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(json_of(again)["id"], first["id"]);
  json other = good();
  other["seed"] = 7;
  EXPECT_EQ(call("POST", "/v1/jobs", other.dump(), "key-1").status, 409);
  EXPECT_EQ(call("POST", "/v1/jobs", good().dump(), std::string(300, 'k')).status, 400);
}

TEST_F(JobRoutes, a_job_that_was_made_is_found_by_its_key_though_nobody_could_make_it_now) {
  const json first = json_of(call("POST", "/v1/jobs", good().dump(), "key-1"));
  ASSERT_TRUE(store_->retire(kSession));  // and with it whoever served the target
  EXPECT_EQ(call("POST", "/v1/jobs", good().dump()).status, 422);
  const Response again = call("POST", "/v1/jobs", good().dump(), "key-1");
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(json_of(again)["id"], first["id"]);
}

TEST_F(JobRoutes, a_job_is_shown_whatever_became_of_the_one_that_it_goes_on_from) {
  json job = good();
  const int earlier = json_of(call("POST", "/v1/jobs", job.dump()))["id"];
  call("POST", "/v1/jobs/" + std::to_string(earlier) + "/cancel");
  job["transfer"] = {{"from", earlier}};
  const Response added = call("POST", "/v1/jobs", job.dump());
  ASSERT_EQ(added.status, 201) << added.body;
  ModelSummary summary = search::small_detector(10);
  summary.sha256 = model_;
  summary.opset = 12;
  ASSERT_TRUE(store_->commit(
      {{}, {ModelInspected{model_, EntryState::kReady, "", wire::summary_to_json(summary)}}}));
  const Response shown = call("GET", "/v1/jobs/" + json_of(added)["id"].dump());
  EXPECT_EQ(shown.status, 200) << shown.body;
  EXPECT_TRUE(json_of(shown)["transfer"].contains("from")) << shown.body;
}

TEST_F(JobRoutes, what_is_not_there_is_not_found) {
  const json job = json_of(call("POST", "/v1/jobs", good().dump()));
  const std::string path = "/v1/jobs/" + job["id"].dump();
  const std::string sha(64, 'a');
  for (const std::string& missing :
       {std::string("/v1/jobs/99"), std::string("/v1/jobs/x"), std::string("/v1/jobs/-1"),
        std::string("/v1/jobs/99/trials"), path + "/fronts/moon", "/v1/plans/" + sha,
        "/v1/candidates/" + sha, "/v1/candidates/" + sha + "/file",
        "/v1/candidates/" + sha + "/report", std::string("/v1/comparisons/1")}) {
    const Response response = call("GET", missing);
    EXPECT_EQ(response.status, 404) << missing << " " << response.body;
    EXPECT_EQ(response.content_type, "application/problem+json");
  }
  EXPECT_EQ(call("POST", "/v1/jobs/99/cancel").status, 404);
  EXPECT_EQ(call("GET", path + "/fronts/x86?min_map=high").status, 400);
}

TEST_F(JobRoutes, a_comparison_of_plans_that_were_not_tried_is_refused) {
  const json job = json_of(call("POST", "/v1/jobs", good().dump()));
  json document = {{"job", job["id"]},
                   {"target", "x86"},
                   {"a", std::string(64, 'a')},
                   {"b", std::string(64, 'b')}};
  const Response unknown_plan = call("POST", "/v1/comparisons", document.dump());
  EXPECT_EQ(unknown_plan.status, 422) << unknown_plan.body;
  EXPECT_EQ(json_of(unknown_plan)["field"], "a");
  document["target"] = "moon";
  EXPECT_EQ(json_of(call("POST", "/v1/comparisons", document.dump()))["field"], "target");
  document["job"] = 99;
  EXPECT_EQ(json_of(call("POST", "/v1/comparisons", document.dump()))["field"], "job");
}

}  // namespace
}  // namespace pare::coordinator
