#include "wire/coco_labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace pare::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Four hundred thousand brackets ended the service once, at each retry.
TEST(CocoLabels, nesting_without_end_is_refused_wherever_it_stands) {
  const std::string deep(400'000, '[');
  const std::string objects = [] {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += R"({"a":)";
    return text;
  }();
  for (const std::string& text :
       {deep, R"({"images":)" + deep, R"({"images":[)" + deep, R"({"info":)" + deep,
        R"({"annotations":[{"bbox":)" + deep, R"({"annotations":[{"segmentation":)" + deep, objects,
        R"({"categories":[)" + objects}) {
    const std::string closed = text + std::string(400'000, ']');
    for (const std::string& document : {text, closed}) {
      const auto labels = parse_coco_labels(document, "labels.json");
      ASSERT_FALSE(labels);
      EXPECT_EQ(labels.error().code, ErrorCode::kInvalidArgument);
      EXPECT_LT(labels.error().message.size(), 400U);
    }
  }
  EXPECT_EQ(
      parse_coco_labels(R"({"images":[)" + std::string(100, '[') + std::string(100, ']') + "]}",
                        "labels.json")
          .error()
          .message,
      "labels.json: its lists and objects stand more than 64 deep in each other");
}

TEST(CocoLabels, what_is_not_used_is_not_looked_at) {
  const auto labels = parse_coco_labels(
      R"({"info": {"a": [1, {"b": 2}]}, "annotations": [{"image_id": 1, "category_id": 4,
          "bbox": [1, 2, 3, 4], "segmentation": [[1, 2, 3]], "attributes": {"id": "x"}}],
          "categories": [{"id": 4, "name": "crack", "keypoints": ["a"]}],
          "images": [{"id": 1, "file_name": "a/b.jpg", "license": 3}], "licenses": []})",
      "l.json");
  ASSERT_TRUE(labels) << labels.error().message;
  ASSERT_EQ(labels.value().images.size(), 1U);
  EXPECT_EQ(labels.value().images[0].file_name, "b.jpg");
  EXPECT_EQ(labels.value().images[0].boxes.at(0).area, 12);
}

TEST(CocoLabels, a_list_that_comes_twice_is_refused) {
  const auto labels = parse_coco_labels(
      R"({"images": [], "categories": [{"id": 1, "name": "a"}], "annotations": [], "images": []})",
      "l.json");
  ASSERT_FALSE(labels);
  EXPECT_EQ(labels.error().message, "l.json: images stands there twice");
}

// Roboflow's export: category 0 is what the others are kinds of.
TEST(CocoLabels, a_category_that_only_stands_for_all_others_is_left_out_and_said) {
  const auto text = [](const std::string& above) {
    return R"({"categories": [{"id": 0, "name": "defects", "supercategory": "none"},
                              {"id": 1, "name": "crack", "supercategory": "defects"},
                              {"id": 2, "name": "short", "supercategory": ")" +
           above + R"("}],
      "images": [{"id": 1, "file_name": "a.jpg"}],
      "annotations": [{"image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4]}]})";
  };
  const auto roboflow = parse_coco_labels(text("defects"), "l.json");
  ASSERT_TRUE(roboflow) << roboflow.error().message;
  ASSERT_EQ(roboflow.value().categories.size(), 2U);
  EXPECT_EQ(roboflow.value().categories[0].name, "crack");
  EXPECT_EQ(roboflow.value().images[0].boxes.at(0).category, 1);
  EXPECT_THAT(roboflow.value().notes, ElementsAre(HasSubstr("\"defects\" (id 0)")));
  EXPECT_EQ(parse_coco_labels(text("other"), "l.json").value().categories.size(), 3U);
}

TEST(LabelFacts, what_is_odd_is_counted_and_named) {
  const auto labels = parse_coco_labels(
      R"({"categories": [{"id": 5, "name": "short"}, {"id": 1, "name": "crack"}],
          "images": [{"id": 1, "file_name": "a.jpg", "width": 10, "height": 10},
                     {"id": 2, "file_name": "b.jpg"}, {"id": 3, "file_name": "c.jpg"},
                     {"id": 4, "file_name": "gone.jpg"}],
          "annotations": [{"image_id": 1, "category_id": 5, "bbox": [1, 2, 3, 4], "iscrowd": 1},
                          {"image_id": 1, "category_id": 5, "bbox": [1, 2, 0, 4]},
                          {"image_id": 1, "category_id": 5, "bbox": [1, 2, 3, 0]},
                          {"image_id": 1, "category_id": 5, "bbox": [10, 2, 3, 4]},
                          {"image_id": 3, "category_id": 1, "bbox": [1, 2, 3, 4]}]})",
      "l.json");
  ASSERT_TRUE(labels) << labels.error().message;
  const auto facts = label_facts(labels.value(), {"c.jpg"}, {"a.jpg", "b.jpg"});
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_EQ(facts.value().boxes, 4);
  EXPECT_THAT(facts.value().classes, ElementsAre("crack", "short"));
  EXPECT_THAT(facts.value().class_boxes, ElementsAre(0, 4));
  EXPECT_THAT(
      facts.value().notes,
      ElementsAre("1 image of l.json in neither split, not used: \"gone.jpg\"",
                  "1 calibration image with labels, not used: \"c.jpg\"",
                  "1 validation image without a box: \"b.jpg\"",
                  "1 box marked iscrowd: what overlaps one counts neither for nor against: "
                  "annotations[0]",
                  "2 boxes without an area: nothing can match one, such as annotations[1]",
                  "1 box outside the image: nothing can match one: annotations[3]",
                  "category \"crack\" has no box in the validation images: it is not scored"));
  EXPECT_EQ(label_facts(labels.value(), {}, {"d.jpg"}).error().message,
            "l.json: images does not list validation/d.jpg (an image without objects is listed "
            "without annotations)");
}

}  // namespace
}  // namespace pare::wire
