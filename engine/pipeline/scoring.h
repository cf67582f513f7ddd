// The accuracy of one candidate: run it over images, decode, suppress, score as COCO does.
//
// Against the boxes of a labelled dataset, or, where there are none, against what the original
// finds itself: labelled_by() makes a labelled dataset of that, and everything else is the same.
//
// Detections are kept for each image, so that subsets, paired intervals and other metrics need no
// second run.  NMS is the card's; unless it says otherwise greedy and class-aware: IoU 0.65, scores
// over 0.01, 100 detections an image.
//
// Cost: one inference an image, and a few milliseconds of decoding.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/model_summary.h"
#include "core/result.h"
#include "core/stopwatch.h"
#include "engine/data/dataset.h"
#include "engine/data/preprocess.h"
#include "engine/detect/coco_map.h"
#include "engine/detect/detection.h"
#include "engine/graph/runner.h"
#include "engine/pipeline/early_stop.h"
#include "engine/pipeline/image_loop.h"
#include "engine/pipeline/progress.h"

namespace pare::engine {

// The rules that an accuracy is made by beside images, card and runtime, as text: two accuracies
// made by other rules are not to be compared, nor one taken for the other.
std::string scoring_rules();

// What this engine scores with, for a worker's probe.
struct ScoringFacts {
  std::string executor;  // its version
  std::string rules;
};
ScoringFacts scoring_facts();

struct Score {
  CocoResult result;                        // per_class in the order of the dataset's categories
  std::vector<ImageDetections> detections;  // categories are the dataset's
  std::vector<double>
      draws;  // mAP on halves (engine/detect/half_samples.h); empty on chosen images
  // What the mAP on all images is expected to be, where a rival beat it on some of them and the
  // others were left out.
  std::optional<double> expected;
};

// Calibration or validation image as the network's input.
Result<InputImage> input_image(const DatasetImage& image, const ModelCard& card, int height,
                               int width);

// A detector that runs: a candidate or the original.  Keeps references.
struct RunningDetector {
  Runner& runner;
  const ModelCard& card;  // its input is not read
  int height = 0;         // of the input
  int width = 0;
};

// Ids of validation images; nullopt: all.
using ChosenImages = std::optional<std::vector<std::int64_t>>;
Result<std::vector<const DatasetImage*>> choose_images(const Dataset& dataset,
                                                       const ChosenImages& ids);

// Fails with kUnsupported for a dataset without labels, with kInvalidArgument for an id that is not
// there, classes that do not fit, an image that does not decode; and as the runner does.
// REQUIRES: the head is one of all_heads().
//
// With `stop` images come in a random order, always the same, and it is asked after each quarter.
Result<Score> score(const RunningDetector& detector, const Dataset& dataset,
                    const ChosenImages& images, const EarlyStop* stop, const Progress& progress,
                    Stopwatch& watch);

// What the teacher of an accuracy is sure of.
inline constexpr double kTeacherScore = 0.25;

// The dataset with the teacher's detections in these images as its labels, those whose score is
// above `sure`, and the teacher's classes as its categories.  Fails as score() does.
// REQUIRES: as score().
Result<Dataset> labelled_by(const RunningDetector& teacher, Dataset dataset,
                            const ChosenImages& images, double sure, const Progress& progress,
                            Stopwatch& watch);

// Detections of the validation images against the labels, ready for any figure over any subset.
Result<CocoEvaluation> coco_evaluation(const Dataset& dataset,
                                       const std::vector<ImageDetections>& detections);

}  // namespace pare::engine
