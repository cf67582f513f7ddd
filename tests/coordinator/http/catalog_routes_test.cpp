#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service_fixture.h"
#include "support_archive.h"
#include "wire/sha256.h"

namespace pare::coordinator {
namespace {

using nlohmann::json;

class CatalogRoutes : public ServiceFixture {
 protected:
  std::string upload(const std::string& bytes) {
    const std::string sha256 = wire::sha256_hex(bytes);
    EXPECT_LE(call("PUT", "/v1/blobs/" + sha256, bytes).status, 201);
    return sha256;
  }
  Response register_model(const std::string& name, const std::string& sha256) {
    return call("PUT", "/v1/models", json{{"name", name}, {"sha256", sha256}}.dump());
  }
  void greet_worker() {
    WorkerProfile profile;
    profile.name = "w1";
    profile.device_id = "machine";
    profile.device_json = R"({"cpu":"x"})";
    profile.pools = {"default"};
    profile.runtimes = {{"onnxruntime", "1.31.1", {"fp32", "int8"}}};
    ASSERT_TRUE(store_->greet(kSession, profile));
  }
};

TEST_F(CatalogRoutes, a_model_is_registered_inspected_and_listed) {
  const std::string sha256 = upload("an onnx file");
  const Response added = register_model("det", sha256);
  EXPECT_EQ(added.status, 202);
  EXPECT_EQ(json_of(added)["state"], "inspecting");
  EXPECT_EQ(wakes_, 1);

  const auto tasks = store_->tasks({}, {}).value();
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks[0].task.kind, TaskKind::kInspectModel);
  EXPECT_EQ(json::parse(tasks[0].task.document_json)["blobs"]["model"], sha256);

  EXPECT_EQ(json_of(call("GET", "/v1/models/det"))["sha256"], sha256);
  EXPECT_EQ(json_of(call("GET", "/v1/models/" + sha256.substr(0, 8)))["name"], "det");
  EXPECT_EQ(call("GET", "/v1/models/" + sha256.substr(0, 7)).status, 404);
  EXPECT_EQ(json_of(call("GET", "/v1/models"))["items"].size(), 1U);
  EXPECT_EQ(call("GET", "/v1/models/det/file").file->length, Bytes{12});
}

TEST_F(CatalogRoutes, a_model_that_was_not_uploaded_or_takes_a_name_is_refused) {
  const std::string missing = wire::sha256_hex("not here");
  const Response refused = register_model("det", missing);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(json_of(refused)["field"], "sha256");
  EXPECT_EQ(json_of(refused)["value"], missing);

  EXPECT_EQ(register_model("det", upload("one")).status, 202);
  const Response taken = register_model("det", upload("two"));
  EXPECT_EQ(taken.status, 409);
  EXPECT_EQ(json_of(taken)["value"], "det");
}

TEST_F(CatalogRoutes, lists_come_in_pages) {
  for (int i = 0; i < 5; ++i) {
    const std::string name = "model" + std::to_string(i);
    EXPECT_EQ(register_model(name, upload(name)).status, 202);
  }
  std::vector<std::string> seen;
  std::string next;
  do {
    const json page =
        json_of(call("GET", "/v1/models?limit=2" + (next.empty() ? "" : "&cursor=" + next)));
    EXPECT_LE(page["items"].size(), 2U);
    for (const json& model : page["items"]) seen.push_back(model["name"]);
    next = page.value("next", "");
  } while (!next.empty());
  EXPECT_EQ(seen.size(), 5U);

  for (const char* bad : {"limit=0", "limit=1001", "limit=x", "cursor=-1", "cursor=x"}) {
    EXPECT_EQ(call("GET", std::string("/v1/models?") + bad).status, 400) << bad;
  }
}

// What is in an archive a worker looks at: nothing in it can hurt the service.
TEST_F(CatalogRoutes, a_dataset_is_registered_unread_and_inspected_by_a_worker) {
  const std::string deep = R"({"images":[)" + std::string(60'000, '[');
  int number = 0;
  for (const std::string& archive :
       {tar_of({{"calibration/c.jpg", "c"}, {"validation/v.jpg", "v"}}),
        tar_of({{"validation/v.jpg", "v"}}), tar_of({{"labels.json", deep.substr(0, 40'000)}})}) {
    const std::string sha256 = upload(archive);
    const Response response =
        call("PUT", "/v1/datasets",
             json{{"name", "set" + std::to_string(number++)}, {"sha256", sha256}}.dump());
    EXPECT_EQ(response.status, 202) << response.body;
    EXPECT_EQ(json_of(response)["state"], "inspecting");
  }
  const auto tasks = store_->tasks({}, {}).value();
  ASSERT_EQ(tasks.size(), 3U);
  EXPECT_EQ(tasks[0].task.kind, TaskKind::kInspectDataset);
  EXPECT_EQ(json_of(call("GET", "/v1/datasets/set0"))["calibration_images"], 0);
  const Response rubbish = call(
      "PUT", "/v1/datasets",
      json{{"name", "rubbish"}, {"sha256", upload("this is no tar archive, and short")}}.dump());
  EXPECT_EQ(rubbish.status, 400);
  EXPECT_EQ(json_of(rubbish)["detail"].get<std::string>().find("the dataset is not a tar archive"),
            0U);
}

TEST_F(CatalogRoutes, a_target_is_added_once_and_says_who_serves_it) {
  const std::string target = R"({"name":"x86","runtime":"onnxruntime"})";
  EXPECT_EQ(call("POST", "/v1/targets", target).status, 201);
  EXPECT_EQ(call("POST", "/v1/targets", target).status, 200);
  EXPECT_EQ(call("POST", "/v1/targets", R"({"name":"x86","runtime":"openvino"})").status, 409);
  EXPECT_EQ(json_of(call("GET", "/v1/targets/x86"))["served"], false);
  greet_worker();
  EXPECT_EQ(json_of(call("GET", "/v1/targets/x86"))["served"], true);
  EXPECT_EQ(json_of(call("GET", "/v1/targets"))["items"][0]["workers"], 1);
  EXPECT_EQ(call("GET", "/v1/targets/none").status, 404);
  EXPECT_EQ(json_of(call("GET", "/v1/workers"))["items"][0]["probe"]["cpu"], "x");
  const json health = health_with("workers", 1);
  EXPECT_EQ(health["workers"], 1);
  EXPECT_EQ(health["artifacts"], "ok");
}

TEST_F(CatalogRoutes, what_there_is_to_do_is_told_in_numbers_with_noughts_where_there_is_nothing) {
  const std::string empty = call("GET", "/metrics").body;
  for (const char* line : {"pare_build_info{version=\"", "pare_store_state{state=\"ok\"} 1\n",
                           "pare_workers{state=\"idle\"} 0\n", "pare_jobs{state=\"failed\"} 0\n",
                           "pare_tasks{kind=\"inspect_model\",state=\"queued\"} 0\n",
                           "pare_tasks_waiting 0\n", "# TYPE pare_artifact_room_bytes gauge\n"}) {
    EXPECT_THAT(empty, testing::HasSubstr(line));
  }
  const std::string sha256 = upload("an onnx file");
  call("PUT", "/v1/models", json({{"name", "det"}, {"sha256", sha256}}).dump());
  WorkerProfile profile;
  profile.name = "w1";
  profile.device_id = "machine";
  ASSERT_TRUE(store_->greet(kSession, profile));
  const std::string text = call("GET", "/metrics").body;
  EXPECT_THAT(text, testing::HasSubstr("pare_workers{state=\"idle\"} 1\n"));
  EXPECT_THAT(text, testing::HasSubstr("pare_tasks{kind=\"inspect_model\",state=\"queued\"} 1\n"));
}

TEST_F(CatalogRoutes, a_disk_without_room_for_artifacts_is_no_health) {
  std::filesystem::remove_all(folder_);  // nothing is free where there is nothing
  const Response health = call("GET", "/healthz");
  EXPECT_EQ(health.status, 503);
  EXPECT_EQ(json_of(health)["status"], "unavailable");
  EXPECT_EQ(json_of(health)["artifacts"], "full");
  EXPECT_THAT(json_of(health)["reason"].get<std::string>(),
              testing::HasSubstr("the disk of the artifacts is full: 0 bytes are free"));
}

}  // namespace
}  // namespace pare::coordinator
