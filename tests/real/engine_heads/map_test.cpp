// The whole scoring path, file to figure, against what pycocotools gave on ONNX Runtime for the
// same files and images (the data's README, to three digits).
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tests/real/engine_heads/detector.h"

namespace pare::engine {
namespace {

using test::unwrap;

// A dataset folder of links to the images.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / "pare-real-heads-XXXXXX") {
    std::string name = path_.string();
    PARE_CHECK(::mkdtemp(name.data()) != nullptr, "a temporary folder");
    path_ = name;
    std::filesystem::create_symlink(test::kData / "coco/calibration", path_ / "calibration");
    std::filesystem::create_symlink(test::kData / "coco/val", path_ / "validation");
    std::filesystem::create_symlink(test::kData / "coco/val.json", path_ / "labels.json");
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct Scored {
  Dataset dataset;
  ClassMap classes;
  std::vector<ImageDetections> found;  // in the dataset's categories
  CocoFigures figures;
};

Graph model(const char* file) {
  return unwrap(import_onnx_file(test::kData / "models" / file));
}

Scored score(const Folder& folder, const Graph& graph, const char* head) {
  Scored made;
  made.dataset = unwrap(read_dataset(folder.path()));
  made.classes = unwrap(map_classes(made.dataset, {}, 80));
  const test::Detector detector(graph, head);
  for (const DatasetImage& image : made.dataset.validation) {
    const auto boxes = detector.detect(unwrap(read_image(image.path)));
    made.found.push_back({image.id, in_categories(boxes, made.classes)});
  }
  const auto categories = static_cast<int>(made.dataset.categories.size());
  made.figures =
      unwrap(CocoEvaluation::make(made.dataset.ground_truth, made.found, categories)).all().figures;
  return made;
}

// pycocotools on the same detections, from a file of COCO results.
std::vector<double> reference_figures(const Folder& folder, const Scored& scored) {
  nlohmann::json results = nlohmann::json::array();
  for (const ImageDetections& image : scored.found) {
    for (const Detection& d : image.detections) {
      const auto category = static_cast<std::size_t>(d.category);
      results.push_back({{"image_id", image.image_id},
                         {"category_id", scored.dataset.categories[category].id},
                         {"bbox", {d.box.x, d.box.y, d.box.width, d.box.height}},
                         {"score", d.score}});
    }
  }
  const auto file = folder.path() / "results.json";
  const auto printed = folder.path() / "figures.txt";
  std::ofstream(file) << results;
  const std::string command = std::string(PARE_PYTHON) + " tests/tools/coco_figures.py " +
                              (folder.path() / "labels.json").string() + " " + file.string() +
                              " > " + printed.string();
  PARE_CHECK(std::system(command.c_str()) == 0, command + " failed");
  std::ifstream figures(printed);
  return {std::istream_iterator<double>(figures), {}};
}

void expect_equal_to_pycocotools(const Folder& folder, const Scored& scored) {
  const std::vector<double> expected = reference_figures(folder, scored);
  const auto figures = by_name(scored.figures);
  ASSERT_EQ(expected.size(), figures.size());
  for (std::size_t i = 0; i < figures.size(); ++i) {
    EXPECT_NEAR(figures[i].second, expected[i], 1e-9) << figures[i].first;
  }
}

TEST(RealMap, yolov5n_scores_as_published_with_the_data_and_equals_pycocotools) {
  const Folder folder;
  const Scored scored = score(folder, model("yolov5n_640.onnx"), "yolov5");
  EXPECT_NEAR(scored.figures.map_50_95, 0.334, 0.005);
  EXPECT_NEAR(scored.figures.map_50, 0.493, 0.005);
  expect_equal_to_pycocotools(folder, scored);
}

TEST(RealMap, yolov8n_scores_as_published_with_the_data_and_equals_pycocotools) {
  const Folder folder;
  const Scored scored = score(folder, model("yolov8n_640.onnx"), "yolov8");
  EXPECT_NEAR(scored.figures.map_50_95, 0.420, 0.005);
  EXPECT_NEAR(scored.figures.map_50, 0.576, 0.005);
  expect_equal_to_pycocotools(folder, scored);
}

// Cut off before its decode tail, as for devices that have none.
TEST(RealMap, yolov5n_that_ends_in_its_raw_maps_scores_as_it_does_with_rows) {
  const Folder folder;
  const Graph whole = model("yolov5n_640.onnx");
  const Observation observed = unwrap(observe(whole));
  const Graph maps = cut(whole, observed, unwrap(find_head(whole, observed)));
  EXPECT_EQ(unwrap(find_head(maps, unwrap(observe(maps)))).head, "yolov5_maps");
  const Scored scored = score(folder, maps, "yolov5_maps");
  EXPECT_NEAR(scored.figures.map_50_95, 0.334, 0.005);
}

// The data's README has an AP50 of 0.493, as one class a box gives (0.494 then, mAP 0.338); every
// class of a box gives 0.501.
TEST(RealMap, yolox_nano_scores_as_published_with_the_data_and_equals_pycocotools) {
  const Folder folder;
  const Scored scored = score(folder, model("yolox_nano_416.onnx"), "yolox");
  EXPECT_NEAR(scored.figures.map_50_95, 0.340, 0.005);
  EXPECT_NEAR(scored.figures.map_50, 0.501, 0.005);
  expect_equal_to_pycocotools(folder, scored);
}

TEST(RealMap, nanodet_m_scores_as_published_with_the_data_and_equals_pycocotools) {
  const Folder folder;
  const Scored scored = score(folder, model("nanodet_m_416.onnx"), "nanodet");
  EXPECT_NEAR(scored.figures.map_50_95, 0.280, 0.005);
  EXPECT_NEAR(scored.figures.map_50, 0.439, 0.005);
  expect_equal_to_pycocotools(folder, scored);
}

TEST(RealMap, fastestdet_scores_as_published_with_the_data_and_equals_pycocotools) {
  const Folder folder;
  const Scored scored = score(folder, model("fastestdet_352.onnx"), "fastestdet");
  EXPECT_NEAR(scored.figures.map_50_95, 0.212, 0.005);
  EXPECT_NEAR(scored.figures.map_50, 0.362, 0.005);
  expect_equal_to_pycocotools(folder, scored);
}

TEST(RealDataset, every_image_decodes_with_the_size_that_its_label_says) {
  const Folder folder;
  const Dataset dataset = unwrap(read_dataset(folder.path()));
  EXPECT_EQ(dataset.calibration.size(), 128U);
  EXPECT_EQ(dataset.validation.size(), 128U);
  const auto checked = check_images(dataset);
  EXPECT_TRUE(checked) << checked.error().message;
}

}  // namespace
}  // namespace pare::engine
