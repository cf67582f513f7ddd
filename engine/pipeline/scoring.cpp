#include "engine/pipeline/scoring.h"

#include <array>
#include <exception>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/data/preprocess.h"
#include "engine/detect/nms.h"
#include "engine/heads/head.h"
#include "engine/pipeline/image_loop.h"

namespace pare::engine {
namespace {

constexpr NmsOptions kScoringNms{};

Result<std::vector<const DatasetImage*>> choose_images(
    const Dataset& dataset, const std::optional<std::vector<std::int64_t>>& ids) {
  std::map<std::int64_t, const DatasetImage*> by_id;
  for (const DatasetImage& image : dataset.validation) by_id[image.id] = &image;
  std::vector<const DatasetImage*> chosen;
  if (!ids) {
    for (const DatasetImage& image : dataset.validation) chosen.push_back(&image);
    return chosen;
  }
  for (const std::int64_t id : *ids) {
    const auto found = by_id.find(id);
    if (found == by_id.end()) {
      return Error{ErrorCode::kInvalidArgument,
                   "image " + std::to_string(id) + " is not in the validation split"};
    }
    chosen.push_back(found->second);
  }
  return chosen;
}

// Every head we know ends in rows of four box numbers, an objectness and the classes.
int class_count(const std::vector<Tensor>& outputs) {
  return outputs.empty() || outputs[0].shape().empty()
             ? 0
             : static_cast<int>(outputs[0].shape().back()) - 5;
}

// The outputs for one image as boxes in that image.
Result<std::vector<Detection>> boxes_in(const std::vector<Tensor>& outputs, const HeadDef& head,
                                        const Placement& placement, int height, int width) {
  auto candidates = head.decode(outputs, height, width, kScoringNms.score_threshold);
  if (!candidates) return candidates.error();
  std::vector<Detection> kept = nms(std::move(candidates).value(), kScoringNms);
  for (Detection& detection : kept) detection.box = placement.to_image(detection.box);
  return kept;
}

Result<CocoResult> evaluate(const Dataset& dataset, const std::vector<ImageDetections>& detections,
                            const std::optional<std::vector<std::int64_t>>& images) {
  const auto evaluation = coco_evaluation(dataset, detections);
  if (!evaluation) return evaluation.error();
  if (!images) return evaluation.value().all();
  return evaluation.value().on(*images);
}

}  // namespace

Result<InputImage> input_image(const DatasetImage& image, const ModelCard& card, int height,
                               int width) {
  const auto pixels = read_image(image.path);
  if (!pixels) return pixels.error();
  NetworkInput input = preprocess(pixels.value(), card.preprocessing, height, width);
  return InputImage{Tensor::of<float>({1, 3, height, width}, input.values), input.placement};
}

Result<Score> score(Runner& runner, const Dataset& dataset, const ModelCard& card, int height,
                    int width, const std::optional<std::vector<std::int64_t>>& images,
                    const Progress& progress, Stopwatch& watch) {
  if (!dataset.labelled) {
    return Error{ErrorCode::kUnsupported,
                 "the dataset has no labels, and accuracy without labels is not offered yet"};
  }
  const auto head = head_named(card.head);
  if (!head) return head.error();
  const auto chosen = choose_images(dataset, images);
  if (!chosen) return chosen.error();

  Score score;
  std::optional<ClassMap> classes;
  const std::size_t count = chosen.value().size();
  const auto prepare = [&](std::size_t i) {
    return input_image(*chosen.value()[i], card, height, width);
  };
  const auto use = [&](std::size_t i, const std::vector<Tensor>& outputs,
                       const Placement& placement) -> Result<std::monostate> {
    if (!classes) {
      auto mapped = map_classes(dataset, card.classes, class_count(outputs));
      if (!mapped) return mapped.error();
      classes = std::move(mapped).value();
    }
    auto found = boxes_in(outputs, head.value(), placement, height, width);
    if (!found) return found.error();
    score.detections.push_back({chosen.value()[i]->id, in_categories(found.value(), *classes)});
    progress(static_cast<double>(i + 1) / static_cast<double>(count),
             "images " + std::to_string(i + 1) + " of " + std::to_string(count));
    return std::monostate{};
  };
  if (auto done = run_overlapped(runner, count, prepare, use, watch); !done) return done.error();
  const auto lap = watch.lap(Phase::kScore);
  auto result = evaluate(dataset, score.detections, images);
  if (!result) return result.error();
  score.result = std::move(result).value();
  return score;
}

Result<CocoEvaluation> coco_evaluation(const Dataset& dataset,
                                       const std::vector<ImageDetections>& detections) {
  return CocoEvaluation::make(dataset.ground_truth, detections,
                              static_cast<int>(dataset.categories.size()));
}

std::string detections_to_json(const std::vector<ImageDetections>& detections,
                               const std::vector<Category>& categories) {
  nlohmann::json results = nlohmann::json::array();
  for (const ImageDetections& image : detections) {
    for (const Detection& d : image.detections) {
      results.push_back({{"image_id", image.image_id},
                         {"category_id", categories[static_cast<std::size_t>(d.category)].id},
                         {"bbox", {d.box.x, d.box.y, d.box.width, d.box.height}},
                         {"score", d.score}});
    }
  }
  return results.dump();
}

Result<std::vector<ImageDetections>> parse_detections(const std::string& json,
                                                      const std::vector<Category>& categories) {
  std::map<std::int64_t, int> index_of;
  for (std::size_t c = 0; c < categories.size(); ++c) {
    index_of[categories[c].id] = static_cast<int>(c);
  }
  try {
    std::map<std::int64_t, ImageDetections> by_image;
    for (const nlohmann::json& entry : nlohmann::json::parse(json)) {
      const auto id = entry.at("image_id").get<std::int64_t>();
      const auto box = entry.at("bbox").get<std::array<double, 4>>();
      const int category = index_of.at(entry.at("category_id").get<std::int64_t>());
      ImageDetections& image = by_image[id];
      image.image_id = id;
      image.detections.push_back({.box = {box[0], box[1], box[2], box[3]},
                                  .score = entry.at("score").get<double>(),
                                  .category = category});
    }
    std::vector<ImageDetections> detections;
    for (auto& [id, image] : by_image) detections.push_back(std::move(image));
    return detections;
  } catch (const std::exception& wrong) {
    return Error{ErrorCode::kInvalidArgument,
                 std::string("stored detections cannot be read: ") + wrong.what()};
  }
}

}  // namespace pare::engine
