// What harnesses that are shipped do beyond the contract (engine/check), and what is kept of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/harness/evidence.h"
#include "engine/harness/harness.h"
#include "engine/onnx/onnx_io.h"
#include "tests/support/graph_builder.h"

namespace pare::engine {
namespace {

namespace fs = std::filesystem;
using Commands = std::map<std::string, std::vector<std::string>>;

fs::path scratch() {
  const fs::path folder =
      fs::temp_directory_path() / ("pare-harness-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  return folder;
}

fs::path model_file(int channels, const std::string& name, int size = 32) {
  test::GraphBuilder builder(5);
  const auto x = builder.input({1, 3, size, size});
  const auto y = builder.silu(builder.conv(x, {.channels = channels, .stride = 2, .name = ""}));
  builder.output(builder.conv(y, {.channels = 4, .name = "boxes"}));
  builder.output(builder.sigmoid(y));
  const fs::path path = scratch() / name;
  std::ofstream(path, std::ios::binary) << export_onnx(builder.build());
  return path;
}

Commands shipped() {
  std::ifstream file(PARE_RUNTIMES);
  return nlohmann::json::parse(file).get<Commands>();
}

std::vector<std::string> names_of_runtimes() {
  std::vector<std::string> names;
  for (const auto& [name, command] : shipped()) names.push_back(name);
  return names;
}

class Shipped : public testing::TestWithParam<std::string> {
 protected:
  Shipped() {
    auto started = Harness::start({.name = GetParam(),
                                   .command = shipped().at(GetParam()),
                                   .scratch = scratch(),
                                   .cores = {0}});
    if (started) harness_ = std::move(started).value();
    EXPECT_TRUE(harness_) << started.error().message;
  }

  std::unique_ptr<Harness> harness_;
};

// What the children of this thread have read and written by themselves so far: not by mapping.
std::int64_t bytes_moved_by_children() {
  std::int64_t moved = 0;
  std::ifstream children("/proc/thread-self/children");
  for (std::string pid; children >> pid;) {
    std::ifstream io("/proc/" + pid + "/io");
    std::string name;
    for (std::int64_t value = 0; io >> name >> value;) {
      if (name == "rchar:" || name == "wchar:") moved += value;
    }
  }
  return moved;
}

TEST_P(Shipped, tensors_of_an_inference_are_not_copied) {
  ASSERT_TRUE(harness_->load(model_file(8, "larger.onnx", 128), {}));
  const std::vector<Tensor> inputs{test::random_tensor({1, 3, 128, 128}, 1)};
  constexpr std::int64_t kBytes = 4 * (3 * 128 * 128 + (4 + 8) * 64 * 64);  // in and out
  constexpr int kRuns = 20;
  ASSERT_TRUE(harness_->run(inputs));
  const std::int64_t before = bytes_moved_by_children();
  ASSERT_GT(before, 0);
  for (int run = 0; run < kRuns; ++run) ASSERT_TRUE(harness_->run(inputs));
  EXPECT_LT(bytes_moved_by_children() - before, kRuns * kBytes / 10);  // requests, headers, answers
}

TEST_P(Shipped, evidence_holds_versions_and_settings) {
  const auto loaded = harness_->load(model_file(8, "small.onnx"), {});
  ASSERT_TRUE(loaded);
  const auto evidence = nlohmann::json::parse(to_json({.runtime = harness_->hello().runtime,
                                                       .versions = harness_->hello().versions,
                                                       .settings = loaded.value().settings,
                                                       .candidate_sha256 = "ab",
                                                       .cores = {0},
                                                       .machine = host::machine_facts(),
                                                       .before = host::machine_state({0}),
                                                       .after = host::machine_state({0})}));
  EXPECT_TRUE(evidence["versions"].contains(GetParam()));
  EXPECT_FALSE(evidence["settings"].empty());
  EXPECT_NE(evidence["cpu_model"], "");
}

INSTANTIATE_TEST_SUITE_P(Runtimes, Shipped, testing::ValuesIn(names_of_runtimes()),
                         [](const auto& made) {
                           std::string name = made.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace pare::engine
