// A job's report says what the API says, to the shown digit.
#include "coordinator/report/job_report.h"

#include <gtest/gtest.h>

namespace pare::coordinator {
namespace {

using nlohmann::json;

json member(const std::string& plan, double map, double ms, double speedup, double lost) {
  return {{"plan_sha256", plan + std::string(64 - plan.size(), '0')},
          {"candidate_sha256", std::string(64, 'c')},
          {"map_50_95", map},
          {"map_low", map - 0.03},
          {"map_high", map + 0.02},
          {"images", 128},
          {"latency_ms", ms},
          {"latency_low_ms", ms * 0.99},
          {"latency_high_ms", ms * 1.01},
          {"on_front", 0.71},
          {"bytes", 717926},
          {"map_lost", lost},
          {"map_lost_low", lost - 0.7},
          {"map_lost_high", lost + 0.7},
          {"speedup", speedup},
          {"description", "256x256, int8 of " + plan}};
}

struct Example {
  json job;
  JobReportSources sources;
};

Example example() {
  const json original = member("0f67a3b052", 0.44491, 2.5219, 1.0, 0.0);
  json fast = member("c0251c94d9", 0.44588, 1.7612, 1.432, -0.097);
  fast["held_back"] = {{"map_50_95", 0.4619},
                       {"images", 127},
                       {"map_lost", -0.204},
                       {"map_lost_low", -0.9},
                       {"map_lost_high", 0.5}};
  fast["latency_suspect"] = "the canary was 8 % slower <than usual>";
  json job = {{"id", 7},
              {"state", "succeeded"},
              {"revision", 411},
              {"model", "boards"},
              {"dataset", "boards"},
              {"targets", {"x86-ort"}},
              {"labels", "ground_truth"},
              {"seed", 1},
              {"strategy", "pare"},
              {"budget", {{"trials", 24}}},
              {"created_at", "2026-11-29T10:00:00.000Z"},
              {"finished_at", "2026-11-29T10:12:00.000Z"},
              {"trials", {{"asked", 24}, {"finished", 23}, {"failed", 1}}},
              {"best", {{{"target", "x86-ort"}, {"original", original}, {"fastest", fast}}}}};
  JobReportSources out;
  out.model = json{{"name", "boards"},
                   {"sha256", std::string(64, 'a')},
                   {"summary", {{"card", {{"head", "yolox"}}}}}};
  out.dataset = json{{"name", "boards"},        {"sha256", std::string(64, 'b')},
                     {"labelled", true},        {"boxes", 900},
                     {"classes", {"a", "b"}},   {"calibration_images", 128},
                     {"validation_images", 256}};
  out.targets = {
      json{{"name", "x86-ort"}, {"runtime", "onnxruntime"}, {"threads", 1}, {"pool", "default"}}};
  out.fronts = {json{{"target", "x86-ort"},
                     {"labels", "ground_truth"},
                     {"original", original},
                     {"hypervolume", 0.12024},
                     {"hidden", 3},
                     {"members", {fast}}}};
  out.checks = {json{{"target", "x86-ort"},
                     {"result",
                      {{"cpu_model", "A processor"},
                       {"runtime_version", "1.31"},
                       {"findings", {"int8 is right here"}}}}}};
  out.failures = {json{{"reason", "x86-ort: the runtime refused it"}, {"trials", 1}}};
  out.looked_at = 24;
  return {std::move(job), std::move(out)};
}

std::string page_of(const Example& one) {
  return to_html(job_report(one.job, one.sources));
}

std::string markdown_of(const Example& one) {
  return to_markdown(job_report(one.job, one.sources));
}

void expect_all(const std::string& text, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST(JobReport, SaysTheAnswerTheFrontAndWhatFailed) {
  const std::string text = markdown_of(example());
  expect_all(
      text,
      {"# Job 7: boards on boards", "24 trials, of which 1 failed",
       "x86-ort: 1.43 times faster, -0.2 mAP points lost [-0.9, 0.5] on 127 images that chose "
       "nothing (-0.1 on those that chose it): plan c0251c94d9",
       "x86-ort is onnxruntime with 1 thread on the pool default; hypervolume 0.1202",
       "| `c0251c94d9` | 44.59 [41.6, 46.6] (128) | -0.1 [-0.8, 0.6] | -0.2 [-0.9, 0.5] (127) | "
       "1.76 [1.74, 1.78] | 1.43x | 71 % | 701.1 KiB | 256x256, int8 of c0251c94d9 |",
       "| `0f67a3b052` | 44.49", "3 more are on it",
       "256 images to score on with 900 labelled boxes of 2 classes", "A processor, version 1.31",
       "int8 is right here", "| 1 | x86-ort: the runtime refused it |",
       "pare download c0251c94d9 -o x86-ort.onnx", "\"seed\": 1", "revision 411"});
}

TEST(JobReport, IsTheSamePageForTheSameData) {
  EXPECT_EQ(page_of(example()), page_of(example()));
  Example other = example();
  other.sources.fronts[0]["hypervolume"] = 0.2;
  EXPECT_NE(page_of(example()), page_of(other));
}

TEST(JobReport, APageIsSmallAndDrawsEveryMemberAndTheOriginal) {
  const std::string page = page_of(example());
  EXPECT_LT(page.size(), 400U << 10U);
  std::size_t circles = 0;
  for (std::size_t at = page.find("<circle"); at != std::string::npos;
       at = page.find("<circle", at + 1)) {
    ++circles;
  }
  EXPECT_EQ(circles, 2U);
  expect_all(page, {"&lt;than usual&gt;"});
}

TEST(JobReport, WithoutHeldBackImagesThereIsNoColumnOfThem) {
  Example plain = example();
  plain.sources.fronts[0]["members"][0].erase("held_back");
  EXPECT_EQ(markdown_of(plain).find("| lost on images that chose nothing"), std::string::npos);
}

// A job that has measured nothing yet, or whose documents lack what an older version did not write.
TEST(JobReport, WhatIsNotKnownIsLeftOut) {
  Example bare;
  bare.job = {{"id", 1},
              {"state", "preparing"},
              {"model", "m"},
              {"dataset", "d"},
              {"trials", {{"asked", 0}}},
              {"best", {{{"target", "t"}, {"hypervolume", 0.0}}}}};
  bare.sources.fronts = {json{{"target", "t"}, {"hypervolume", 0.0}, {"members", json::array()}}};
  const std::string text = markdown_of(bare);
  expect_all(text, {"preparing, 0 trials", "t: nothing is measured yet"});
  EXPECT_EQ(page_of(bare).find("<circle"), std::string::npos);
}

TEST(ComparisonReport, SaysTheVerdictTheFiguresAndTheTerms) {
  const Example in = example();
  ComparedPlans plans;
  plans.a = in.sources.fronts[0]["original"];
  const json comparison = {{"id", 3},
                           {"job", 7},
                           {"target", "x86-ort"},
                           {"state", "succeeded"},
                           {"a", (*plans.a)["plan_sha256"]},
                           {"b", "c0251c94d9" + std::string(54, '0')},
                           {"alpha", 0.05},
                           {"latency_margin", 0.03},
                           {"result",
                            {{"sentence", "B is 1.45 times faster than A."},
                             {"verdict", "BETTER"},
                             {"latency",
                              {{"ratio", 1.4512},
                               {"low", 1.4},
                               {"high", nullptr},
                               {"blocks", 5},
                               {"verdict", "FASTER"}}},
                             {"accuracy",
                              {{"labels", "ground_truth"},
                               {"delta", 0.0021},
                               {"low", -0.004},
                               {"high", 0.008},
                               {"images", 128},
                               {"verdict", "NOT_WORSE"}}}}}};
  const std::string text = to_markdown(comparison_report(comparison, in.job, plans));
  expect_all(text, {"# Comparison 3: two plans of boards on x86-ort",
                    "B is 1.45 times faster than A. Verdict: BETTER.",
                    "| latency of A over that of B | 1.451 | [1.400, open] | 5 blocks | FASTER |",
                    "| 0.21 | [-0.40, 0.80] | 128 images | NOT_WORSE |",
                    "| A | `0f67a3b052` | 44.49", "| B | `c0251c94d9` |  |", "latency_margin: 0.03",
                    "pare compare 7 --target x86-ort 0f67a3b052 c0251c94d9"});
}

}  // namespace
}  // namespace pare::coordinator
