// The detector that ships: it is read as any user's would be, and finds defects on fresh boards.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <opencv2/core.hpp>
#include <utility>

#include "engine/data/preprocess.h"
#include "engine/detect/coco_map.h"
#include "engine/detect/nms.h"
#include "engine/executor/observe.h"
#include "engine/executor/openvino_runner.h"
#include "engine/heads/head.h"
#include "engine/onnx/onnx_io.h"
#include "examples/circuit_boards/renderer/scene.h"

namespace pare::examples {
namespace {

using namespace pare::engine;

const std::filesystem::path kDetector = "examples/circuit_boards/detector.onnx";
constexpr int kSize = 256;

Image to_image(const cv::Mat& bgr) {
  Image image{.height = bgr.rows, .width = bgr.cols, .bgr = {}};
  image.bgr.assign(bgr.datastart, bgr.dataend);
  return image;
}

std::vector<Detection> detect(Runner& runner, const HeadDef& head, const Image& image) {
  const NetworkInput input = preprocess(image, head.preset, kSize, kSize);
  const auto outputs = runner.run({Tensor::of<float>({1, 3, kSize, kSize}, input.values)});
  EXPECT_TRUE(outputs) << outputs.error().message;
  if (!outputs) return {};
  const auto candidates = head.decode(outputs.value(), kSize, kSize, 0.01);
  EXPECT_TRUE(candidates) << candidates.error().message;
  if (!candidates) return {};
  std::vector<Detection> kept = nms(candidates.value(), {});
  for (Detection& d : kept) d.box = input.placement.to_image(d.box);
  return kept;
}

ImageGroundTruth truth_of(const Scene& scene, std::int64_t id) {
  ImageGroundTruth truth{.image_id = id, .boxes = {}};
  for (const LabelledDefect& d : scene.defects) {
    const Box box{static_cast<double>(d.box.x), static_cast<double>(d.box.y),
                  static_cast<double>(d.box.width), static_cast<double>(d.box.height)};
    truth.boxes.push_back(
        {.box = box, .area = d.area, .crowd = false, .category = static_cast<int>(d.kind)});
  }
  return truth;
}

TEST(ShippedDetector, is_at_most_four_megabytes_and_its_head_is_found) {
  ASSERT_LE(std::filesystem::file_size(kDetector), 4U * 1024 * 1024);
  const auto graph = import_onnx_file(kDetector);
  ASSERT_TRUE(graph) << graph.error().message;
  const auto observed = observe(graph.value());
  ASSERT_TRUE(observed) << observed.error().message;
  const auto match = find_head(graph.value(), observed.value());
  ASSERT_TRUE(match) << match.error().message;
  EXPECT_EQ(match.value().head, "yolox");
  EXPECT_EQ(match.value().classes, static_cast<int>(kDefectNames.size()));
}

TEST(ShippedDetector, finds_the_defects_of_boards_that_it_never_saw) {
  const auto graph = import_onnx_file(kDetector);
  ASSERT_TRUE(graph) << graph.error().message;
  auto made = make_openvino_runner(graph.value());
  ASSERT_TRUE(made) << made.error().message;
  const std::unique_ptr<Runner> runner = std::move(made).value();
  const HeadDef head = head_named("yolox").value();
  std::vector<ImageGroundTruth> truth;
  std::vector<ImageDetections> found;
  for (std::int64_t i = 0; i < 60; ++i) {
    const Scene scene = render_scene(987654, static_cast<std::uint64_t>(i));
    truth.push_back(truth_of(scene, i + 1));
    found.push_back({i + 1, detect(*runner, head, to_image(scene.image))});
  }
  const auto evaluation = CocoEvaluation::make(truth, found, static_cast<int>(kDefectNames.size()));
  ASSERT_TRUE(evaluation) << evaluation.error().message;
  EXPECT_GT(evaluation.value().all().figures.map_50_95, 0.35);
}

}  // namespace
}  // namespace pare::examples
