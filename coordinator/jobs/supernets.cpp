#include "coordinator/jobs/supernets.h"

#include <algorithm>

#include "coordinator/jobs/tasks.h"
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
                          int card_version) {
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
  if (!supernet.plan_sha256.empty()) {
    return supernet.sha256.substr(0, 10) + " is no super-network: it holds the weights of plan " +
           supernet.plan_sha256.substr(0, 10) + " alone";
  }
  return {};
}

// What the statistics were gathered for that it was trained with; nullopt: they are not here.
Result<std::optional<wire::PrepareParams>> prepared_for(Store& store,
                                                        const SupernetRecord& supernet) {
  const auto tasks = store.tasks({.job = supernet.job, .trial = {}, .state = TaskState::kSucceeded},
                                 {0, kMostTasksBefore});
  if (!tasks) return tasks.error();
  for (const Task& task : tasks.value()) {
    if (!task.unreadable.empty() || task.task.kind != TaskKind::kPrepare) continue;
    auto document = wire::parse_task(task.task.document_json);
    if (!document) return document.error();
    return std::optional(std::get<wire::PrepareParams>(std::move(document).value().params));
  }
  return std::optional<wire::PrepareParams>{};
}

bool serve(const wire::PrepareParams& there, const search::Preparation& needed) {
  const auto has_size = [&](InputSize size) {
    return std::ranges::find(there.resolutions, wire::Size{size.height, size.width}) !=
           there.resolutions.end();
  };
  const bool int8 = std::ranges::find(there.precisions, Precision::kInt8) != there.precisions.end();
  return std::ranges::all_of(needed.sizes, has_size) && (int8 || !needed.int8);
}

// Those that it was trained with, where they are of the job's images and hold all that it needs.
Result<std::optional<Change>> statistics_for(Store& store, const SupernetRecord& supernet,
                                             const JobContext& context) {
  const Job& job = context.job;
  if (!supernet.job || supernet.dataset_sha256 != job.dataset_sha256) {
    return std::optional<Change>{};
  }
  const auto there = prepared_for(store, supernet);
  if (!there) return there.error();
  if (!there.value() || !serve(*there.value(), context.space.preparation())) {
    return std::optional<Change>{};
  }
  const auto origin = store.job(*supernet.job);
  if (!origin) return origin.error();
  return std::optional<Change>(
      JobPrepared{job.id, supernet.statistics_sha256, origin.value().prepared_json});
}

bool trains_for_int8(const Task& task) {
  const auto document = wire::parse_task(task.task.document_json);
  const auto* params =
      document ? std::get_if<wire::TrainParams>(&document.value().params) : nullptr;
  return params != nullptr && params->int8;
}

}  // namespace

std::optional<Error> check_supernet(Store& store, const NewJob& job,
                                    const std::string& model_sha256, int card_version,
                                    const std::vector<Worker>& workers) {
  const std::string from = job.supernet ? job.supernet->from : "";
  const bool is_trained = job.supernet && from.empty();
  if ((is_trained || job.distill) && std::ranges::none_of(workers, trains)) {
    return wire::with_field({ErrorCode::kUnsupported,
                             "no worker trains: none of those that are here has a pare-train "
                             "(./dev train builds it)"},
                            "recovery", is_trained ? "supernet" : "distill");
  }
  if (from.empty()) return std::nullopt;
  const auto supernet = store.supernet(from);
  if (!supernet) return wire::unknown_reference(supernet.error(), kFrom, from);
  const std::string why = why_not_taken(supernet.value(), model_sha256, card_version);
  if (why.empty()) return std::nullopt;
  return wire::with_field({ErrorCode::kUnsupported, why}, kFrom, from);
}

Result<TakenOver> take_over(Store& store, const JobContext& context) {
  const Job& job = context.job;
  const auto supernet = store.supernet(context.document.supernet->from);
  if (!supernet) return supernet.error();
  const std::string why = why_not_taken(supernet.value(), job.model_sha256, job.card_version);
  if (!why.empty()) return Error{ErrorCode::kUnsupported, why};
  TakenOver taken{{JobInherits{job.id, supernet.value().sha256}}, false};
  auto statistics = statistics_for(store, supernet.value(), context);
  if (!statistics) return statistics.error();
  if (statistics.value()) {
    taken.changes.push_back(*std::move(statistics).value());
    taken.prepared = true;
  }
  return taken;
}

std::vector<Change> after_train(const JobContext& context, const Task& task, const TaskEnd& end) {
  const Job& job = context.job;
  const auto failed = [&](const std::string& why) {
    return std::vector<Change>{JobMoved{job.id, JobState::kFailed, "training failed: " + why}};
  };
  if (!end) return failed(end.error().message);
  const auto at = end.value().artifacts.find("supernet");
  const auto* blob =
      at == end.value().artifacts.end() ? nullptr : std::get_if<wire::BlobRef>(&at->second);
  if (blob == nullptr) return failed("the outcome has no uploaded \"supernet\"");
  std::vector<Change> changes = {
      SupernetAdded{{.sha256 = blob->sha256,
                     .bytes = blob->bytes,
                     .job = job.id,
                     .model_sha256 = job.model_sha256,
                     .card_version = job.card_version,
                     .dataset_sha256 = job.dataset_sha256,
                     .statistics_sha256 = job.statistics_sha256,
                     .training_json = wire::result_to_json(end.value().result)}}};
  const SupernetWish& wish = context.document.supernet.value();
  const bool wants_int8 = wish.int8_minutes > 0 && context.space.preparation().int8;
  if (wants_int8 && !trains_for_int8(task)) {
    changes.emplace_back(
        TaskAdded{int8_train_task(job, context.model.card, wish.int8_minutes, blob->sha256)});
  } else {
    changes.emplace_back(JobInherits{job.id, blob->sha256});
  }
  return changes;
}

Result<std::string> why_training_waits(Store& store, const Job& job) {
  const bool may_train = job.state == JobState::kPreparing || job.state == JobState::kFinishing;
  if (!may_train || job.statistics_sha256.empty()) return std::string();
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
  const std::string where =
      " brought nothing on the " + std::to_string(training.held_out_images) + " images held out: ";
  std::string note;
  if (!gained(training)) {
    note = "training" + where +
           "candidates are repaired in closed form, as without it; more calibration images, or "
           "more minutes, may help";
  }
  if (training.int8 && !gained_for_int8(training)) {
    note += std::string(note.empty() ? "" : "; ") + "training for int8" + where +
            "int8 candidates are as without it";
  }
  return note;
}

Guidance with_trained_weights(Guidance guidance, const Training& training) {
  for (Allocation& allocation : guidance.allocations) {
    allocation.damage *= left_of_loss(training, allocation.macs_saved);
  }
  if (gained_for_int8(training) && training.int8->untrained > 0) {
    const double left_in_int8 = training.int8->trained / training.int8->untrained;
    for (LayerSensitivity& layer : guidance.int8_layers) layer.damage *= left_in_int8;
  }
  if (training.judged.empty()) return guidance;
  // How much a plan removes in all is not known of one group: the middle of what was judged.
  double left = 0;
  for (const JudgedShare& one : training.judged) left += left_of_loss(training, one.removed);
  left /= static_cast<double>(training.judged.size());
  const auto scale = [left](std::vector<double>& damages) {
    for (double& damage : damages) damage *= left;
  };
  for (GroupSensitivity& group : guidance.groups) scale(group.damage);
  if (!training.parts) return guidance;
  for (StageSensitivity& stage : guidance.blocks) scale(stage.damage);
  for (KernelSensitivity& kernel : guidance.kernels) scale(kernel.damage);
  return guidance;
}

Result<PartChoices> parts_to_train(const Job& job, const SpaceLimits& space) {
  auto result = wire::parse_result(job.prepared_json, TaskKind::kPrepare);
  if (!result) return result.error();
  Guidance guidance = std::get<wire::PrepareResult>(std::move(result).value()).guidance;
  PartChoices parts{std::move(guidance.blocks), std::move(guidance.kernels)};
  if (!space.depth) parts.blocks.clear();
  if (!space.kernels) parts.kernels.clear();
  return parts;
}

}  // namespace pare::coordinator
