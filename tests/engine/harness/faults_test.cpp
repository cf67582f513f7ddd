// Harnesses that exit, hang and write rubbish: each becomes the Error that says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "engine/harness/harness.h"
#include "tests/support/graph_builder.h"

namespace pare::engine {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* kHello =
    R"(read x; echo '{"contract":1,"runtime":"fake","version":"1","versions":{},"precisions":["fp32"],"devices":["CPU"]}'; )";
constexpr const char* kLoad =
    R"(read x; echo '{"inputs":[{"name":"x","shape":[2],"dtype":"float32"}],"outputs":[{"name":"y","shape":[2],"dtype":"float32"}],"load_ms":1,"memory_bytes":5,"settings":{}}'; )";

HarnessOptions fake(const std::string& script) {
  const fs::path folder = fs::temp_directory_path() / ("pare-faults-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  return {.name = "fake",
          .command = {"/bin/sh", "-c", script},
          .scratch = folder,
          .cores = {},
          .max_memory_bytes = 0,
          .call_limit = std::chrono::milliseconds(20'000)};
}

struct Fault {
  const char* what;
  std::string script;  // after a good hello and load
  ErrorCode code;
  const char* message;
};

void PrintTo(const Fault& fault, std::ostream* out) {
  *out << fault.what;
}

class Faults : public testing::TestWithParam<Fault> {};

TEST_P(Faults, become_an_error_that_says_so) {
  const Fault& fault = GetParam();
  HarnessOptions options = fake(kHello + std::string(kLoad) + fault.script);
  // The one that hangs is given little time, the others all they need.
  if (fault.code == ErrorCode::kDeadlineExceeded)
    options.call_limit = std::chrono::milliseconds(800);
  auto started = Harness::start(options);
  ASSERT_TRUE(started) << started.error().message;
  const auto harness = std::move(started).value();
  ASSERT_TRUE(harness->load("/dev/null", {}));
  const auto outputs = harness->run({test::random_tensor({2}, 1)});
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().code, fault.code) << outputs.error().message;
  EXPECT_THAT(outputs.error().message, HasSubstr(fault.message));
}

INSTANTIATE_TEST_SUITE_P(
    Table, Faults,
    testing::Values(
        Fault{"exits", "read x; echo 'out of handles' >&2; exit 4", ErrorCode::kInternal,
              "ended with exit code 4 instead of answering infer; the end of its log: out of "
              "handles"},
        Fault{"exits_well", "exit 0", ErrorCode::kInternal, "ended with exit code 0"},
        Fault{"crashes", "read x; kill -SEGV $$", ErrorCode::kInternal, "signal 11"},
        Fault{"hangs", "exec sleep 1000", ErrorCode::kDeadlineExceeded,
              "fake did not answer infer within 800 ms"},
        Fault{"rubbish", "read x; echo 'Segmentation fault, maybe'; read x",
              ErrorCode::kInvalidArgument, "(no JSON object): Segmentation fault, maybe"},
        Fault{"a_list", "read x; echo '[1, 2]'; read x", ErrorCode::kInvalidArgument, "[1, 2]"},
        Fault{"no_outputs", "read x; echo '{}'; read x", ErrorCode::kInvalidArgument,
              "\"outputs\" is missing"},
        Fault{"wrong_output", R"(read x; echo '{"outputs":{"z":"/a.npy"}}'; read x)",
              ErrorCode::kInvalidArgument, "output y is missing"},
        Fault{"negative_time", R"(read x; echo '{"outputs":{"y":"/a.npy"},"infer_ms":-1}'; read x)",
              ErrorCode::kInvalidArgument, "\"infer_ms\" is no number from 0"},
        Fault{"no_such_file", R"(read x; echo '{"outputs":{"y":"/nonexistent/a.npy"}}'; read x)",
              ErrorCode::kInvalidArgument, "/nonexistent/a.npy cannot be opened"},
        Fault{"no_tensor", R"(read x; echo '{"outputs":{"y":"/proc/version"}}'; read x)",
              ErrorCode::kInvalidArgument, "/proc/version is not a usable .npy file"},
        Fault{"refuses",
              R"(read x; echo '{"error":"unsupported","message":"no bf16 here"}'; read x)",
              ErrorCode::kUnsupported, "fake: no bf16 here"},
        Fault{"unknown_code", R"(read x; echo '{"error":"oops","message":"x"}'; read x)",
              ErrorCode::kInvalidArgument, "\"error\" oops is not a code"}),
    [](const auto& made) { return std::string(made.param.what); });

TEST(HarnessStart, another_contract_is_refused) {
  const auto started = Harness::start(fake(
      R"(read x; echo '{"contract":2,"runtime":"fake","version":"1","versions":{},"precisions":[],"devices":[]}'; read x)"));
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message, HasSubstr("contract 2 is not 1"));
}

TEST(HarnessStart, a_program_that_does_not_exist_is_named) {
  HarnessOptions options = fake("");
  options.command = {"/nonexistent/runtime"};
  const auto started = Harness::start(options);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(started.error().message, HasSubstr("/nonexistent/runtime"));
}

TEST(HarnessTime, samples_that_are_no_times_are_refused) {
  for (const char* samples : {"[]", "[0]", "[-1.0]", "[\"1\"]", "[1e999]", "{}"}) {
    auto started = Harness::start(
        fake(kHello + std::string(kLoad) + "read x; echo '{\"samples_ms\":" + samples +
             ",\"warmup_runs\":1,\"warmup_ms\":1,\"stationary\":true,\"narrow\":true}'; read x"));
    const auto harness = std::move(started).value();
    ASSERT_TRUE(harness->load("/dev/null", {}));
    const auto timing = harness->time({test::random_tensor({2}, 1)}, {});
    ASSERT_FALSE(timing) << samples;
    EXPECT_EQ(timing.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST(HarnessRun, the_number_of_inputs_is_checked_before_anything_is_sent) {
  auto started = Harness::start(fake(kHello + std::string(kLoad) + "read x"));
  const auto harness = std::move(started).value();
  ASSERT_TRUE(harness->load("/dev/null", {}));
  const auto outputs = harness->run({});
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().message, "the model loaded in fake takes 1 inputs, 0 were given");
}

TEST(Spawned, a_harness_starts_while_something_else_is_done) {
  const fs::path ready = fake("").scratch / "ready";
  fs::remove(ready);
  const auto spawned = Harness::spawn(
      fake("until [ -e " + ready.string() + " ]; do sleep 0.01; done; " + std::string(kHello)));
  ASSERT_TRUE(spawned) << spawned.error().message;  // it has not said a word
  std::ofstream(ready) << "go";
  const auto greeted = spawned.value()->greet();
  ASSERT_TRUE(greeted) << greeted.error().message;
  EXPECT_EQ(spawned.value()->hello().runtime, "fake");
}

TEST(Spawned, one_that_cannot_start_says_so_when_it_is_greeted) {
  const auto spawned = Harness::spawn(fake("exit 3"));
  ASSERT_TRUE(spawned) << spawned.error().message;
  const auto greeted = spawned.value()->greet();
  ASSERT_FALSE(greeted);
  EXPECT_THAT(greeted.error().message, HasSubstr("3"));
}

std::string hello_of_one_that_takes(const std::string& ahead) {
  std::string hello = kHello;
  return hello.replace(hello.find(R"("devices")"), 0, R"("ahead":)" + ahead + ",");
}

// Of two inferences that were lined up together.
void expect_two_refusals(Harness& harness) {
  for (const std::size_t slot : {0U, 1U}) {
    ASSERT_TRUE(harness.put(slot, {test::random_tensor({2}, 1)}));
    harness.line_up(slot);
  }
  for (const std::size_t slot : {0U, 1U}) {
    EXPECT_EQ(harness.infer(slot).error().code, ErrorCode::kUnsupported);
  }
}

constexpr const char* kRefuse = R"(echo '{"error":"unsupported","message":"no"}'; )";

TEST(LinedUp, a_harness_that_takes_it_is_sent_the_next_inference_before_it_answers) {
  // Answers the first one when it has read the second.
  const auto harness = Harness::start(fake(hello_of_one_that_takes("true") + kLoad +
                                           "read a; read b; " + kRefuse + kRefuse))
                           .value();
  ASSERT_TRUE(harness->load("/dev/null", {}));
  expect_two_refusals(*harness);
}

TEST(LinedUp, one_that_does_not_say_so_is_not) {
  // `read -t 0` of bash: is there a line already?
  HarnessOptions options = fake("");
  options.command = {"/bin/bash", "-c",
                     kHello + std::string(kLoad) +
                         "for i in 1 2; do read a; read -t 0 && exit 9; " + kRefuse + "done"};
  const auto harness = Harness::start(options).value();
  ASSERT_TRUE(harness->load("/dev/null", {}));
  expect_two_refusals(*harness);
}

}  // namespace
}  // namespace pare::engine
