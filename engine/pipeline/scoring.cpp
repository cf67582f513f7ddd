#include "engine/pipeline/scoring.h"

#include <functional>
#include <map>
#include <random>
#include <sstream>
#include <utility>

#include "engine/data/preprocess.h"
#include "engine/detect/half_samples.h"
#include "engine/detect/nms.h"
#include "engine/executor/openvino_runner.h"
#include "engine/heads/head.h"
#include "engine/pipeline/image_loop.h"

namespace pare::engine {
namespace {

constexpr std::size_t kLooks = 4;  // parts of the images, with a look after each but the last

// What a detector finds in one image, in pixels of the image, categories as the model numbers them.
struct Found {
  std::vector<Detection> boxes;
  int classes = 0;  // that the model tells apart
};

Result<Found> boxes_in(const std::vector<Tensor>& outputs, const HeadDef& head,
                       const Placement& placement, const RunningDetector& detector) {
  const NmsOptions& options = detector.card.nms;
  auto candidates = head.decode(outputs, detector.height, detector.width, options.score_threshold);
  if (!candidates) return candidates.error();
  Found found{nms(std::move(candidates).value(), options), head.classes(outputs)};
  for (Detection& d : found.boxes) d.box = placement.to_image(d.box);
  return found;
}

using UseFound =
    std::function<Result<std::monostate>(const DatasetImage& image, const Found& found)>;

// Which part of all images a run is about, for those who follow it.
struct Part {
  std::string whose;
  std::size_t before = 0;
  std::size_t all = 0;
};

// Runs the detector over the images in their order and hands over what it finds in each.
Result<std::monostate> find_in_all(const RunningDetector& detector,
                                   const std::vector<const DatasetImage*>& images, const Part& part,
                                   const Progress& progress, Stopwatch& watch,
                                   const UseFound& use_found) {
  const auto head = head_for(detector.card.head, detector.card.head_description);
  if (!head) return head.error();
  const auto prepare = [&](std::size_t i) {
    return input_image(*images[i], detector.card, detector.height, detector.width);
  };
  const auto use = [&](std::size_t i, const std::vector<Tensor>& outputs,
                       const Placement& placement) -> Result<std::monostate> {
    const auto found = boxes_in(outputs, head.value(), placement, detector);
    if (!found) return found.error();
    if (auto used = use_found(*images[i], found.value()); !used) return used;
    const std::size_t done = part.before + i + 1;
    progress(static_cast<double>(done) / static_cast<double>(part.all),
             part.whose + std::to_string(done) + " of " + std::to_string(part.all));
    return std::monostate{};
  };
  return run_overlapped(detector.runner, images.size(), prepare, use, watch);
}

// The same order for every candidate: Fisher and Yates, from a fixed seed.
void shuffle(std::vector<const DatasetImage*>& images) {
  std::mt19937_64 random(1);
  for (std::size_t i = images.size(); i > 1; --i) std::swap(images[i - 1], images[random() % i]);
}

// The classes of a detector as the categories of a dataset that has none.
std::vector<Category> categories_of(const ModelCard& card, int classes) {
  std::vector<Category> categories;
  for (int c = 0; c < classes; ++c) {
    const bool named = static_cast<std::size_t>(c) < card.classes.size();
    categories.push_back(
        {c + 1, named ? card.classes[static_cast<std::size_t>(c)] : "class " + std::to_string(c)});
  }
  return categories;
}

ImageGroundTruth as_labels(std::int64_t image, const std::vector<Detection>& found, double sure) {
  ImageGroundTruth labels{image, {}};
  for (const Detection& d : found) {
    if (!(d.score > sure)) continue;
    labels.boxes.push_back(
        {.box = d.box, .area = d.box.width * d.box.height, .crowd = false, .category = d.category});
  }
  return labels;
}

Result<std::monostate> evaluate(const Dataset& dataset, const ChosenImages& images, Score& score) {
  const auto evaluation = coco_evaluation(dataset, score.detections);
  if (!evaluation) return evaluation.error();
  auto result = images ? evaluation.value().on(*images) : evaluation.value().all();
  if (!result) return result.error();
  score.result = std::move(result).value();
  if (images || score.result.figures.map_50_95 < 0) return std::monostate{};
  auto draws = levelled_half_sample_draws(evaluation.value(), {});
  if (!draws) return draws.error();
  score.draws = std::move(draws).value();
  return std::monostate{};
}

}  // namespace

std::string scoring_rules() {
  constexpr NmsOptions kUsual{};  // a card with others says so in its own part of the identity
  std::ostringstream rules;
  rules << "COCO; greedy NMS by class, IoU " << kUsual.iou_threshold << ", scores over "
        << kUsual.score_threshold << ", at most " << kUsual.max_detections
        << " an image; teacher over " << kTeacherScore << "; draws on halves of the images; 2";
  return rules.str();
}

ScoringFacts scoring_facts() {
  return {executor_version(), scoring_rules()};
}

Result<InputImage> input_image(const DatasetImage& image, const ModelCard& card, int height,
                               int width) {
  const auto pixels = read_image(image.path);
  if (!pixels) return pixels.error();
  NetworkInput input = preprocess(pixels.value(), card.preprocessing, height, width);
  return InputImage{Tensor::of<float>({1, 3, height, width}, input.values), input.placement};
}

Result<std::vector<const DatasetImage*>> choose_images(const Dataset& dataset,
                                                       const ChosenImages& ids) {
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

Result<Score> score(const RunningDetector& detector, const Dataset& dataset,
                    const ChosenImages& images, const EarlyStop* stop, const Progress& progress,
                    Stopwatch& watch) {
  if (!dataset.labelled) {
    return Error{ErrorCode::kUnsupported, "the dataset has no labels to score against"};
  }
  auto chosen = choose_images(dataset, images);
  if (!chosen) return chosen.error();
  std::vector<const DatasetImage*> order = std::move(chosen).value();
  const std::size_t parts = stop != nullptr && stop->has_rivals() ? kLooks : 1;
  if (parts > 1) shuffle(order);

  Score score;
  std::optional<ClassMap> classes;
  const auto keep = [&](const DatasetImage& image, const Found& found) -> Result<std::monostate> {
    if (!classes) {
      auto mapped = map_classes(dataset, detector.card.classes, found.classes);
      if (!mapped) return mapped.error();
      classes = std::move(mapped).value();
    }
    score.detections.push_back({image.id, in_categories(found.boxes, *classes)});
    return std::monostate{};
  };
  for (std::size_t part = 0; part < parts && !score.expected; ++part) {
    const std::size_t from = order.size() * part / parts;
    const std::size_t to = order.size() * (part + 1) / parts;
    const std::vector<const DatasetImage*> some(order.begin() + static_cast<std::ptrdiff_t>(from),
                                                order.begin() + static_cast<std::ptrdiff_t>(to));
    auto done = find_in_all(detector, some, {"images ", from, order.size()}, progress, watch, keep);
    if (!done) return done.error();
    if (part + 1 == parts || some.empty()) continue;
    const auto lap = watch.lap(Phase::kScore);
    const auto look = stop->look(score.detections);
    if (!look) return look.error();
    score.expected = look.value();
  }
  const auto lap = watch.lap(Phase::kScore);
  ChosenImages scored = images;
  if (score.expected) {
    scored.emplace();
    for (const ImageDetections& image : score.detections) scored->push_back(image.image_id);
  }
  if (auto evaluated = evaluate(dataset, scored, score); !evaluated) return evaluated.error();
  return score;
}

Result<Dataset> labelled_by(const RunningDetector& teacher, Dataset dataset,
                            const ChosenImages& images, double sure, const Progress& progress,
                            Stopwatch& watch) {
  const auto lap = watch.lap(Phase::kTeacher);
  const auto chosen = choose_images(dataset, images);
  if (!chosen) return chosen.error();
  std::vector<ImageGroundTruth> labels;
  std::vector<Category> categories;
  const auto keep = [&](const DatasetImage& image, const Found& found) -> Result<std::monostate> {
    categories = categories_of(teacher.card, found.classes);
    labels.push_back(as_labels(image.id, found.boxes, sure));
    return std::monostate{};
  };
  Stopwatch within;  // all of it is the teacher's time
  auto done =
      find_in_all(teacher, chosen.value(), {"the original's images ", 0, chosen.value().size()},
                  progress, within, keep);
  if (!done) return done.error();
  dataset.ground_truth = std::move(labels);
  dataset.categories = std::move(categories);
  dataset.labelled = true;
  return dataset;
}

Result<CocoEvaluation> coco_evaluation(const Dataset& dataset,
                                       const std::vector<ImageDetections>& detections) {
  return CocoEvaluation::make(dataset.ground_truth, detections,
                              static_cast<int>(dataset.categories.size()));
}

}  // namespace pare::engine
