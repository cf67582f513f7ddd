#include "host/log.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

namespace pare::host {
namespace {

TEST(Log, a_line_has_its_time_and_level_and_no_codes_of_its_own_or_of_strangers) {
  testing::internal::CaptureStderr();
  start_log("a-program");
  spdlog::warn("the model {} is refused", "\x1b[1mbold\x1b[0m");
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(line.ends_with(" warning the model ?[1mbold?[0m is refused\n")) << line;
  EXPECT_EQ(line.substr(4, 1) + line.substr(10, 1), "-T") << line;
}

}  // namespace
}  // namespace pare::host
