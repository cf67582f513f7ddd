#include <gtest/gtest.h>

#include "worker/runtimes/frame/backend.h"

namespace pare::worker {
namespace {

TEST(ChooseDevice, takes_the_first_or_the_one_that_was_asked_for) {
  EXPECT_EQ(choose_device("OpenVINO", {"CPU", "GPU"}, "").value(), "CPU");
  EXPECT_EQ(choose_device("OpenVINO", {"CPU", "GPU"}, "GPU").value(), "GPU");
}

TEST(ChooseDevice, refuses_a_device_that_is_not_there) {
  EXPECT_EQ(choose_device("OpenVINO", {"CPU"}, "NPU").error().message,
            "OpenVINO has no device NPU here");
}

TEST(ChooseDevice, refuses_a_machine_without_any) {
  EXPECT_EQ(choose_device("OpenVINO", {}, "").error().message,
            "OpenVINO finds no device on this machine");
  EXPECT_EQ(choose_device("OpenVINO", {}, "CPU").error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace pare::worker
