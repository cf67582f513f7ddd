#include "cli/follow.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/format.h"

namespace pare::cli {
namespace {

using nlohmann::json;

json preparing(double progress) {
  return {{"id", 1},
          {"state", "preparing"},
          {"budget", {{"trials", 40}}},
          {"under_way", {{{"task", 3}, {"kind", "prepare"}, {"progress", progress}}}}};
}

// Lines of a preparation that tells a hundred steps in `seconds`.
int lines_of_a_preparation(double seconds) {
  FollowLines lines;
  int printed = 0;
  for (int i = 0; i <= 100; ++i) {
    const json job = preparing(i / 100.0);
    printed += lines.is_due(job, progress_line(job), seconds * i / 100) ? 1 : 0;
  }
  return printed;
}

TEST(FollowLines, a_progress_that_moves_is_told_every_ten_seconds_and_no_more_often) {
  EXPECT_EQ(lines_of_a_preparation(9), 1);
  EXPECT_EQ(lines_of_a_preparation(30), 3);
}

TEST(FollowLines, nothing_new_is_not_told_again_however_long_it_takes) {
  FollowLines lines;
  EXPECT_TRUE(lines.is_due(preparing(0), "a", 0));
  EXPECT_FALSE(lines.is_due(preparing(0), "a", 1000));
}

TEST(FollowLines, a_phase_or_a_count_that_changes_is_told_at_once) {
  FollowLines lines;
  json job = preparing(0.9);
  EXPECT_TRUE(lines.is_due(job, "prepares", 0));
  job["under_way"][0]["kind"] = "train";
  EXPECT_TRUE(lines.is_due(job, "trains", 1));
  job["under_way"] = json::array();
  job["state"] = "searching";
  EXPECT_TRUE(lines.is_due(job, "searches", 2));
  job["trials"] = {{"finished", 1}, {"failed", 0}};
  EXPECT_FALSE(lines.is_due(job, "one of forty", 3)) << "a twentieth is two trials";
  job["trials"] = {{"finished", 1}, {"failed", 1}};
  EXPECT_TRUE(lines.is_due(job, "two", 4));
  job["tuning"] = {{"ended", 1}};
  EXPECT_TRUE(lines.is_due(job, "tunes", 5));
  job["waiting"] = {{{"reason", "nobody trains"}}};
  EXPECT_TRUE(lines.is_due(job, "waits", 6));
}

}  // namespace
}  // namespace pare::cli
