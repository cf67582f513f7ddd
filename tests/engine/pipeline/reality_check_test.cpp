// The reality check on the harnesses that were built, with tiny sizes.  Times decide nothing here.
#include "engine/pipeline/reality_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/pipeline/probe_networks.h"

namespace pare::engine {
namespace {

namespace fs = std::filesystem;

RealityCheckOptions tiny(const std::string& runtime) {
  std::ifstream file(PARE_RUNTIMES);
  RealityCheckOptions options;
  options.harness.name = runtime;
  options.harness.command = nlohmann::json::parse(file).at(runtime).get<std::vector<std::string>>();
  options.harness.scratch =
      fs::temp_directory_path() / ("pare-check-" + runtime + std::to_string(::getpid()));
  fs::create_directories(options.harness.scratch);
  options.widths = {16};
  options.size = 8;
  options.rounds = 1;
  return options;
}

void quiet(double, const std::string&) {}

class RealityCheck : public testing::TestWithParam<const char*> {};

TEST_P(RealityCheck, measures_every_class_and_setting_and_says_what_it_ran_on) {
  const auto check = reality_check(tiny(GetParam()), quiet);
  ASSERT_TRUE(check) << check.error().message;
  const DeviceCheck& found = check.value();
  EXPECT_EQ(found.refused, "");
  EXPECT_TRUE(found.int8);
  EXPECT_FALSE(found.cpu_model.empty());
  EXPECT_FALSE(found.runtime_version.empty());
  EXPECT_GE(found.canary_ms.size(), 3U);
  EXPECT_EQ(found.correctness.size(), correctness_networks().size() * kAllPlacements.size() * 2);
  std::set<std::pair<KernelClass, bool>> timed;
  for (const KernelTiming& row : found.kernels) {
    timed.insert({row.kernel, row.placement.has_value()});
    EXPECT_GT(row.median_us, 0);
  }
  EXPECT_EQ(timed.size(), 2 * kAllKernelClasses.size() - 1);  // the mixed block is int8 only
  EXPECT_FALSE(found.findings.empty());
}

TEST_P(RealityCheck, without_int8_no_int8_is_run) {
  RealityCheckOptions options = tiny(GetParam());
  options.int8 = false;
  const auto check = reality_check(options, quiet);
  ASSERT_TRUE(check) << check.error().message;
  EXPECT_FALSE(check.value().int8);
  EXPECT_TRUE(check.value().correctness.empty());
  for (const KernelTiming& row : check.value().kernels) EXPECT_FALSE(row.placement);
}

INSTANTIATE_TEST_SUITE_P(Runtimes, RealityCheck, testing::Values("openvino", "onnxruntime"));

TEST(RealityCheckOf, a_runtime_that_loads_nothing_is_a_result_with_the_reason) {
  RealityCheckOptions options = tiny("onnxruntime");
  options.harness.command = {
      "/bin/sh", "-c",
      R"(while read -r line; do case "$line" in *hello*) echo '{"contract":1,"runtime":"sad",)"
      R"("version":"1","versions":{},"precisions":["fp32","int8"],"devices":["CPU"]}';; *) echo )"
      R"('{"error":"unsupported","message":"no device"}';; esac; done)"};
  const auto check = reality_check(options, quiet);
  ASSERT_TRUE(check) << check.error().message;
  EXPECT_THAT(check.value().refused, testing::HasSubstr("no device"));
  EXPECT_TRUE(check.value().kernels.empty());
}

}  // namespace
}  // namespace pare::engine
