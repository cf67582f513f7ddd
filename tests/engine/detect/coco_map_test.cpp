#include "engine/detect/coco_map.h"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

namespace pare::engine {
namespace {

using Json = nlohmann::json;

Box box_of(const Json& bbox) {
  return {bbox[0], bbox[1], bbox[2], bbox[3]};
}

struct Case {
  std::vector<ImageGroundTruth> truth;
  std::vector<ImageDetections> detections;
};

Case read(const Json& from) {
  std::map<std::int64_t, ImageGroundTruth> truth;
  std::map<std::int64_t, ImageDetections> found;
  for (const auto& id : from["images"]) truth[id].image_id = id;
  for (const auto& a : from["ground_truth"]) {
    truth[a["image_id"]].boxes.push_back(
        {box_of(a["bbox"]), a["area"], a["iscrowd"] == 1, a["category_id"].get<int>() - 1});
  }
  for (const auto& d : from["detections"]) {
    found[d["image_id"]].image_id = d["image_id"];
    found[d["image_id"]].detections.push_back(
        {box_of(d["bbox"]), d["score"], d["category_id"].get<int>() - 1});
  }
  Case made;
  for (auto& [id, one] : truth) made.truth.push_back(std::move(one));
  for (auto& [id, one] : found) made.detections.push_back(std::move(one));
  return made;
}

TEST(CocoMap, all_figures_are_those_of_pycocotools_on_random_and_adversarial_cases) {
  std::ifstream file(PARE_COCO_CASES);
  const Json cases = Json::parse(file);
  ASSERT_GE(cases.size(), 90U);
  for (const auto& one : cases) {
    SCOPED_TRACE(one["name"].get<std::string>());
    const Case data = read(one);
    const auto evaluation = CocoEvaluation::make(data.truth, data.detections, one["categories"]);
    ASSERT_TRUE(evaluation) << evaluation.error().message;
    const auto subset = one["subset"].get<std::vector<std::int64_t>>();
    const auto result = evaluation.value().on(subset);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result.value().images, static_cast<int>(subset.size()));
    const auto figures = by_name(result.value().figures);
    for (std::size_t i = 0; i < figures.size(); ++i) {
      EXPECT_NEAR(figures[i].second, one["stats"][i].get<double>(), 1e-9) << figures[i].first;
    }
    for (std::size_t c = 0; c < result.value().per_class.size(); ++c) {
      EXPECT_NEAR(result.value().per_class[c], one["per_class"][c].get<double>(), 1e-9) << c;
    }
  }
}

TEST(CocoMap, an_image_counted_twice_equals_a_copy_of_it) {
  const GroundTruthBox crack{{0, 0, 20, 20}, 400, false, 0};
  const Detection hit{{0, 0, 20, 19}, 0.6, 0};
  const Detection miss{{50, 50, 20, 20}, 0.7, 0};
  const std::vector<ImageGroundTruth> two = {{1, {crack, crack}}, {2, {crack}}};
  const std::vector<ImageGroundTruth> three = {{1, {crack, crack}}, {2, {crack}}, {3, {crack}}};
  const auto weighted =
      CocoEvaluation::make(two, std::vector<ImageDetections>{{1, {hit}}, {2, {miss, hit}}}, 1);
  const auto copied = CocoEvaluation::make(
      three, std::vector<ImageDetections>{{1, {hit}}, {2, {miss, hit}}, {3, {miss, hit}}}, 1);
  ASSERT_TRUE(weighted && copied);
  const auto once = copied.value().average_precisions(std::vector{1, 1, 1}, AreaRange::kSmall);
  EXPECT_GT(once[0], 0.1);
  EXPECT_NEAR(weighted.value().average_precisions(std::vector{1, 2}, AreaRange::kSmall)[0], once[0],
              1e-12);
}

TEST(CocoMap, without_any_ground_truth_every_figure_is_minus_one) {
  const auto evaluation =
      CocoEvaluation::make(std::vector<ImageGroundTruth>{{1, {}}},
                           std::vector<ImageDetections>{{1, {{{0, 0, 5, 5}, 0.5, 0}}}}, 1);
  ASSERT_TRUE(evaluation);
  for (const auto& [name, value] : by_name(evaluation.value().all().figures)) {
    EXPECT_EQ(value, -1) << name;
  }
}

struct Refused {
  const char* why;
  std::vector<ImageGroundTruth> truth;
  std::vector<ImageDetections> detections;
  const char* message;
};

TEST(CocoMap, bad_input_is_refused_with_the_image_and_the_value) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<Refused> table = {
      {"image twice", {{7, {}}, {7, {}}}, {}, "image 7: ground truth comes twice"},
      {"detections twice", {{7, {}}}, {{7, {}}, {7, {}}}, "image 7: detections come twice"},
      {"unknown image", {{7, {}}}, {{8, {}}}, "image 8: detections, but no ground truth"},
      {"box's category", {{7, {{{}, 0, false, 2}}}}, {}, "image 7: box of category 2 of 2"},
      {"category", {{7, {}}}, {{7, {{{}, 1, -1}}}}, "image 7: detection of category -1 of 2"},
      {"box", {{7, {{{nan, 0, 1, 1}, 1, false, 0}}}}, {}, "image 7: a box that is not finite"},
      {"score", {{7, {}}}, {{7, {{{}, nan, 0}}}}, "image 7: a detection that is not finite"},
  };
  for (const Refused& row : table) {
    const auto made = CocoEvaluation::make(row.truth, row.detections, 2);
    ASSERT_FALSE(made) << row.why;
    EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument) << row.why;
    EXPECT_EQ(made.error().message, row.message);
  }
  const auto made = CocoEvaluation::make(std::vector<ImageGroundTruth>{{7, {}}}, {}, 2);
  EXPECT_EQ(made.value().on(std::vector<std::int64_t>{9}).error().message,
            "image 9: not among the images scored");
}

}  // namespace
}  // namespace pare::engine
