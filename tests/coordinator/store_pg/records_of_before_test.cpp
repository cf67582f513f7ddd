// What a version before kept is read as it was meant, and can be given back to it.
#include <gtest/gtest.h>

#include <string>

#include "coordinator/store/pg_migrate.h"
#include "coordinator/store/pg_store.h"
#include "tests/support/store_helpers.h"
#include "tests/support/test_database.h"

namespace pare::coordinator {
namespace {

// As the version with schema 13 wrote them.
constexpr const char* kAccuracy =
    R"({"coco":{"map_50":0.5,"map_50_95":0.30000000000000004,"map_75":0.3,"map_large":-1,)"
    R"("map_medium":0.2,"map_small":0.1,"mar_1":0.1,"mar_10":0.1,"mar_100":0.1,"mar_large":-1,)"
    R"("mar_medium":0.1,"mar_small":0.1},"draws":[0.25,0.35],"expected":null,"fingerprint":{},)"
    R"("held_back":{"draws":[0.2],"images":64,"map_50_95":0.28},"images":64,"labels":"teacher",)"
    R"("map_50_95":0.30000000000000004,"per_class":{"crack":0.3},"processor":"a kind",)"
    R"("runtime_version":"2026.4","scoring":"1"})";
constexpr const char* kLatency =
    R"({"canary":{"after_ms":2.1,"before_ms":2.0},"evidence":{"processor":"a kind"},)"
    R"("fingerprint":{},"high_ms":8.1,"layers_ms":{"conv":0.30000000000000004},"load_ms":5.5,)"
    R"("low_ms":7.9,"median_ms":8.000000000000002,"p90_ms":null,"parity":null,)"
    R"("peak_memory_bytes":1048576,"samples_ms":[]})";

class RecordsOfBefore : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(migrate_to(database.url(), 13));
    const std::string a(64, 'a');
    database.run("INSERT INTO model (name, sha256, created_at) VALUES ('net', '" + a + "', now())");
    database.run(
        "INSERT INTO dataset (name, sha256, calibration_images, validation_images, boxes,"
        " labelled, classes, created_at) VALUES ('d', '" +
        a + "', 0, 0, 0, false, '{}', now())");
    for (const char* target : {"t", "u"}) {
      database.run(
          "INSERT INTO target (name, runtime, pool, threads, precisions, created_at)"
          " VALUES ('" +
          std::string(target) + "', 'ort', 'default', 1, '{fp32}', now())");
    }
    database.run(
        "INSERT INTO job (document, model_sha256, dataset_sha256, seed, created_at)"
        " VALUES ('{}', '" +
        a + "', '" + a + "', 1, now())");
    database.run(
        "INSERT INTO job_target (job_id, ordinal, target) VALUES (1, 1, 't'), (1, 2, 'u')");
    database.run("INSERT INTO job_progress (job_id) VALUES (1) ON CONFLICT DO NOTHING");
    database.run(
        "INSERT INTO trial (job_id, number, plan_sha256, plan, origin, genome, created_at)"
        " VALUES (1, 1, '" +
        a + "', '{}', 'seed', '{1}', now())");
    database.run(
        "INSERT INTO trial_outcome (job_id, number, target, map_50_95, images, accuracy_runtime,"
        " accuracy, accuracy_draws, held_back_map, held_back_images, held_back_draws, median_ms,"
        " low_ms, high_ms, samples_ms, latency, suspect, confirmed_median_ms, confirmed_low_ms,"
        " confirmed_high_ms, confirmed_samples_ms, confirmed_suspect)"
        " VALUES (1, 1, 't', 0.30000000000000004, 64, 'executor', '" +
        std::string(kAccuracy) +
        "', '{0.25,0.35}', 0.28, 64, '{0.2}', 8.000000000000002, 7.9, 8.1,"
        " '{8.000000000000002,7.9,8.1}', '" +
        kLatency +
        "', 'hot', 8.5, 8.4, 8.6, '{8.5}',"
        " 'measuring it again failed')");
    database.run(
        "INSERT INTO trial_outcome (job_id, number, target, infeasible)"
        " VALUES (1, 1, 'u', 'it hung')");
  }

  std::unique_ptr<Store> open() {
    EXPECT_TRUE(migrate_to(database.url(), newest_schema()));
    return ok(open_pg_store({database.url(), 2, {}}));
  }
  std::string row() const {
    return database.ask(
        "SELECT row(map_50_95, images, accuracy_draws, expected_map, held_back_map,"
        " held_back_images, held_back_draws, median_ms, low_ms, high_ms, samples_ms, suspect,"
        " confirmed_median_ms, confirmed_low_ms, confirmed_high_ms, confirmed_samples_ms)::text"
        " FROM trial_outcome WHERE target = 't'");
  }

  TestDatabase database;
};

TEST_F(RecordsOfBefore, are_read_as_they_were_meant) {
  const auto revision = database.ask("SELECT revision FROM job_progress WHERE job_id = 1");
  const auto store = open();
  const Trial trial = ok(store->trial(JobId{1}, 1));
  const TargetRecord& record = trial.on_target.at("t");
  ASSERT_TRUE(record.accuracy && record.latency && record.confirmed);
  EXPECT_EQ(record.accuracy->map_50_95, 0.1 + 0.2);
  EXPECT_EQ(record.accuracy->labels, LabelSource::kTeacher);
  EXPECT_EQ(record.accuracy->draws, (std::vector{0.25, 0.35}));
  EXPECT_EQ(record.accuracy->held_back, (HeldBackAccuracy{0.28, 64, {0.2}}));
  EXPECT_EQ(record.accuracy->runtime, "executor");
  EXPECT_EQ(record.latency->median, Millis(8.000000000000002));
  EXPECT_EQ(record.latency->low, Millis(7.9));
  EXPECT_EQ(record.latency->samples, 3);
  EXPECT_EQ(record.latency->samples_sha256, "");
  EXPECT_EQ(record.latency->suspect, "hot");
  EXPECT_EQ(record.latency->processor, "a kind");
  EXPECT_EQ(record.latency->layers_ms.at("conv"), 0.1 + 0.2);
  EXPECT_EQ(record.confirmed->median, Millis(8.5));
  EXPECT_EQ(record.confirmed->samples, 1);
  EXPECT_EQ(record.confirmed->suspect, "measuring it again failed");
  EXPECT_EQ(trial.on_target.at("u").infeasible, "it hung");
  const SamplesInRow samples = ok(store->samples_in_row(JobId{1}, 1, "t"));
  EXPECT_EQ(samples.latency_ms, (std::vector{8.000000000000002, 7.9, 8.1}));
  EXPECT_EQ(samples.confirmed_ms, std::vector{8.5});
  EXPECT_EQ(database.ask("SELECT revision FROM job_progress WHERE job_id = 1"), revision)
      << "nothing changed for who reads";
}

TEST_F(RecordsOfBefore, can_be_given_back) {
  const std::string before = row();
  ASSERT_TRUE(migrate_to(database.url(), newest_schema()));
  ASSERT_TRUE(migrate_to(database.url(), 13));
  EXPECT_EQ(row(), before);
}

TEST_F(RecordsOfBefore, whose_documents_say_little_get_what_their_columns_say) {
  database.run(
      "UPDATE trial_outcome SET accuracy = '{}', latency = '{\"peak_memory_bytes\": 7}'"
      " WHERE target = 't'");
  const auto store = open();
  const Trial trial = ok(store->trial(JobId{1}, 1));
  const TargetRecord& record = trial.on_target.at("t");
  EXPECT_EQ(record.accuracy->map_50_95, 0.1 + 0.2);
  EXPECT_EQ(record.accuracy->images, 64);
  EXPECT_EQ(record.accuracy->draws, (std::vector{0.25, 0.35}));
  EXPECT_EQ(record.accuracy->held_back, (HeldBackAccuracy{0.28, 64, {0.2}}));
  EXPECT_EQ(record.latency->median, Millis(8.000000000000002));
  EXPECT_EQ(record.latency->peak_memory_bytes, 7);
}

}  // namespace
}  // namespace pare::coordinator
