#include "coordinator/jobs/supernets.h"

#include <algorithm>

#include "wire/field_errors.h"
#include "wire/task_json.h"
#include "wire/training_json.h"

namespace pare::coordinator {
namespace {

constexpr int kMostTasksBefore = 1000;  // of a job, before its trials
constexpr const char* kFrom = "recovery.from";

std::string named(const SupernetRecord& supernet) {
  return "super-network " + supernet.sha256.substr(0, 10);
}

bool trains(const Worker& worker) {
  return worker.state != WorkerState::kLost &&
         std::ranges::find(worker.profile.capabilities, kTraining) !=
             worker.profile.capabilities.end();
}

// Empty: it may be taken.
std::string why_not_taken(const SupernetRecord& supernet, const std::string& model_sha256,
                          int card_version, const std::string& dataset_sha256) {
  const auto other = [&](const char* what, const std::string& there, const std::string& here) {
    return named(supernet) + " was trained on " + what + " " + there + ", the job is about " + here;
  };
  if (supernet.model_sha256 != model_sha256) {
    return other("model", supernet.model_sha256, model_sha256);
  }
  if (supernet.card_version != card_version) {
    return other("the model with card", std::to_string(supernet.card_version),
                 std::to_string(card_version));
  }
  if (supernet.dataset_sha256 != dataset_sha256) {
    return other("dataset", supernet.dataset_sha256, dataset_sha256);
  }
  return {};
}

// What the statistics were gathered for that it was trained with.
Result<wire::PrepareParams> prepared_for(Store& store, const SupernetRecord& supernet) {
  const auto tasks = store.tasks({.job = supernet.job, .trial = {}, .state = TaskState::kSucceeded},
                                 {0, kMostTasksBefore});
  if (!tasks) return tasks.error();
  for (const Task& task : tasks.value()) {
    if (!task.unreadable.empty() || task.task.kind != TaskKind::kPrepare) continue;
    auto document = wire::parse_task(task.task.document_json);
    if (!document) return document.error();
    return std::get<wire::PrepareParams>(std::move(document).value().params);
  }
  return Error{ErrorCode::kUnsupported, "job " + std::to_string(supernet.job.value) +
                                            ", which had " + named(supernet) +
                                            " trained, has no statistics any more"};
}

std::string text_of(InputSize size) {
  return std::to_string(size.height) + "x" + std::to_string(size.width);
}

// What a job needs of statistics that were gathered for another one; empty: nothing.
std::string lacking(const search::Preparation& needed, const wire::PrepareParams& there) {
  for (const InputSize size : needed.sizes) {
    if (std::ranges::find(there.resolutions, wire::Size{size.height, size.width}) ==
        there.resolutions.end()) {
      return "input " + text_of(size);
    }
  }
  const bool int8 = std::ranges::find(there.precisions, Precision::kInt8) != there.precisions.end();
  return needed.int8 && !int8 ? "int8" : "";
}

}  // namespace

std::optional<Error> check_supernet(Store& store, const NewJob& job,
                                    const std::string& model_sha256, int card_version,
                                    const std::string& dataset_sha256,
                                    const std::vector<Worker>& workers) {
  if (!job.supernet) return std::nullopt;
  const std::string& from = job.supernet->from;
  if (from.empty()) {
    if (std::ranges::any_of(workers, trains)) return std::nullopt;
    return wire::with_field({ErrorCode::kUnsupported,
                             "no worker trains: none of those that are here has a pare-train "
                             "(./dev train builds it)"},
                            "recovery", "supernet");
  }
  const auto supernet = store.supernet(from);
  if (!supernet) return wire::unknown_reference(supernet.error(), kFrom, from);
  const std::string why =
      why_not_taken(supernet.value(), model_sha256, card_version, dataset_sha256);
  if (why.empty()) return std::nullopt;
  return wire::with_field({ErrorCode::kUnsupported, why}, kFrom, from);
}

Result<std::vector<Change>> take_over(Store& store, const JobContext& context) {
  const Job& job = context.job;
  const auto supernet = store.supernet(context.document.supernet->from);
  if (!supernet) return supernet.error();
  const SupernetRecord& record = supernet.value();
  const std::string why =
      why_not_taken(record, job.model_sha256, job.card_version, job.dataset_sha256);
  if (!why.empty()) return Error{ErrorCode::kUnsupported, why};
  const auto there = prepared_for(store, record);
  if (!there) return there.error();
  const std::string missing = lacking(context.space.preparation(), there.value());
  if (!missing.empty()) {
    return Error{ErrorCode::kUnsupported,
                 named(record) + " was trained with the statistics " + record.statistics_sha256 +
                     ", which were not gathered for " + missing +
                     ": leave that out of the job's space, or have another one trained"};
  }
  const auto origin = store.job(record.job);
  if (!origin) return origin.error();
  return std::vector<Change>{
      JobPrepared{job.id, record.statistics_sha256, origin.value().prepared_json},
      JobInherits{job.id, record.sha256}};
}

std::vector<Change> after_train(const Job& job, const TaskEnd& end) {
  const auto failed = [&](const std::string& why) {
    return std::vector<Change>{JobMoved{job.id, JobState::kFailed, "training failed: " + why}};
  };
  if (!end) return failed(end.error().message);
  const auto at = end.value().artifacts.find("supernet");
  const auto* blob =
      at == end.value().artifacts.end() ? nullptr : std::get_if<wire::BlobRef>(&at->second);
  if (blob == nullptr) return failed("the outcome has no uploaded \"supernet\"");
  return {SupernetAdded{{.sha256 = blob->sha256,
                         .bytes = blob->bytes,
                         .job = job.id,
                         .model_sha256 = job.model_sha256,
                         .card_version = job.card_version,
                         .dataset_sha256 = job.dataset_sha256,
                         .statistics_sha256 = job.statistics_sha256,
                         .training_json = wire::result_to_json(end.value().result)}},
          JobInherits{job.id, blob->sha256}};
}

Result<std::string> why_training_waits(Store& store, const Job& job) {
  if (job.state != JobState::kPreparing || job.statistics_sha256.empty()) return std::string();
  const auto queued =
      store.tasks({.job = job.id, .trial = {}, .state = TaskState::kQueued}, {0, kMostTasksBefore});
  if (!queued) return queued.error();
  const bool waits = std::ranges::any_of(queued.value(), [](const Task& task) {
    return task.unreadable.empty() && task.task.kind == TaskKind::kTrain;
  });
  if (!waits) return std::string();
  const auto workers = store.workers();
  if (!workers) return workers.error();
  if (std::ranges::any_of(workers.value(), trains)) return std::string();
  return std::string(
      "training waits for a worker that has a pare-train: none of those that are here has");
}

std::string training_note(const Training& training) {
  if (gained(training)) return {};
  return "training brought nothing on the " + std::to_string(training.held_out_images) +
         " images held out: candidates are repaired in closed form, as without it; more "
         "calibration images, or more minutes, may help";
}

Guidance with_trained_weights(Guidance guidance, const Training& training) {
  for (Allocation& allocation : guidance.allocations) {
    allocation.damage *= left_of_loss(training, allocation.macs_saved);
  }
  if (training.judged.empty()) return guidance;
  // How much a plan removes in all is not known of one group: the middle of what was judged.
  double left = 0;
  for (const JudgedShare& one : training.judged) left += left_of_loss(training, one.removed);
  left /= static_cast<double>(training.judged.size());
  for (GroupSensitivity& group : guidance.groups) {
    for (double& damage : group.damage) damage *= left;
  }
  return guidance;
}

}  // namespace pare::coordinator
