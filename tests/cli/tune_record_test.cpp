// What `pare tune` keeps of itself, so that the same command goes on.
#include "cli/tune_record.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

namespace pare::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class TuneRecord : public testing::Test {
 protected:
  void SetUp() override { fs::remove_all(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  const fs::path folder_ = fs::path(testing::TempDir()) / "tune_record";
  const json question_ = {{"model", "abc"}, {"trials", 60}, {"train_minutes", nullptr}};
};

TEST_F(TuneRecord, TheSameQuestionFindsItsJob) {
  ASSERT_FALSE(begun_job(folder_, question_).value()) << "nothing there yet";
  ASSERT_TRUE(record_job(folder_, question_, 7));
  EXPECT_EQ(begun_job(folder_, question_).value(), 7);
}

TEST_F(TuneRecord, AnotherQuestionIsRefusedAndKept) {
  ASSERT_TRUE(record_job(folder_, question_, 7));
  json other = question_;
  other["trials"] = 40;
  const auto found = begun_job(folder_, other);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kConflict);
  EXPECT_NE(found.error().message.find("trials: 60 there, 40 here"), std::string::npos)
      << found.error().message;
  EXPECT_EQ(begun_job(folder_, question_).value(), 7);
}

TEST_F(TuneRecord, WhatIsNoRecordIsNamed) {
  fs::create_directories(folder_);
  for (const char* text : {"", "[]", "{\"question\": 3, \"job\": 7}", "{\"question\": {}}",
                           "{\"question\": {}, \"job\": \"7\"}"}) {
    std::ofstream(folder_ / "tune.json") << text;
    const auto found = begun_job(folder_, question_);
    ASSERT_FALSE(found) << text;
    EXPECT_EQ(found.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(found.error().message.find("tune.json"), std::string::npos);
  }
}

}  // namespace
}  // namespace pare::cli
