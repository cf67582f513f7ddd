// The contract of docs/runtimes.md, asked of every harness that was built: what `pare runtime
// check` asks of anybody's.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/check/runtime_check.h"

namespace pare::engine {
namespace {

namespace fs = std::filesystem;
using Commands = std::map<std::string, std::vector<std::string>>;
using Asked = std::tuple<std::string, std::string>;  // a runtime, a check

Commands shipped() {
  std::ifstream file(PARE_RUNTIMES);
  return nlohmann::json::parse(file).get<Commands>();
}

std::vector<std::string> names_of_runtimes() {
  std::vector<std::string> names;
  for (const auto& [name, command] : shipped()) names.push_back(name);
  return names;
}

std::vector<std::string> names_of_checks() {
  std::vector<std::string> names;
  for (const RuntimeCheck& check : all_runtime_checks()) names.emplace_back(check.name);
  return names;
}

class Shipped : public testing::TestWithParam<Asked> {};

TEST_P(Shipped, keeps_the_contract) {
  const auto& [runtime, name] = GetParam();
  const auto check = std::ranges::find(all_runtime_checks(), name, &RuntimeCheck::name);
  const fs::path scratch = fs::temp_directory_path() / ("pare-check-" + std::to_string(::getpid()));
  fs::create_directories(scratch);
  const CheckOutcome outcome =
      carry_out(*check, {.command = shipped().at(runtime), .scratch = scratch, .cores = {0}});
  fs::remove_all(scratch);
  EXPECT_NE(outcome.end, CheckEnd::kBroken)
      << outcome.why << "\nasked " << outcome.request << "\nanswered " << outcome.answer;
}

INSTANTIATE_TEST_SUITE_P(Runtimes, Shipped,
                         testing::Combine(testing::ValuesIn(names_of_runtimes()),
                                          testing::ValuesIn(names_of_checks())),
                         [](const auto& made) {
                           std::string name = std::get<0>(made.param);
                           std::ranges::replace(name, '-', '_');
                           return name + "_" + std::get<1>(made.param);
                         });

TEST(Shipped, two_of_them_are_always_there) {
  EXPECT_TRUE(shipped().contains("openvino"));
  EXPECT_TRUE(shipped().contains("onnxruntime"));
}

}  // namespace
}  // namespace pare::engine
