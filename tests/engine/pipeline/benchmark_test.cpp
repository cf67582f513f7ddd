// One candidate on the harness that was built.  Times decide nothing here.
#include "engine/pipeline/benchmark.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/executor/openvino_runner.h"
#include "engine/onnx/onnx_io.h"
#include "engine/pipeline/canary.h"
#include "engine/pipeline/fingerprint.h"
#include "tests/support/graph_builder.h"

namespace pare::engine {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> command_of(const std::string& runtime) {
  std::ifstream file(PARE_RUNTIMES);
  return nlohmann::json::parse(file).at(runtime).get<std::vector<std::string>>();
}

std::string harness_program() {
  return command_of("openvino").at(0);
}

class BenchmarkTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(scratch_);
    test::GraphBuilder builder(5);
    const auto x = builder.input({1, 3, 32, 32});
    const auto y = builder.silu(builder.conv(x, {.channels = 8, .stride = 2, .name = "first"}));
    builder.output(builder.conv(y, {.channels = 4, .name = "second"}));
    std::ofstream(candidate_, std::ios::binary) << export_onnx(builder.build());
    harness_ = {
        .name = "openvino", .command = {harness_program()}, .scratch = scratch_ / "harness"};
    fs::create_directories(harness_.scratch);
    options_.min_samples = 2;
    options_.max_seconds = 0.1;
  }
  void TearDown() override { fs::remove_all(scratch_); }

  Measurement measure() {
    auto harness = Harness::spawn(harness_);
    EXPECT_TRUE(harness) << harness.error().message;
    auto measured = benchmark(std::move(harness).value(), candidate_,
                              {test::random_tensor({1, 3, 32, 32}, 1)}, options_, watch_);
    EXPECT_TRUE(measured) << measured.error().message;
    return std::move(measured).value();
  }

  void write_down_what_is_loaded() {
    harness_.command = {"/bin/sh", "-c", "tee " + asked_.string() + " | " + harness_program()};
  }

  std::vector<std::string> loaded() const {
    std::vector<std::string> models;
    std::ifstream lines(asked_);
    for (std::string line; std::getline(lines, line);) {
      const auto request = nlohmann::json::parse(line);
      if (request.at("do") != "load") continue;
      models.push_back(fs::path(request.at("model").get<std::string>()).filename());
    }
    return models;
  }

  const fs::path scratch_ =
      fs::temp_directory_path() / ("pare-benchmark-" + std::to_string(::getpid()));
  const fs::path asked_ = scratch_ / "asked";
  const fs::path candidate_ = scratch_ / "candidate.onnx";
  HarnessOptions harness_;
  BenchmarkOptions options_;
  Stopwatch watch_;
};

TEST_F(BenchmarkTest, a_profiled_one_says_what_each_layer_takes) {
  options_.profile = true;
  const Measurement measured = measure();
  EXPECT_GT(measured.median.count(), 0);
  ASSERT_EQ(measured.layers_ms.size(), 2U);
  EXPECT_TRUE(measured.layers_ms.contains("first"));
  EXPECT_TRUE(measured.layers_ms.contains("second"));
  EXPECT_FALSE(nlohmann::json::parse(measured.evidence_json).contains("no_layers"));
}

TEST_F(BenchmarkTest, one_that_nobody_profiles_says_nothing_of_layers) {
  const Measurement measured = measure();
  EXPECT_TRUE(measured.layers_ms.empty());
  EXPECT_FALSE(nlohmann::json::parse(measured.evidence_json).contains("no_layers"));
}

TEST_F(BenchmarkTest, says_what_the_candidate_answers_and_not_what_the_canary_does) {
  EXPECT_TRUE(measure().fingerprint.empty()) << "nobody asked";
  options_.fingerprint = true;
  const auto answers = measure().fingerprint;
  const auto graph = import_onnx_file(candidate_).value();
  const auto executor = make_openvino_runner(graph, {}).value();
  const auto expected =
      fingerprint(*executor, {test::random_tensor({1, 3, 32, 32}, 1)}, watch_).value();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(difference_between(expected, answers), "");
  options_.scored = {graph.nodes.front().outputs.front()};
  EXPECT_TRUE(measure().fingerprint.contains(options_.scored.front()));
}

TEST_F(BenchmarkTest, loads_a_candidate_once_to_compare_time_and_look_at_it) {
  options_.parity_tolerance = 1e-3;
  options_.fingerprint = true;
  write_down_what_is_loaded();
  EXPECT_TRUE(measure().parity);
  EXPECT_THAT(loaded(), testing::ElementsAre("canary.onnx", "candidate.onnx", "canary.onnx"));
}

TEST_F(BenchmarkTest, the_canary_after_one_candidate_is_the_one_before_the_next) {
  write_down_what_is_loaded();
  options_.canary = scratch_ / "canary";
  leave_canary(options_.canary, Millis(1e9));  // no reading that this machine makes
  const Measurement measured = measure();
  EXPECT_THAT(loaded(), testing::ElementsAre("candidate.onnx", "canary.onnx"));
  EXPECT_EQ(measured.canary->before_ms, 1e9);
  EXPECT_LT(measured.canary->after_ms, 1e9);
  EXPECT_EQ(left_canary(options_.canary)->count(), measured.canary->after_ms);
}

TEST_F(BenchmarkTest, a_reading_that_is_old_or_unreadable_is_none) {
  const fs::path file = scratch_ / "canary";
  EXPECT_FALSE(left_canary(file)) << "there is none";
  leave_canary(file, Millis(3));
  EXPECT_TRUE(left_canary(file, std::chrono::hours(1)));
  EXPECT_FALSE(left_canary(file, Millis(0))) << "any is older";
  for (const char* text : {"", "1", "1 x", "1e300 3", "nan nan"}) {
    std::ofstream(file) << text;
    EXPECT_FALSE(left_canary(file, std::chrono::hours(1))) << text;
  }
}

TEST_F(BenchmarkTest, keeps_what_took_long_to_load_for_whoever_scores_it) {
  options_.kept = scratch_ / "kept";
  measure();
  EXPECT_FALSE(fs::exists(options_.kept)) << "it did not take long";
  options_.worth_keeping = Millis(0);
  measure();
  EXPECT_TRUE(fs::exists(options_.kept));
  harness_.command = command_of("onnxruntime");
  options_.kept = scratch_ / "not kept";
  EXPECT_GT(measure().median.count(), 0) << "one that keeps nothing";
  EXPECT_FALSE(fs::exists(options_.kept));
}

TEST_F(BenchmarkTest, where_the_runtime_refuses_to_tell_it_is_measured_and_the_reason_kept) {
  options_.profile = true;
  harness_.command = {"/bin/sh", "-c",
                      "sed -u 's/\"profile\":true/\"profile\":17/' | " + harness_program()};
  const Measurement measured = measure();
  EXPECT_GT(measured.median.count(), 0);
  EXPECT_TRUE(measured.layers_ms.empty());
  const auto evidence = nlohmann::json::parse(measured.evidence_json);
  EXPECT_THAT(evidence.value("no_layers", ""), testing::HasSubstr("profile"));
}

}  // namespace
}  // namespace pare::engine
