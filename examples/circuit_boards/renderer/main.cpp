// pare-render-boards: writes photographs of circuit boards with defects, and their COCO labels.
//
// The seed and the number of an image decide it: a run with more images begins with the same ones.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <string>

#include "examples/circuit_boards/renderer/scene.h"

namespace {

using nlohmann::json;
using pare::examples::Scene;

std::string file_name(std::uint64_t seed, int number) {
  char name[64];
  std::snprintf(name, sizeof name, "board_%llu_%05d.jpg", static_cast<unsigned long long>(seed),
                number);
  return name;
}

json empty_labels(std::uint64_t seed) {
  json labels = {
      {"info", {{"description", "Rendered circuit boards, seed " + std::to_string(seed)}}},
      {"images", json::array()},
      {"annotations", json::array()},
      {"categories", json::array()}};
  int id = 0;
  for (const char* name : pare::examples::kDefectNames) {
    labels["categories"].push_back({{"id", ++id}, {"name", name}, {"supercategory", "defect"}});
  }
  return labels;
}

void add_labels(const Scene& scene, int image_id, const std::string& name, json& labels) {
  labels["images"].push_back({{"id", image_id},
                              {"file_name", name},
                              {"width", scene.image.cols},
                              {"height", scene.image.rows}});
  for (const auto& defect : scene.defects) {
    labels["annotations"].push_back(
        {{"id", labels["annotations"].size() + 1},
         {"image_id", image_id},
         {"category_id", static_cast<int>(defect.kind) + 1},
         {"bbox", {defect.box.x, defect.box.y, defect.box.width, defect.box.height}},
         {"area", defect.area},
         {"iscrowd", 0}});
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Renders inspection photographs of circuit boards with COCO labels.");
  std::filesystem::path out;
  int images = 0;
  std::uint64_t seed = 1;
  app.add_option("--out", out, "Folder for the images and labels.json")->required();
  app.add_option("--images", images, "How many")->required()->check(CLI::Range(1, 1'000'000));
  app.add_option("--seed", seed, "Another seed, other boards");
  CLI11_PARSE(app, argc, argv);

  std::error_code failed;
  std::filesystem::create_directories(out, failed);
  json labels = empty_labels(seed);
  for (int i = 0; i < images; ++i) {
    const Scene scene = pare::examples::render_scene(seed, static_cast<std::uint64_t>(i));
    const std::string name = file_name(seed, i);
    const std::filesystem::path path = out / name;
    if (failed ||
        !cv::imwrite(path.string(), scene.image, {cv::IMWRITE_JPEG_QUALITY, scene.jpeg_quality})) {
      std::fprintf(stderr, "pare-render-boards: cannot write %s\n", path.c_str());
      return 1;
    }
    add_labels(scene, i + 1, name, labels);
  }
  std::ofstream file(out / "labels.json");
  file << labels.dump() << '\n';
  if (!file.flush()) {
    std::fprintf(stderr, "pare-render-boards: cannot write %s/labels.json\n", out.c_str());
    return 1;
  }
  std::printf("%d images, %zu defects in %s\n", images, labels["annotations"].size(), out.c_str());
  return 0;
}
