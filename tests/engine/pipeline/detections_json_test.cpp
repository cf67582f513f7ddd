#include "engine/pipeline/detections_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <random>

namespace pare::engine {
namespace {

using testing::HasSubstr;

const std::vector<Category> kCategories = {{1, "cat"}, {7, "dog"}, {90, "toothbrush"}};

std::vector<ImageDetections> some_detections(unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> number(-1e3, 1e3);
  std::vector<ImageDetections> images;
  for (int i = 0; i < 20; ++i) {
    ImageDetections image{.image_id = i * 1'000'003L, .detections = {}};
    for (auto d = random() % 9 + 1; d > 0; --d) {
      image.detections.push_back({.box = {number(random), number(random) * 1e-9, 1.0 / 3, 40},
                                  .score = static_cast<float>(number(random)),
                                  .category = static_cast<int>(random() % 3)});
    }
    images.push_back(std::move(image));
  }
  return images;
}

TEST(DetectionsJson, every_number_reads_as_it_was) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    const auto written = some_detections(seed);
    const auto read = parse_detections(detections_to_json(written, kCategories), kCategories);
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read.value().size(), written.size());
    for (std::size_t i = 0; i < written.size(); ++i) {
      EXPECT_EQ(read.value()[i].image_id, written[i].image_id);
      ASSERT_EQ(read.value()[i].detections.size(), written[i].detections.size());
      for (std::size_t d = 0; d < written[i].detections.size(); ++d) {
        const Detection& was = written[i].detections[d];
        const Detection& is = read.value()[i].detections[d];
        EXPECT_EQ(is.box, was.box);
        EXPECT_EQ(is.score, was.score);
        EXPECT_EQ(is.category, was.category);
      }
    }
  }
}

TEST(DetectionsJson, it_is_what_coco_calls_results) {
  const std::vector<ImageDetections> one = {
      {.image_id = 5, .detections = {{.box = {1, 2.5, 3, 4}, .score = 0.25, .category = 1}}}};
  EXPECT_EQ(nlohmann::json::parse(detections_to_json(one, kCategories)),
            nlohmann::json::parse(
                R"([{"image_id": 5, "category_id": 7, "bbox": [1, 2.5, 3, 4], "score": 0.25}])"));
  EXPECT_EQ(detections_to_json({}, kCategories), "[]");
}

TEST(DetectionsJson, the_order_of_keys_and_what_others_add_do_not_matter) {
  const auto read = parse_detections(
      R"( [ {"score": 1, "bbox": [0, 0, 1e1, 2], "note": "x", "iscrowd": 0, "more": null,
             "category_id": 90, "image_id": 3} ] )",
      kCategories);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read.value().size(), 1U);
  EXPECT_EQ(read.value()[0].detections.at(0).box, (Box{0, 0, 10, 2}));
  EXPECT_EQ(read.value()[0].detections.at(0).category, 2);
}

TEST(DetectionsJson, what_is_no_list_of_detections_is_refused_with_what_is_wrong) {
  const auto entry = [](const std::string& fields) { return "[{" + fields + "}]"; };
  const std::string rest = R"("image_id": 1, "category_id": 1, "score": 0.5)";
  const std::pair<std::string, std::string> wrong[] = {
      {"", "cannot be read"},
      {"[", "cannot be read"},
      {"{}", "an object in the place of the list"},
      {"7", "a number in the place of the list"},
      {"[7]", "a number in the place of the list or an entry"},
      {"[[]]", "a list in the place of the list or an entry"},
      {entry(rest), "an entry without"},
      {entry(rest + R"(, "bbox": [1, 2, 3])"), "a box of 3 numbers"},
      {entry(rest + R"(, "bbox": [1, 2, 3, 4, 5])"), "a box of more than 4 numbers"},
      {entry(rest + R"(, "bbox": [1, 2, 3, null])"), "null in the place of \"bbox\""},
      {entry(rest + R"(, "bbox": [1, 2, 3, [4]])"), "a list in the place of \"bbox\""},
      {entry(rest + R"(, "bbox": 4)"), "a number in the place of \"bbox\""},
      {entry(R"("image_id": "1", "category_id": 1, "score": 0, "bbox": [1, 2, 3, 4])"),
       "a text in the place of \"image_id\""},
      {entry(R"("image_id": 1, "category_id": 2, "score": 0, "bbox": [1, 2, 3, 4])"),
       "category_id 2, which is no category"},
      {entry(R"("image_id": 1.5, "category_id": 1, "score": 0, "bbox": [1, 2, 3, 4])"),
       "a number in the place of \"image_id\""},
  };
  for (const auto& [text, why] : wrong) {
    const auto read = parse_detections(text, kCategories);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(read.error().message, HasSubstr(why)) << text;
  }
}

TEST(DetectionsJson, a_number_that_is_none_is_null_and_does_not_read) {
  const std::vector<ImageDetections> odd = {
      {.image_id = 5,
       .detections = {{.box = {std::numeric_limits<double>::quiet_NaN(), 0, 1, 1}, .score = 1}}}};
  const std::string text = detections_to_json(odd, kCategories);
  EXPECT_TRUE(nlohmann::json::accept(text));
  EXPECT_FALSE(parse_detections(text, kCategories));
}

}  // namespace
}  // namespace pare::engine
