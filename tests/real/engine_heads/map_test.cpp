// The whole scoring path, file to figure, against what pycocotools gave on ONNX Runtime for the
// same files and images (the data's README, to three digits).
#include <gtest/gtest.h>

#include <cstdio>

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

CocoFigures score(const char* file, const char* head) {
  const Folder folder;
  const Dataset dataset = unwrap(read_dataset(folder.path()));
  const ClassMap classes = unwrap(map_classes(dataset, {}, 80));
  const test::Detector detector(unwrap(import_onnx_file(test::kData / "models" / file)), head);
  std::vector<ImageDetections> found;
  for (const DatasetImage& image : dataset.validation) {
    const auto boxes = detector.detect(unwrap(read_image(image.path)));
    found.push_back({image.id, in_categories(boxes, classes)});
  }
  const auto evaluation = unwrap(CocoEvaluation::make(dataset.ground_truth, found,
                                                      static_cast<int>(dataset.categories.size())));
  for (const auto& [name, value] : by_name(evaluation.all().figures)) {
    std::printf("%s %s %.4f\n", head, name.data(), value);
  }
  return evaluation.all().figures;
}

TEST(RealMap, yolov5n_scores_as_published_with_the_data) {
  const CocoFigures figures = score("yolov5n_640.onnx", "yolov5");
  EXPECT_NEAR(figures.map_50_95, 0.334, 0.005);
  EXPECT_NEAR(figures.map_50, 0.493, 0.008);
}

TEST(RealMap, yolox_nano_scores_as_published_with_the_data) {
  const CocoFigures figures = score("yolox_nano_416.onnx", "yolox");
  EXPECT_NEAR(figures.map_50_95, 0.340, 0.005);
  EXPECT_NEAR(figures.map_50, 0.493, 0.008);
}

}  // namespace
}  // namespace pare::engine
