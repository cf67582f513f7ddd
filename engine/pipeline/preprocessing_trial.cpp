#include "engine/pipeline/preprocessing_trial.h"

#include <algorithm>
#include <array>
#include <memory>
#include <sstream>
#include <utility>

#include "core/stopwatch.h"
#include "engine/executor/openvino_runner.h"
#include "engine/pipeline/complete_card.h"
#include "engine/pipeline/scoring.h"

namespace pare::engine {
namespace {

constexpr double kNextToNothing = 0.02;  // mAP
constexpr double kClearlyBetter = 0.02;
constexpr double kBoxesFound = 0.1;             // mAP without regard to classes
constexpr double kOtherClassesShare = 1.0 / 3;  // of that: below, classes are mixed up
constexpr int kMostTried = 9;

std::vector<std::int64_t> some_with_boxes(const Dataset& dataset) {
  std::vector<std::int64_t> all;
  for (const ImageGroundTruth& image : dataset.ground_truth) {
    if (!image.boxes.empty()) all.push_back(image.image_id);
  }
  const std::size_t count = std::min(all.size(), kTrialImages);
  std::vector<std::int64_t> chosen;
  chosen.reserve(count);
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(all[i * all.size() / count]);
  return chosen;
}

// The labels of these images, and what was found in them, in one class.
Result<double> without_classes(const Dataset& dataset, std::vector<ImageDetections> found,
                               const std::vector<std::int64_t>& images) {
  std::vector<ImageGroundTruth> labels = dataset.ground_truth;
  for (ImageGroundTruth& image : labels) {
    for (GroundTruthBox& box : image.boxes) box.category = 0;
  }
  for (ImageDetections& image : found) {
    for (Detection& d : image.detections) d.category = 0;
  }
  const auto evaluation = CocoEvaluation::make(labels, found, 1);
  if (!evaluation) return evaluation.error();
  const auto result = evaluation.value().on(images);
  if (!result) return result.error();
  return result.value().figures.map_50_95;
}

std::string points(double map) {
  std::ostringstream text;
  text.precision(1);
  text << std::fixed << 100 * map;
  return text.str();
}

std::string way_in_words(const Preprocessing& how) {
  constexpr std::array<std::string_view, 3> kFits = {"a centred letterbox", "a letterbox top left",
                                                     "stretched"};
  return in_words(how) + ", " + std::string(kFits.at(static_cast<std::size_t>(how.resize)));
}

std::string of_the_card(const PreprocessingTrial& trial) {
  return "On " + std::to_string(trial.images) + " labelled images the card's preprocessing (" +
         way_in_words(trial.as_the_card().how) + ") gives mAP " +
         points(trial.as_the_card().map_50_95);
}

void say_which_is_best(PreprocessingTrial& trial) {
  const auto& best = trial.best();
  if (best.map_50_95 - trial.as_the_card().map_50_95 > kClearlyBetter) {
    trial.alarms.push_back(of_the_card(trial) + ", and " + way_in_words(best.how) + " gives " +
                           points(best.map_50_95) + ": give the model a card that says so.");
  } else {
    trial.findings.push_back(of_the_card(trial) + "; none of " +
                             std::to_string(trial.tried.size() - 1) + " others is clearly better.");
  }
}

void say_in_sentences(PreprocessingTrial& trial) {
  say_which_is_best(trial);
  const auto& best = trial.best();
  const bool other_classes = best.without_classes > kBoxesFound &&
                             best.map_50_95 < best.without_classes * kOtherClassesShare;
  if (other_classes) {
    trial.alarms.push_back(
        "The original finds boxes (mAP " + points(best.without_classes) +
        " without regard to classes) and gives them other classes than the labels: check "
        "the order of the class names in card, file and labels.");
  } else if (best.map_50_95 < kNextToNothing) {
    trial.alarms.push_back(
        "The original finds next to nothing of what is labelled (mAP " + points(best.map_50_95) +
        " at best, with other scalings, colour orders and letterboxes, too): a job would compress "
        "what does not work. Check that the labels are of these images and in pixels, "
        "that the model was trained for these classes, and head and input of the card.");
  }
}

// Scores ways of preparing images; used once.
class Trial {
 public:
  Trial(const Detector& detector, const Dataset& dataset, const Progress& progress)
      : detector_(detector),
        dataset_(dataset),
        progress_(progress),
        images_(some_with_boxes(dataset)) {}

  Result<PreprocessingTrial> run() {
    if (detector_.card.head == kRawHead) {
      return Error{ErrorCode::kUnsupported,
                   "the head is not known, so no boxes can be held against labels"};
    }
    if (images_.empty()) return Error{ErrorCode::kUnsupported, "no image has a labelled box"};
    auto whole = attach_head(detector_.body, detector_.head);
    if (!whole) return whole.error();
    auto runner = make_openvino_runner(whole.value(), detector_.card.scored);
    if (!runner) return runner.error();
    runner_ = std::move(runner).value();
    made_.images = static_cast<int>(images_.size());
    for (const auto ways : {&Trial::own, &Trial::scalings, &Trial::colours, &Trial::fits}) {
      for (const Preprocessing& how : (this->*ways)()) {
        if (auto done = add(how); !done) return done.error();
      }
    }
    say_in_sentences(made_);
    return std::move(made_);
  }

 private:
  std::vector<Preprocessing> own() const { return {detector_.card.preprocessing}; }

  std::vector<Preprocessing> scalings() const {
    Preprocessing how = made_.best().how;
    std::vector<Preprocessing> ways;
    const auto add = [&](std::vector<double> mean, std::vector<double> deviation) {
      how.mean = std::move(mean);
      how.std = std::move(deviation);
      ways.push_back(how);
    };
    add({0, 0, 0}, {1, 1, 1});
    add({0, 0, 0}, {255, 255, 255});
    add({127.5, 127.5, 127.5}, {127.5, 127.5, 127.5});
    if (how.rgb) add({123.675, 116.28, 103.53}, {58.395, 57.12, 57.375});
    if (!how.rgb) add({103.53, 116.28, 123.675}, {57.375, 57.12, 58.395});
    return ways;
  }

  std::vector<Preprocessing> colours() const {
    Preprocessing how = made_.best().how;
    how.rgb = !how.rgb;
    std::ranges::reverse(how.mean);
    std::ranges::reverse(how.std);
    return {how};
  }

  std::vector<Preprocessing> fits() const {
    std::vector<Preprocessing> ways;
    Preprocessing how = made_.best().how;
    for (const Resize resize :
         {Resize::kLetterboxCentre, Resize::kLetterboxTopLeft, Resize::kStretch}) {
      how.resize = resize;
      ways.push_back(how);
    }
    return ways;
  }

  Result<std::monostate> add(const Preprocessing& how) {
    const bool known =
        std::ranges::any_of(made_.tried, [&](const auto& t) { return t.how == how; });
    if (known) return std::monostate{};
    ModelCard card = detector_.card;
    card.preprocessing = how;
    Stopwatch watch;
    const auto silent = [](double, const std::string&) {};
    auto scored =
        score({*runner_, card, card.height, card.width}, dataset_, images_, nullptr, silent, watch);
    if (!scored) return scored.error();
    const double map = scored.value().result.figures.map_50_95;
    const auto boxes = without_classes(dataset_, std::move(scored).value().detections, images_);
    if (!boxes) return boxes.error();
    made_.tried.push_back({how, map, boxes.value()});
    progress_(std::min(1.0, static_cast<double>(made_.tried.size()) / kMostTried),
              "preprocessing " + std::to_string(made_.tried.size()));
    return std::monostate{};
  }

  const Detector& detector_;
  const Dataset& dataset_;
  const Progress& progress_;
  std::vector<std::int64_t> images_;
  std::unique_ptr<Runner> runner_;
  PreprocessingTrial made_;
};

}  // namespace

Result<PreprocessingTrial> try_preprocessings(const Detector& detector, const Dataset& dataset,
                                              const Progress& progress) {
  return Trial(detector, dataset, progress).run();
}

}  // namespace pare::engine
