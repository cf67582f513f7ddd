#include "engine/program/accuracy_tasks.h"

#include <algorithm>
#include <functional>

#include "engine/pipeline/agreement.h"
#include "engine/pipeline/candidate_file.h"
#include "engine/pipeline/detections_json.h"
#include "engine/pipeline/fingerprint.h"
#include "engine/pipeline/quantized.h"
#include "engine/pipeline/scoring.h"
#include "engine/pipeline/validation_split.h"
#include "host/facts.h"

namespace pare::engine {
namespace {

// The original, on the executor, at its own size.
struct Teacher {
  CandidateFile file;
  std::unique_ptr<Runner> runner;

  RunningDetector running(const ModelCard& card) const {
    return {*runner, card, file.height, file.width};
  }
};

Result<Teacher> open_teacher(const TaskContext& context, const std::vector<std::string>& scored,
                             std::pair<int, int> size) {
  const auto lap = context.watch.lap(Phase::kTeacher);
  const auto path = context.file("model");
  if (!path) return path.error();
  auto opened = open_candidate(path.value(), size);
  if (!opened) return opened.error();
  CandidateFile file = std::move(opened).value();
  // Of an int8 file the floats that candidates set out from: they are what is compressed.
  auto floats = without_int8(std::move(file.graph));
  if (!floats) return floats.error();
  file.graph = std::move(floats).value().graph;
  auto runner = run_on_executor(file, scored, 1);
  if (!runner) return runner.error();
  return Teacher{std::move(file), std::move(runner).value()};
}

Progress half(const Progress& whole, double from) {
  return [&whole, from](double share, const std::string& message) {
    whole(from + share / 2, message);
  };
}

// An accuracy and what was found, before it is written down.
struct Scored {
  Accuracy result;
  std::string detections;
};

TaskEnd finished(const TaskContext& context, const Runner& runner, Scored scored) {
  Accuracy& result = scored.result;
  result.runtime_version = runner.version();
  result.processor = host::processor_kind(host::machine_facts());
  result.scoring = scoring_rules();
  const auto lap = context.watch.lap(Phase::kScore);
  auto artifact = context.artifact("detections", "detections.json", scored.detections);
  if (!artifact) return artifact.error();
  return wire::TaskSuccess{std::move(result), {std::move(artifact).value()}};
}

// Scores one part of the validation images.
using ScorePart = std::function<Result<HeldBackAccuracy>(const Dataset& part)>;

// Adds what the images held back give, unless scoring ended before all others were seen.
Result<std::monostate> add_held_back(const ValidationSplit& split, const ScorePart& score,
                                     Accuracy& result) {
  if (split.held_back.validation.empty() || result.expected) return std::monostate{};
  auto held_back = score(split.held_back);
  if (!held_back) return held_back.error();
  result.held_back = std::move(held_back).value();
  return std::monostate{};
}

Result<Scored> evaluate_raw(const TaskContext& context, const wire::EvaluateParams& params,
                            const RunningDetector& candidate, const Dataset& dataset) {
  if (!params.teacher) {
    return Error{ErrorCode::kInvalidArgument,
                 "the head is raw, and the task names no teacher to agree with"};
  }
  const auto teacher =
      open_teacher(context, params.card.scored, {params.teacher->height, params.teacher->width});
  if (!teacher) return teacher.error();
  const ValidationSplit split = split_validation(dataset, params.held_back);
  const auto agree = [&](const Dataset& part) {
    return agreement(teacher.value().running(params.card), candidate, part, params.images,
                     context.progress, context.watch);
  };
  auto agreed = agree(split.choosing);
  if (!agreed) return agreed.error();
  Accuracy result;
  result.map_50_95 = agreed.value().value;
  result.coco.fill(-1);
  result.per_class = agreed.value().by_output;
  result.images = static_cast<int>(agreed.value().images.size());
  result.labels = LabelSource::kRawOutputs;
  result.draws = agreed.value().draws;
  std::vector<ImageAgreement> images = std::move(agreed).value().images;
  const auto also = [&](const Dataset& part) -> Result<HeldBackAccuracy> {
    auto more = agree(part);
    if (!more) return more.error();
    const auto& found = more.value();
    images.insert(images.end(), found.images.begin(), found.images.end());
    return HeldBackAccuracy{found.value, static_cast<int>(found.images.size()), found.draws};
  };
  if (auto added = add_held_back(split, also, result); !added) return added.error();
  return Scored{std::move(result), agreements_to_json(images)};
}

// The dataset with boxes to score against: its own, or the teacher's.
Result<Dataset> labelled(const TaskContext& context, const wire::EvaluateParams& params,
                         Dataset dataset) {
  if (!params.teacher) return dataset;
  const auto teacher =
      open_teacher(context, params.card.scored, {params.teacher->height, params.teacher->width});
  if (!teacher) return teacher.error();
  return labelled_by(teacher.value().running(params.card), std::move(dataset), params.images,
                     kTeacherScore, half(context.progress, 0), context.watch);
}

Result<std::string> text_of(const TaskContext& context, const std::string& role) {
  const auto bytes = context.bytes(role);
  if (!bytes) return bytes.error();
  return std::string(reinterpret_cast<const char*>(bytes.value().data()), bytes.value().size());
}

// What faster candidates found in all images.
Result<std::vector<std::vector<ImageDetections>>> rivals_of(const TaskContext& context, int count,
                                                            const Dataset& dataset) {
  const auto lap = context.watch.lap(Phase::kScore);
  std::vector<std::vector<ImageDetections>> rivals;
  for (int i = 0; i < count; ++i) {
    const auto json = text_of(context, "rival_" + std::to_string(i));
    if (!json) return json.error();
    auto detections = parse_detections(json.value(), dataset.categories);
    if (!detections) return detections.error();
    rivals.push_back(std::move(detections).value());
  }
  return rivals;
}

Result<Scored> evaluate_boxes(const TaskContext& context, const wire::EvaluateParams& params,
                              const RunningDetector& candidate, const Dataset& given) {
  const auto dataset = labelled(context, params, given);
  if (!dataset) return dataset.error();
  const ValidationSplit split = split_validation(dataset.value(), params.held_back);
  auto given_rivals = rivals_of(context, params.rivals, dataset.value());
  if (!given_rivals) return given_rivals.error();
  auto rivals = std::move(given_rivals).value();
  for (auto& rival : rivals) rival = of_dataset(rival, split.choosing);
  const EarlyStop stop(split.choosing, std::move(rivals));
  const Progress progress = params.teacher ? half(context.progress, 0.5) : context.progress;
  auto scored = score(candidate, split.choosing, params.images, &stop, progress, context.watch);
  if (!scored) return scored.error();
  const CocoResult& figures = scored.value().result;
  Accuracy result;
  result.map_50_95 = figures.figures.map_50_95;
  result.images = figures.images;
  result.labels = params.teacher ? LabelSource::kTeacher : LabelSource::kGroundTruth;
  result.draws = scored.value().draws;
  result.expected = scored.value().expected;
  const auto named = by_name(figures.figures);
  for (std::size_t f = 0; f < named.size(); ++f) result.coco[f] = named[f].second;
  for (std::size_t c = 0; c < figures.per_class.size(); ++c) {
    result.per_class[dataset.value().categories[c].name] = figures.per_class[c];
  }
  std::vector<ImageDetections> detections = std::move(scored).value().detections;
  const auto also = [&](const Dataset& part) -> Result<HeldBackAccuracy> {
    auto more = score(candidate, part, params.images, nullptr, progress, context.watch);
    if (!more) return more.error();
    const Score& found = more.value();
    detections.insert(detections.end(), found.detections.begin(), found.detections.end());
    return HeldBackAccuracy{found.result.figures.map_50_95, found.result.images, found.draws};
  };
  if (auto added = add_held_back(split, also, result); !added) return added.error();
  const auto lap = context.watch.lap(Phase::kScore);
  return Scored{std::move(result), detections_to_json(detections, dataset.value().categories)};
}

Result<CocoEvaluation> stored_evaluation(const TaskContext& context, const std::string& role,
                                         const Dataset& dataset) {
  const auto json = text_of(context, role);
  if (!json) return json.error();
  const auto detections = parse_detections(json.value(), dataset.categories);
  if (!detections) return detections.error();
  return coco_evaluation(dataset, of_dataset(detections.value(), dataset));
}

Result<StoredComparison> compare_raw(const TaskContext& context, const wire::CompareParams& params,
                                     const Dataset& dataset) {
  std::vector<ImageAgreement> images[2];
  for (std::size_t i = 0; i < 2; ++i) {
    const auto json = text_of(context, i == 0 ? "detections_a" : "detections_b");
    if (!json) return json.error();
    auto parsed = parse_agreements(json.value());
    if (!parsed) return parsed.error();
    images[i] = std::move(parsed).value();
    std::erase_if(images[i], [&](const ImageAgreement& image) {
      return std::ranges::find(dataset.validation, image.image_id, &DatasetImage::id) ==
             dataset.validation.end();
    });
  }
  auto accuracy =
      compare_agreement(images[0], images[1], params.map_margin, params.alpha, params.seed);
  if (!accuracy) return accuracy.error();
  return StoredComparison{std::move(accuracy).value(), {}};
}

}  // namespace

TaskEnd run(const TaskContext& context, const wire::EvaluateParams& params) {
  std::unique_ptr<Harness> harness;
  if (params.runtime != wire::kExecutor) {
    auto spawned = context.spawned(params.runtime);
    if (!spawned) return spawned.error();
    harness = std::move(spawned).value();
  }
  const auto candidate = context.candidate("candidate");
  if (!candidate) return candidate.error();
  const auto dataset = context.dataset();
  if (!dataset) return dataset.error();
  const auto runner = context.runner(candidate.value(), params.card.scored, std::move(harness),
                                     params.runtime, params.threads);
  if (!runner) return runner.error();
  const RunningDetector running{*runner.value(), params.card, candidate.value().height,
                                candidate.value().width};
  const bool raw = params.card.head == kRawHead;
  auto scored = raw ? evaluate_raw(context, params, running, dataset.value())
                    : evaluate_boxes(context, params, running, dataset.value());
  if (!scored) return scored.error();
  const auto images = context.calibration_inputs(dataset.value(), params.card, candidate.value(),
                                                 params.fingerprint_images);
  if (!images) return images.error();
  auto answers = fingerprint(*runner.value(), images.value(), context.watch);
  if (!answers) return answers.error();
  Scored found = std::move(scored).value();
  found.result.fingerprint = std::move(answers).value();
  return finished(context, *runner.value(), std::move(found));
}

Result<StoredComparison> compare_stored(const TaskContext& context,
                                        const wire::CompareParams& params, const Dataset& given) {
  Dataset dataset = given;
  if (params.held_back > 0) dataset = split_validation(given, params.held_back).held_back;
  if (params.card.head == kRawHead) return compare_raw(context, params, dataset);
  if (params.teacher) {
    const auto teacher =
        open_teacher(context, params.card.scored, {params.card.height, params.card.width});
    if (!teacher) return teacher.error();
    auto made = labelled_by(teacher.value().running(params.card), std::move(dataset), std::nullopt,
                            kTeacherScore, half(context.progress, 0), context.watch);
    if (!made) return made.error();
    dataset = std::move(made).value();
  }
  const auto a = stored_evaluation(context, "detections_a", dataset);
  if (!a) return a.error();
  const auto b = stored_evaluation(context, "detections_b", dataset);
  if (!b) return b.error();
  auto accuracy =
      compare_accuracy(a.value(), b.value(), params.map_margin, params.alpha, params.seed);
  if (!accuracy) return accuracy.error();
  StoredComparison compared{std::move(accuracy).value(), {}};
  compared.accuracy.labels = params.teacher ? LabelSource::kTeacher : LabelSource::kGroundTruth;
  for (const int category : compared.accuracy.lost_classes) {
    compared.lost_classes.push_back(dataset.categories[static_cast<std::size_t>(category)].name);
  }
  return compared;
}

}  // namespace pare::engine
