// One folder of images, split into what is calibrated on and what is scored on.
#include "cli/tune_images.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

namespace pare::cli {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> images(int count) {
  std::vector<fs::path> paths;
  for (int i = 0; i < count; ++i) paths.push_back("some/folder/" + std::to_string(i) + ".jpg");
  return paths;
}

std::set<std::string> names(const std::vector<fs::path>& paths) {
  std::set<std::string> found;
  for (const fs::path& path : paths) found.insert(path.filename().string());
  return found;
}

// The first `count` of images(n) are labelled.
std::set<std::string> labelled(int count) {
  return names(images(count));
}

// Of every size, with no, few, most and all images labelled: the two share none, both have some,
// nothing is lost but what is counted, and only labelled images are scored on.
TEST(TuneImages, TheTwoSetsShareNoImage) {
  for (const int count : {2, 3, 5, 40, 383, 384, 700}) {
    for (const int with_labels : {1, count / 4, count - 1, count}) {
      if (with_labels < 1) continue;
      const std::set<std::string> known = labelled(with_labels);
      const auto split = split_images(images(count), known, 1000);
      ASSERT_TRUE(split) << split.error().message;
      const auto calibrated = names(split.value().calibration);
      const auto scored = names(split.value().validation);
      EXPECT_FALSE(calibrated.empty());
      EXPECT_LE(calibrated.size(), kMostCalibration);
      EXPECT_FALSE(scored.empty());
      for (const std::string& name : scored) {
        EXPECT_FALSE(calibrated.contains(name));
        EXPECT_TRUE(known.contains(name)) << name;
      }
      EXPECT_EQ(split.value().left_out, 0U);
    }
  }
}

TEST(TuneImages, ImagesWithoutLabelsAreCalibratedOnFirst) {
  const auto split = split_images(images(100), labelled(60), 1000);
  ASSERT_TRUE(split);
  EXPECT_EQ(split.value().validation.size(), 60U) << "none is taken from those with labels";
  for (const std::string& name : names(split.value().calibration)) {
    EXPECT_FALSE(labelled(60).contains(name));
  }
}

TEST(TuneImages, WithoutLabelsAThirdIsCalibratedOn) {
  const auto split = split_images(images(90), std::nullopt, 1000);
  ASSERT_TRUE(split);
  EXPECT_EQ(split.value().calibration.size(), 30U);
  EXPECT_EQ(split.value().validation.size(), 60U);
}

TEST(TuneImages, TheOrderOfTheFolderSaysNothing) {
  auto given = images(50);
  const auto first = split_images(given, std::nullopt, 20);
  std::ranges::reverse(given);
  const auto second = split_images(given, std::nullopt, 20);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first.value().calibration, second.value().calibration);
  EXPECT_EQ(first.value().validation, second.value().validation);
  EXPECT_EQ(first.value().validation.size(), 20U);
  EXPECT_EQ(first.value().left_out, 50U - 16 - 20);
}

TEST(TuneImages, WhatCannotBeSplitSaysWhy) {
  EXPECT_EQ(split_images({}, std::nullopt, 10).error().message,
            "a search takes two images or more, some to calibrate on and some to score on; there "
            "is none");
  EXPECT_NE(split_images(images(1), std::nullopt, 10).error().message.find("there is one"),
            std::string::npos);
  EXPECT_EQ(split_images(images(5), std::set<std::string>{"other.jpg"}, 10).error().message,
            "the labels speak of none of the images");
}

TEST(TuneImages, TheFoldersHoldLinksToTheImages) {
  const fs::path root = fs::path(testing::TempDir()) / "tune_images_links";
  fs::remove_all(root);
  fs::create_directories(root / "given/deeper");
  std::vector<fs::path> given;
  for (const char* name : {"given/a.jpg", "given/deeper/b.jpg", "given/c.jpg"}) {
    given.push_back(root / name);
    std::ofstream(given.back()) << name;
  }
  const auto split = split_images(given, std::nullopt, 10);
  ASSERT_TRUE(split);
  ASSERT_TRUE(link_split(split.value(), root / "made"));
  std::size_t found = 0;
  for (const char* part : {"calibration", "validation"}) {
    for (const fs::path& link : fs::directory_iterator(root / "made" / part)) {
      ++found;
      EXPECT_TRUE(fs::exists(link)) << link;
    }
  }
  EXPECT_EQ(found, given.size());
  fs::remove_all(root);
}

}  // namespace
}  // namespace pare::cli
