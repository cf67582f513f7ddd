#include "engine/data/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "tests/engine/data/temporary_folder.h"

namespace pare::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kLabels = R"({
  "categories": [{"id": 7, "name": "short"}, {"id": 3, "name": "crack"}],
  "images": [{"id": 20, "file_name": "images/b.ppm", "width": 4, "height": 2},
             {"id": 10, "file_name": "a.ppm"}],
  "annotations": [{"id": 0, "image_id": 10, "category_id": 3, "bbox": [1, 2, 3, 4]},
                  {"id": 1, "image_id": 20, "category_id": 7, "bbox": [0, 0, 2, 2],
                   "area": 3.5, "iscrowd": 1}]})";

void fill(const TemporaryFolder& folder) {
  folder.write("calibration/c.ppm", picture(4, 2, 9, 9, 9));
  folder.write("validation/b.ppm", picture(4, 2, 1, 1, 1));
  folder.write("validation/a.ppm", picture(4, 2, 2, 2, 2));
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  PARE_CHECK(at != std::string::npos, "the test's own text");
  return text.replace(at, from.size(), to);
}

TEST(Dataset, labelled_images_come_by_name_with_their_ids_and_boxes) {
  const TemporaryFolder folder;
  fill(folder);
  folder.write("validation/.hidden", "x");
  folder.write("labels.json", kLabels);
  const auto read = read_dataset(folder.path());
  ASSERT_TRUE(read) << read.error().message;
  const Dataset& dataset = read.value();
  EXPECT_TRUE(dataset.labelled);
  ASSERT_EQ(dataset.calibration.size(), 1U);
  ASSERT_EQ(dataset.validation.size(), 2U);
  EXPECT_EQ(dataset.validation[0].name, "a.ppm");
  EXPECT_EQ(dataset.validation[0].id, 10);
  EXPECT_EQ(dataset.validation[1].id, 20);
  EXPECT_EQ(dataset.validation[1].width, 4);
  ASSERT_EQ(dataset.ground_truth.size(), 2U);
  const GroundTruthBox& plain = dataset.ground_truth[0].boxes.at(0);
  EXPECT_EQ(plain.box, (Box{1, 2, 3, 4}));
  EXPECT_EQ(plain.area, 12);
  EXPECT_EQ(plain.category, 0) << "categories go by their ids";
  EXPECT_FALSE(plain.crowd);
  const GroundTruthBox& crowd = dataset.ground_truth[1].boxes.at(0);
  EXPECT_EQ(crowd.area, 3.5);
  EXPECT_TRUE(crowd.crowd);
  EXPECT_TRUE(check_images(dataset)) << check_images(dataset).error().message;
}

TEST(Dataset, without_labels_there_is_no_ground_truth_and_ids_go_by_name) {
  const TemporaryFolder folder;
  fill(folder);
  const auto read = read_dataset(folder.path());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_FALSE(read.value().labelled);
  EXPECT_TRUE(read.value().ground_truth.empty());
  EXPECT_EQ(read.value().validation[0].id, 1);
  EXPECT_EQ(read.value().validation[1].id, 2);
  const auto classes = map_classes(read.value(), {}, 3);
  ASSERT_TRUE(classes);
  EXPECT_THAT(classes.value().id_of, ElementsAre(1, 2, 3));
}

TEST(Dataset, images_come_by_name_whatever_the_order_of_the_folder) {
  const TemporaryFolder folder;
  folder.write("calibration/c.ppm", picture(4, 2, 9, 9, 9));
  for (int i = 0; i < 40; ++i) {
    folder.write("validation/" + std::to_string(i * 7919 % 100) + ".ppm", picture(1, 1, i, 0, 0));
  }
  const auto read = read_dataset(folder.path());
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read.value().validation.size(), 40U);
  EXPECT_TRUE(std::ranges::is_sorted(read.value().validation, {}, &DatasetImage::name));
  EXPECT_EQ(read.value().validation[39].id, 40);
}

struct Broken {
  std::function<void(const TemporaryFolder&)> breaks;
  const char* message;
};

TEST(Dataset, a_broken_folder_is_refused_by_name) {
  namespace fs = std::filesystem;
  const std::vector<Broken> table = {
      {[](const auto& f) { fs::remove_all(f.path() / "validation"); },
       "dataset: folder validation/: No such file or directory"},
      {[](const auto& f) { fs::remove(f.path() / "calibration/c.ppm"); },
       "dataset: no calibration images: calibration/ is empty"},
      {[](const auto& f) { f.write("validation/more/d.ppm", "x"); },
       "dataset: validation/more is not a file"},
      {[](const auto& f) { f.write("calibration/z.ppm", picture(4, 2, 1, 1, 1)); },
       "dataset: one image in both splits: calibration/z.ppm and validation/b.ppm have the same "
       "content"},
      {[](const auto& f) { f.write("validation/d.ppm", picture(4, 2, 3, 3, 3)); },
       "labels.json: images does not list validation/d.ppm (an image without objects is listed "
       "without annotations)"},
  };
  for (const Broken& row : table) {
    const TemporaryFolder folder;
    fill(folder);
    folder.write("labels.json", kLabels);
    row.breaks(folder);
    const auto read = read_dataset(folder.path());
    ASSERT_FALSE(read) << row.message;
    EXPECT_EQ(read.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(read.error().message, row.message);
  }
}

struct Wrong {
  const char* from;
  const char* to;
  const char* message;
};

TEST(Labels, every_fault_is_named_with_its_field_and_value) {
  const std::vector<Wrong> table = {
      {"\"image_id\": 10", "\"image_id\": 11",
       "l.json: annotations[0].image_id is 11, an image that is not listed"},
      {"\"category_id\": 3", "\"category_id\": 4",
       "l.json: annotations[0].category_id is 4, a category that is not listed"},
      {"[1, 2, 3, 4]", "[1, 2, -3, 4]",
       "l.json: annotations[0].bbox is [1,2,-3,4]: a negative size"},
      {"[1, 2, 3, 4]", "[1, 2, 3]",
       "l.json: annotations[0].bbox is [1,2,3], not [x, y, width, height]"},
      {"\"bbox\": [1, 2, 3, 4]", "\"box\": 1", "l.json: annotations[0].bbox is missing"},
      {"3.5", "-3.5", "l.json: annotations[1].area is -3.500000, no area"},
      {"3.5", "\"big\"", "l.json: annotations[1].area is \"big\", not a number"},
      {"\"iscrowd\": 1", "\"iscrowd\": 2", "l.json: annotations[1].iscrowd is 2, not 0 or 1"},
      {"\"id\": 10", "\"id\": 20", "l.json: images[1].id is 20, which another image has"},
      {"\"id\": 10", "\"id\": 1.5", "l.json: images[1].id is 1.5, not an integer"},
      {"\"id\": 10", "\"id\": 18446744073709551615",
       "l.json: images[1].id is 18446744073709551615, not an integer"},
      {"a.ppm", "x/b.ppm", "l.json: images[1].file_name is \"b.ppm\", which another image has"},
      {"\"a.ppm\"", "null", "l.json: images[1].file_name is null, not a name"},
      {"\"width\": 4", "\"width\": -4", "l.json: images[0].width is -4, no size of an image"},
      {"\"id\": 3,", "\"id\": 7,", "l.json: categories[1].id is 7, which another category has"},
      {"crack", "short", "l.json: categories[1].name is \"short\", which another category has"},
      {"\"annotations\"", "\"notes\"", "l.json: annotations is missing"},
      {"{\"id\": 7, \"name\": \"short\"}", "7", "l.json: categories[0] is 7, not an object"},
  };
  for (const Wrong& row : table) {
    const auto labels = parse_labels(replaced(kLabels, row.from, row.to), "l.json");
    ASSERT_FALSE(labels) << row.message;
    EXPECT_EQ(labels.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(labels.error().message, row.message);
  }
  EXPECT_EQ(parse_labels("[]", "l.json").error().message, "l.json is not an object");
  EXPECT_EQ(parse_labels("7", "l.json").error().message, "l.json is not an object");
  EXPECT_EQ(parse_labels(R"({"categories": {}, "images": []})", "l.json").error().message,
            "l.json: categories is not a list");
  EXPECT_EQ(parse_labels(R"({"categories": [], "images": [], "annotations": []})", "l.json")
                .error()
                .message,
            "l.json: categories is empty");
}

TEST(Labels, a_file_cut_off_anywhere_is_an_error_with_its_place) {
  const std::string whole = kLabels;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto labels = parse_labels(std::string_view(whole).substr(0, length), "l.json");
    ASSERT_FALSE(labels) << length;
    EXPECT_THAT(labels.error().message, HasSubstr("parse error at line")) << length;
  }
}

TEST(CheckImages, an_image_that_is_broken_or_of_another_size_is_named) {
  const TemporaryFolder folder;
  fill(folder);
  folder.write("labels.json", kLabels);
  folder.write("validation/b.ppm", picture(2, 4, 1, 1, 1));
  const auto turned = read_dataset(folder.path());
  ASSERT_TRUE(turned);
  EXPECT_EQ(check_images(turned.value()).error().message,
            "dataset: image b.ppm is 2 x 4, and labels.json says 4 x 2");
  folder.write("calibration/c.ppm", "P6 rubbish");
  EXPECT_EQ(check_images(turned.value()).error().message, "image c.ppm (10 bytes) does not decode");
}

// What the reviewers' case was: the ids say which class is which, not the order of the list.
TEST(MapClasses, categories_that_are_listed_backwards_are_the_same_categories) {
  const std::string head = R"({"images": [{"id": 1, "file_name": "a.ppm"}], "annotations": [)";
  const std::string box = R"({"image_id": 1, "category_id": 9, "bbox": [0, 0, 1, 1]}], )";
  const auto labels = [&](const std::string& categories) {
    auto read = parse_labels(head + box + R"("categories": [)" + categories + "]}", "l.json");
    EXPECT_TRUE(read) << read.error().message;
    return std::move(read).value();
  };
  for (const Labels& read : {labels(R"({"id": 2, "name": "crack"}, {"id": 9, "name": "short"})"),
                             labels(R"({"id": 9, "name": "short"}, {"id": 2, "name": "crack"})")}) {
    ASSERT_EQ(read.categories.size(), 2U);
    EXPECT_EQ(read.categories[0].name, "crack");
    EXPECT_EQ(read.images.at(0).boxes.at(0).category, 1);
    Dataset dataset;
    dataset.labelled = true;
    dataset.categories = read.categories;
    EXPECT_THAT(map_classes(dataset, {}, 2).value().id_of, ElementsAre(2, 9));
  }
}

TEST(MapClasses, by_name_where_the_card_has_names) {
  Dataset dataset;
  dataset.labelled = true;
  dataset.categories = {{3, "crack"}, {7, "short"}};
  const auto by_name = map_classes(dataset, {"dust", "Crack", "void"}, 3);
  ASSERT_TRUE(by_name);
  EXPECT_THAT(by_name.value().category_of, ElementsAre(-1, 0, -1));
  EXPECT_THAT(by_name.value().id_of, ElementsAre(-1, 3, -1));
  const auto kept = in_categories({{{}, 0.9, 0}, {{}, 0.8, 1}}, by_name.value());
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].category, 0);
  EXPECT_EQ(kept[0].score, 0.8);
  EXPECT_FALSE(map_classes(dataset, {}, 80));
  EXPECT_FALSE(map_classes(dataset, {"person"}, 1));
}

TEST(Dataset, what_of_the_labels_is_not_used_is_noted) {
  const TemporaryFolder folder;
  fill(folder);
  std::filesystem::remove(folder.path() / "validation/a.ppm");
  folder.write("labels.json", kLabels);
  const auto read = read_dataset(folder.path());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_THAT(
      read.value().notes,
      ElementsAre("1 image of labels.json in neither split, not used: \"a.ppm\"",
                  "1 box marked iscrowd: what overlaps one counts neither for nor against: "
                  "annotations[1]",
                  "category \"crack\" has no box in the validation images: it is not scored"));
}

}  // namespace
}  // namespace pare::engine
