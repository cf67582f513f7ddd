#include "coordinator/dispatch/report.h"

#include <gtest/gtest.h>

namespace pare::coordinator {
namespace {

AttemptReport judged(const char* outcome) {
  return judge({TaskId{7}, 2, outcome}, TaskKind::kInspectDataset);
}

TEST(Report, an_outcome_that_is_right_succeeds_as_it_came) {
  const char* outcome =
      R"({"ok": true, "result": {"calibration_images": 8, "validation_images": 4, "boxes": 9,)"
      R"( "labelled": true, "classes": ["person"]}, "artifacts": {}, "seconds": 1.5})";
  const AttemptReport report = judged(outcome);
  EXPECT_TRUE(report.succeeded) << report.reason;
  EXPECT_EQ(report.outcome_json, outcome);
  EXPECT_EQ(report.task, TaskId{7});
  EXPECT_EQ(report.attempt, 2);
}

TEST(Report, a_crash_burns_an_attempt_and_what_is_nobodys_fault_waits) {
  const auto failure = [](const std::string& code) {
    return judged(
        (R"({"ok": false, "code": ")" + code + R"(", "reason": "it broke", "seconds": 0.5})")
            .c_str());
  };
  for (const char* code : {"internal", "deadline_exceeded"}) {
    EXPECT_EQ(failure(code).burden(), Burden::kBurns) << code;
  }
  for (const char* code : {"unavailable", "resource_exhausted"}) {
    EXPECT_EQ(failure(code).burden(), Burden::kWaits) << code;
  }
  for (const char* code : {"invalid_argument", "not_found", "conflict", "unsupported"}) {
    EXPECT_EQ(failure(code).burden(), Burden::kFinal) << code;
    EXPECT_FALSE(failure(code).succeeded);
    EXPECT_EQ(failure(code).reason, "it broke");
  }
}

TEST(Report, an_outcome_that_cannot_be_used_is_a_failure_that_says_so) {
  for (const char* outcome : {
           "rubbish",
           "{}",
           R"({"ok": true, "result": {"boxes": -1}, "artifacts": {}, "seconds": 1})",
           R"({"ok": false, "code": "unheard_of", "reason": "x", "seconds": 1})",
           R"({"ok": true, "result": {"calibration_images": 8, "validation_images": 4, "boxes": 9,)"
           R"( "labelled": true, "classes": []}, "artifacts": {"x": "x.bin"}, "seconds": 1})",
       }) {
    const AttemptReport report = judged(outcome);
    EXPECT_FALSE(report.succeeded) << outcome;
    EXPECT_FALSE(report.retryable) << outcome;
    EXPECT_NE(report.reason.find("cannot be used"), std::string::npos) << report.reason;
    EXPECT_FALSE(judged(report.outcome_json.c_str()).succeeded) << "what is stored can be read";
    EXPECT_EQ(judged(report.outcome_json.c_str()).reason, report.reason);
  }
}

}  // namespace
}  // namespace pare::coordinator
