#include "engine/program/label_command.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "core/result.h"
#include "engine/pipeline/labelling.h"
#include "engine/pipeline/scoring.h"
#include "wire/summary_json.h"

namespace pare::engine {
namespace {

using nlohmann::ordered_json;

struct LabelArguments {
  std::filesystem::path model, card, images, out;
  double above = kTeacherScore;
};

Result<PartialCard> read_partial_card(const std::filesystem::path& path) {
  if (path.empty()) return PartialCard{};
  std::ifstream in(path, std::ios::binary);
  if (!in) return Error{ErrorCode::kNotFound, "cannot read " + path.string()};
  return wire::parse_partial_card(std::string(std::istreambuf_iterator<char>(in), {}));
}

ordered_json coco(const Dataset& labelled) {
  ordered_json images = ordered_json::array(), boxes = ordered_json::array(),
               categories = ordered_json::array();
  for (const DatasetImage& image : labelled.validation) {
    images.push_back({{"id", image.id},
                      {"file_name", image.name},
                      {"height", image.height},
                      {"width", image.width}});
  }
  for (const ImageGroundTruth& image : labelled.ground_truth) {
    for (const GroundTruthBox& one : image.boxes) {
      const auto& category = labelled.categories[static_cast<std::size_t>(one.category)];
      boxes.push_back({{"id", boxes.size() + 1},
                       {"image_id", image.image_id},
                       {"category_id", category.id},
                       {"bbox", {one.box.x, one.box.y, one.box.width, one.box.height}},
                       {"area", one.area},
                       {"iscrowd", 0}});
    }
  }
  for (const Category& category : labelled.categories) {
    categories.push_back({{"id", category.id}, {"name", category.name}});
  }
  return {{"images", images}, {"annotations", boxes}, {"categories", categories}};
}

Result<std::monostate> write_labels(const std::filesystem::path& path, const ordered_json& labels) {
  std::ofstream file(path, std::ios::binary);
  file << labels.dump() << "\n";
  if (file.flush()) return std::monostate{};
  return Error{ErrorCode::kResourceExhausted, "cannot write " + path.string()};
}

Result<ordered_json> label(const LabelArguments& given) {
  const auto card = read_partial_card(given.card);
  if (!card) return card.error();
  const auto labelled = label_images(given.model, card.value(), given.images, given.above);
  if (!labelled) return labelled.error();
  const ordered_json labels = coco(labelled.value());
  if (auto put = write_labels(given.out, labels); !put) return put.error();
  return ordered_json{{"images", labels["images"].size()},
                      {"boxes", labels["annotations"].size()},
                      {"classes", labels["categories"].size()},
                      {"above", given.above}};
}

}  // namespace

void add_label_command(CLI::App& app) {
  auto given = std::make_shared<LabelArguments>();  // owned by the callback
  CLI::App* one = app.add_subcommand("label", "what a detector finds in images, as COCO labels");
  one->add_option("model", given->model, "ONNX file")->required();
  one->add_option("--card", given->card, "JSON, where the file says too little");
  one->add_option("--images", given->images, "a folder")->required();
  one->add_option("--above", given->above, "scores that count")->check(CLI::Range(0.0, 1.0));
  one->add_option("-o,--output", given->out)->required();
  one->callback([given] {
    const auto done = label(*given);
    const ordered_json line = done ? done.value() : ordered_json{{"error", done.error().message}};
    std::printf("%s\n", line.dump().c_str());
  });
}

}  // namespace pare::engine
