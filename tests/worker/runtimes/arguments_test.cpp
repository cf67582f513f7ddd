#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>

#include "worker/runtimes/frame/serve.h"

namespace pare::worker {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// Loads any file, and says what it was asked for.
class FakeBackend final : public Backend {
 public:
  BackendHello hello() override {
    return {.runtime = "fake",
            .version = "1",
            .versions = {},
            .precisions = {"fp32"},
            .devices = {"CPU", "GPU"},
            .options = {"pinning", "mode"}};
  }
  Result<BackendModel> load(const BackendLoad& load) override {
    return BackendModel{.inputs = {}, .outputs = {}, .settings = {{"device", load.device}}};
  }
  void bind(const std::map<std::string, BackendArray>&,
            const std::map<std::string, BackendRoom>&) override {}
  void run() override {}
  std::map<std::string, BackendArray> outputs() override { return {}; }
  std::vector<BackendLayer> layers() override { return {}; }
  void unload() override {}
};

json answer(Server& server, const char* line) {
  return json::parse(server.answer(line));
}

TEST(Arguments, name_a_device_and_options) {
  const std::array words = {"--device", "GPU", "--option", "mode=a=b", "--option", "pinning="};
  const auto settings = read_arguments(words);
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings.value().device, "GPU");
  EXPECT_EQ(settings.value().options,
            (std::map<std::string, std::string>{{"mode", "a=b"}, {"pinning", ""}}));
}

TEST(Arguments, that_are_neither_are_refused_and_named) {
  for (const char* word : {"--gpu", "--device", "--option", "a.onnx"}) {
    const std::array words = {word};
    const auto settings = read_arguments(words);
    ASSERT_FALSE(settings);
    EXPECT_THAT(settings.error().message, HasSubstr(word));
  }
}

TEST(SettingsOfTheCommandLine, are_those_of_every_load_and_a_request_may_say_otherwise) {
  FakeBackend backend;
  Server server(backend, {.device = "GPU", .options = {{"mode", "fast"}, {"pinning", "on"}}});
  EXPECT_EQ(answer(server, R"({"do": "hello"})")["devices"], json({"GPU"}));
  const json plain = answer(server, R"({"do": "load", "model": "/proc/version", "threads": 1})");
  EXPECT_EQ(plain["settings"], json({{"device", "GPU"}, {"mode", "fast"}, {"pinning", "on"}}));
  const json other = answer(server, R"({"do": "load", "model": "/proc/version", "threads": 1,
                                        "options": {"mode": "slow"}})");
  EXPECT_EQ(other["settings"]["mode"], "slow");
  EXPECT_EQ(other["settings"]["pinning"], "on");
}

TEST(SettingsOfTheCommandLine, that_the_runtime_does_not_know_are_refused) {
  FakeBackend backend;
  Server device(backend, {.device = "NPU", .options = {}});
  EXPECT_EQ(answer(device, R"({"do": "hello"})")["error"], "unsupported");
  Server option(backend, {.device = "", .options = {{"colour", "green"}}});
  const json refused = answer(option, R"({"do": "load", "model": "/proc/version", "threads": 1})");
  EXPECT_EQ(refused["error"], "invalid_argument");
  EXPECT_THAT(refused["message"].get<std::string>(), HasSubstr("pinning, mode"));
}

}  // namespace
}  // namespace pare::worker
