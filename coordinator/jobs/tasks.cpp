#include "coordinator/jobs/tasks.h"

#include <algorithm>

#include "wire/plan_json.h"
#include "wire/task_json.h"

namespace pare::coordinator {
namespace {

constexpr int kMinSamples = 64;          // p90 is reported from there on
constexpr double kBenchmarkSeconds = 5;  // 64 samples of a detector of 75 ms
constexpr double kCheckSeconds = 40;
constexpr int kMinBlocks = 5;

NewTask task_of(const Job& job, std::optional<int> trial, const wire::TaskDocument& document) {
  NewTask task;
  task.kind = document.kind();
  task.subject.model_sha256 = job.model_sha256;
  task.subject.dataset_sha256 = job.dataset_sha256;
  task.subject.job = job.id;
  task.subject.trial = trial;
  task.document_json = wire::task_to_json(document);
  return task;
}

}  // namespace

NewTask prepare_task(const Job& job, const ModelCard& card, std::vector<wire::Size> resolutions,
                     std::vector<Precision> precisions) {
  wire::TaskDocument document;
  document.params =
      wire::PrepareParams{card, std::move(resolutions), std::move(precisions), job.seed};
  document.blobs = {{"model", job.model_sha256}, {"dataset", job.dataset_sha256}};
  return task_of(job, std::nullopt, document);
}

NewTask preprocessing_trial_task(const Job& job, const ModelCard& card) {
  wire::TaskDocument document;
  const PartialCard said{card.head,    card.preprocessing, card.height,           card.width,
                         card.classes, card.scored,        card.head_description, card.nms};
  document.params = wire::InspectModelParams{said, true};
  document.blobs = {{"model", job.model_sha256}, {"dataset", job.dataset_sha256}};
  return task_of(job, std::nullopt, document);
}

NewTask train_task(const Job& job, const ModelCard& card, const SupernetWish& wish,
                   PartChoices parts) {
  wire::TaskDocument document;
  wire::TrainParams params{card, wish.minutes, std::nullopt, job.seed};
  params.parts = std::move(parts);
  document.params = std::move(params);
  document.blobs = {{"model", job.model_sha256},
                    {"statistics", job.statistics_sha256},
                    {"dataset", job.dataset_sha256}};
  return task_of(job, std::nullopt, document);
}

NewTask int8_train_task(const Job& job, const ModelCard& card, double minutes,
                        const std::string& supernet_sha256) {
  wire::TaskDocument document;
  wire::TrainParams params{card, minutes, std::nullopt, job.seed};
  params.int8 = true;
  document.params = std::move(params);
  document.blobs = {{"model", job.model_sha256},
                    {"statistics", job.statistics_sha256},
                    {"dataset", job.dataset_sha256},
                    {"supernet", supernet_sha256}};
  return task_of(job, std::nullopt, document);
}

NewTask tune_task(const Job& job, const ModelCard& card, const DistillWish& wish, int trial,
                  const Plan& plan) {
  wire::TaskDocument document;
  document.params = wire::TrainParams{card, wish.minutes, std::nullopt, job.seed, plan};
  document.blobs = {{"model", job.model_sha256},
                    {"statistics", job.statistics_sha256},
                    {"dataset", job.dataset_sha256}};
  if (plan.weights == Weights::kSupernet) document.blobs["supernet"] = job.supernet_sha256;
  return task_of(job, trial, document);
}

NewTask check_task(const Job& job, const Target& target, bool int8) {
  wire::TaskDocument document;
  document.params = wire::CheckParams{target.runtime, target.threads, int8, kCheckSeconds};
  NewTask task = task_of(job, std::nullopt, document);
  task.target = target.name;
  task.pool = target.pool;
  task.runtime = target.runtime;
  return task;
}

NewTask build_task(const Job& job, const ModelCard& card, int trial, const Plan& plan,
                   const std::string& tuned_sha256) {
  wire::TaskDocument document;
  document.params = wire::BuildParams{card, plan};
  document.blobs = {{"model", job.model_sha256}, {"statistics", job.statistics_sha256}};
  if (plan.reconstruction == Reconstruction::kSequential) {
    document.blobs["dataset"] = job.dataset_sha256;
  }
  if (plan.weights == Weights::kSupernet) document.blobs["supernet"] = job.supernet_sha256;
  if (plan.weights == Weights::kTuned) document.blobs["supernet"] = tuned_sha256;
  return task_of(job, trial, document);
}

NewTask evaluate_task(const Job& job, const ModelCard& card, int trial,
                      const std::string& candidate_sha256, const std::string& runtime,
                      const std::optional<wire::Size>& teacher, const EvaluateExtras& extras) {
  const std::vector<std::string>& rivals = extras.rivals;
  wire::TaskDocument document;
  document.params = wire::EvaluateParams{card,
                                         runtime,
                                         1,
                                         std::nullopt,
                                         teacher,
                                         static_cast<int>(rivals.size()),
                                         extras.held_back,
                                         extras.fingerprint ? kFingerprintImages : 0};
  document.blobs = {{"candidate", candidate_sha256}, {"dataset", job.dataset_sha256}};
  for (std::size_t i = 0; i < rivals.size(); ++i) {
    document.blobs["rival_" + std::to_string(i)] = rivals[i];
  }
  if (teacher) document.blobs["model"] = job.model_sha256;
  NewTask task = task_of(job, trial, document);
  if (runtime != wire::kExecutor) task.runtime = runtime;
  return task;
}

NewTask benchmark_task(const Job& job, const ModelCard& card, int trial,
                       const std::string& candidate_sha256, const Target& target,
                       const BenchmarkExtras& extras) {
  wire::BenchmarkParams params{card,         target.runtime, target.threads,
                               std::nullopt, kMinSamples,    kBenchmarkSeconds};
  params.profile = extras.profile;
  if (extras.fingerprint) params.fingerprint_images = kFingerprintImages;
  if (extras.parity) params.parity = wire::ParityCheck{kParityImages, kParityTolerance};
  wire::TaskDocument document;
  document.params = std::move(params);
  document.blobs = {{"candidate", candidate_sha256}, {"dataset", job.dataset_sha256}};
  NewTask task = task_of(job, trial, document);
  task.target = target.name;
  task.pool = target.pool;
  task.runtime = target.runtime;
  return task;
}

Result<NewTask> compare_task(const Job& job, const ModelCard& card, LabelSource labels,
                             const Target& target, const Trial& a, const Trial& b,
                             const wire::NewComparison& comparison) {
  wire::CompareParams params;
  params.card = card;
  params.runtime = target.runtime;
  params.threads = target.threads;
  params.alpha = comparison.alpha;
  params.latency_margin = comparison.latency_margin;
  params.map_margin = comparison.map_margin;
  params.min_blocks = kMinBlocks;
  params.max_blocks = comparison.max_blocks;
  params.seed = job.seed;
  params.teacher = labels == LabelSource::kTeacher;
  wire::TaskDocument document;
  if (params.teacher) document.blobs["model"] = job.model_sha256;
  document.blobs["dataset"] = job.dataset_sha256;
  for (const auto& [trial, letter] : {std::pair(&a, "a"), std::pair(&b, "b")}) {
    const auto on = trial->on_target.find(target.name);
    const bool measured = on != trial->on_target.end() && on->second.accuracy &&
                          !on->second.accuracy->detections_sha256.empty();
    if (measured && on->second.accuracy->expected) {
      return Error{ErrorCode::kConflict,
                   "plan " + trial->plan_sha256.substr(0, 10) + " was scored on " +
                       std::to_string(on->second.accuracy->images) +
                       " images only, because a faster one is surely more accurate: it cannot be "
                       "compared"};
    }
    if (trial->candidate_sha256.empty() || !measured) {
      return Error{ErrorCode::kConflict, "plan " + trial->plan_sha256 +
                                             " has no accuracy on target \"" + target.name +
                                             "\" in job " + std::to_string(job.id.value)};
    }
    const Accuracy& accuracy = *on->second.accuracy;
    const int held_back = accuracy.held_back ? accuracy.held_back->images : 0;
    const double share = static_cast<double>(held_back) / (accuracy.images + held_back);
    params.held_back = letter[0] == 'a' ? share : std::min(params.held_back, share);
    document.blobs[std::string("candidate_") + letter] = trial->candidate_sha256;
    document.blobs[std::string("detections_") + letter] = on->second.accuracy->detections_sha256;
  }
  document.params = std::move(params);
  NewTask task = task_of(job, std::nullopt, document);
  task.subject.job.reset();  // a comparison may be asked for after its job has ended
  task.target = target.name;
  task.pool = target.pool;
  task.runtime = target.runtime;
  return task;
}

}  // namespace pare::coordinator
