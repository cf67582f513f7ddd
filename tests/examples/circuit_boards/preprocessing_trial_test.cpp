// Trying ways of preparing images: the shipped detector under cards that are wrong, on boards whose
// defects are known.
#include "engine/pipeline/preprocessing_trial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <opencv2/imgcodecs.hpp>

#include "examples/circuit_boards/renderer/scene.h"

namespace pare::examples {
namespace {

using namespace pare::engine;
namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kBoards = 12;

class PreprocessingTrialTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    fs::create_directories(folder());
    Dataset& made = boards();
    made.labelled = true;
    for (std::size_t i = 0; i < kDefectNames.size(); ++i) {
      made.categories.push_back({static_cast<std::int64_t>(i) + 1, std::string(kDefectNames[i])});
    }
    for (int i = 0; i < kBoards; ++i) {
      const Scene scene = render_scene(4711, static_cast<std::uint64_t>(i));
      const fs::path file = folder() / (std::to_string(i) + ".png");
      cv::imwrite(file.string(), scene.image);
      made.validation.push_back({i + 1, file.filename().string(), file, 0, 0});
      ImageGroundTruth truth{i + 1, {}};
      for (const LabelledDefect& d : scene.defects) {
        truth.boxes.push_back(
            {.box = {double(d.box.x), double(d.box.y), double(d.box.width), double(d.box.height)},
             .area = d.area,
             .crowd = false,
             .category = static_cast<int>(d.kind)});
      }
      made.ground_truth.push_back(std::move(truth));
    }
  }
  static void TearDownTestSuite() { fs::remove_all(folder()); }

  static fs::path folder() {
    return fs::temp_directory_path() / ("pare-trial-" + std::to_string(::getpid()));
  }
  static Dataset& boards() {
    static Dataset dataset;
    return dataset;
  }

  static Result<PreprocessingTrial> tried(const PartialCard& card, const Dataset& dataset) {
    std::ifstream in("examples/circuit_boards/detector.onnx", std::ios::binary);
    const std::string onnx{std::istreambuf_iterator<char>(in), {}};
    const auto detector = open_detector(std::as_bytes(std::span(onnx)), card);
    if (!detector) return detector.error();
    return try_preprocessings(detector.value(), dataset, [](double, const std::string&) {});
  }
};

TEST_F(PreprocessingTrialTest, finds_the_right_one_from_a_wrong_card) {
  PartialCard card;
  card.preprocessing = Preprocessing{};  // RGB, divided by 255, a centred letterbox
  const auto trial = tried(card, boards());
  ASSERT_TRUE(trial) << trial.error().message;
  EXPECT_EQ(trial.value().images, kBoards);
  EXPECT_LT(trial.value().as_the_card().map_50_95, 0.1);
  EXPECT_GT(trial.value().best().map_50_95, 0.25);
  EXPECT_FALSE(trial.value().best().how.rgb);
  EXPECT_THAT(trial.value().best().how.std, ElementsAre(1, 1, 1));
  EXPECT_THAT(trial.value().alarms.front(),
              HasSubstr("RGB from 0 to 1, a centred letterbox) gives mAP"));
  EXPECT_THAT(trial.value().alarms.front(), HasSubstr("and BGR from 0 to 255, "));
}

TEST_F(PreprocessingTrialTest, says_that_the_right_one_is_right) {
  const auto trial = tried({}, boards());
  ASSERT_TRUE(trial) << trial.error().message;
  EXPECT_THAT(trial.value().findings, ElementsAre(HasSubstr("others is clearly better")));
  EXPECT_THAT(trial.value().alarms, IsEmpty());
}

TEST_F(PreprocessingTrialTest, tells_classes_in_another_order_from_boxes_that_are_not_found) {
  PartialCard card;
  card.classes.assign(kDefectNames.begin(), kDefectNames.end());
  std::ranges::rotate(card.classes, card.classes.begin() + 1);
  const auto turned = tried(card, boards());
  ASSERT_TRUE(turned) << turned.error().message;
  EXPECT_THAT(turned.value().alarms.back(), HasSubstr("check the order of the class names"));

  Dataset elsewhere = boards();
  for (ImageGroundTruth& image : elsewhere.ground_truth) {
    for (GroundTruthBox& box : image.boxes) box.box.x = 10 * box.box.x + 1000;
  }
  const auto shifted = tried({}, elsewhere);
  ASSERT_TRUE(shifted) << shifted.error().message;
  EXPECT_THAT(shifted.value().alarms.back(), HasSubstr("next to nothing of what is labelled"));
}

TEST_F(PreprocessingTrialTest, asks_for_a_head_and_for_boxes) {
  PartialCard raw;
  raw.head = "raw";
  EXPECT_THAT(tried(raw, boards()).error().message, HasSubstr("the head is not known"));
  Dataset bare = boards();
  for (ImageGroundTruth& image : bare.ground_truth) image.boxes.clear();
  EXPECT_THAT(tried({}, bare).error().message, HasSubstr("no image has a labelled box"));
}

}  // namespace
}  // namespace pare::examples
