#include "wire/task_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "wire/parts.h"
#include "wire/sha256.h"
#include "wire/task_parts.h"

namespace pare::wire {
namespace {

using Json = nlohmann::json;

constexpr int kMostCores = 4096;
constexpr auto kCodeNames = [] {
  std::array<std::string_view, kErrorCodes.size()> names;
  std::ranges::transform(kErrorCodes, names.begin(), &ErrorCodeFacts::name);
  return names;
}();

std::span<const std::string_view> blob_roles(const TaskParams& params) {
  return std::visit([](const auto& p) { return std::span<const std::string_view>(p.kBlobs); },
                    params);
}

// A blob that a task has only if its parameters ask for it.
struct ExtraBlob {
  std::string role;
  bool needed = false;
  std::string_view why;  // it is needed
};

std::vector<ExtraBlob> extra_blobs(const TaskParams& params) {
  constexpr std::string_view kTeacher = "the model is the teacher";
  constexpr std::string_view kTrained = "the plan's weights are trained ones";
  constexpr std::string_view kForInt8 = "it is trained for int8";
  if (const auto* inspect = std::get_if<InspectModelParams>(&params)) {
    return {{"dataset", inspect->trial, "preprocessings are tried"}};
  }
  if (const auto* build = std::get_if<BuildParams>(&params)) {
    return {{"dataset", build->plan.reconstruction == Reconstruction::kSequential,
             "the plan repairs in sequence"},
            {"supernet", build->plan.weights != Weights::kOriginal, kTrained}};
  }
  if (const auto* train = std::get_if<TrainParams>(&params)) {
    const bool plan_inherits = train->plan && train->plan->weights == Weights::kSupernet;
    return {{"supernet", plan_inherits || train->int8, train->int8 ? kForInt8 : kTrained}};
  }
  if (const auto* evaluate = std::get_if<EvaluateParams>(&params)) {
    return {{"model", evaluate->teacher.has_value(), kTeacher}};
  }
  if (const auto* compare = std::get_if<CompareParams>(&params)) {
    return {{"model", compare->teacher, kTeacher}};
  }
  return {};
}

TaskKind read_kind(Fields& fields) {
  std::array<std::string_view, kAllTaskKinds.size()> names;
  std::ranges::transform(kAllTaskKinds, names.begin(), [](TaskKind kind) { return name_of(kind); });
  return kAllTaskKinds[fields.one_of("kind", names)];
}

// Files that the worker added, one for each blob.
void read_machine(Fields& fields, TaskDocument& task) {
  if (fields.has("files")) {
    fields.object("files", [&](Fields& files) {
      for (const auto& [role, sha256] : task.blobs) task.files[role] = files.text(role);
    });
  }
  if (fields.has("runtimes")) {
    fields.object("runtimes", [&](Fields& runtimes) {
      for (const std::string& name : runtimes.names()) {
        task.runtimes[name] = runtimes.texts(name);
        if (task.runtimes[name].empty()) runtimes.refuse(name, "name a program");
      }
    });
  }
  if (fields.has("kept")) task.kept = fields.text("kept");
  if (fields.has("checkpoints")) {
    fields.object("checkpoints", [&](Fields& place) {
      CheckpointPlace& out = task.checkpoints.emplace();
      out.folder = place.text("folder");
      out.every_seconds = place.number("every_seconds", 0.0);
      if (place.has("from")) out.from = place.text("from");
    });
  }
  if (fields.has("cores")) {
    for (const std::int64_t core : fields.integers("cores", 0, kMostCores)) {
      task.cores.push_back(static_cast<int>(core));
    }
  }
}

TaskDocument read_task(Fields& fields) {
  TaskDocument task;
  const TaskKind kind = read_kind(fields);
  fields.object("params", [&](Fields& params) { task.params = read_params(params, kind); });
  fields.object("blobs", [&](Fields& blobs) {
    for (const std::string_view role : blob_roles(task.params)) {
      task.blobs[std::string(role)] = blobs.sha256(role);
    }
    for (const ExtraBlob& extra : extra_blobs(task.params)) {
      if (blobs.has(extra.role)) task.blobs[extra.role] = blobs.sha256(extra.role);
    }
    const auto* evaluate = std::get_if<EvaluateParams>(&task.params);
    for (int i = 0; evaluate != nullptr && i < evaluate->rivals; ++i) {
      const std::string role = "rival_" + std::to_string(i);
      task.blobs[role] = blobs.sha256(role);
    }
  });
  for (const auto& [role, needed, why] : extra_blobs(task.params)) {
    if (needed == task.blobs.contains(role)) continue;
    fields.refuse("blobs", needed ? "hold a " + role + ": " + std::string(why)
                                  : "hold no " + role + ": the parameters ask for none");
  }
  read_machine(fields, task);
  return task;
}

Artifact read_artifact(Fields& artifacts, const std::string& role) {
  if (artifacts.is_text(role)) return LocalFile{artifacts.text(role)};
  BlobRef out;
  artifacts.object(role, [&](Fields& blob) {
    out.sha256 = blob.sha256("sha256");
    out.bytes = blob.integer("bytes");
  });
  return out;
}

TaskOutcome read_outcome(Fields& fields, TaskKind kind) {
  TaskOutcome out;
  out.seconds = fields.number("seconds", 0.0);
  if (fields.has("phases")) {
    fields.object("phases", [&](Fields& phases) {
      for (const std::string& name : phases.names()) out.phases[name] = phases.number(name, 0.0);
    });
  }
  if (!fields.boolean("ok")) {
    out.end =
        TaskFailure{kErrorCodes[fields.one_of("code", kCodeNames)].code, fields.text("reason")};
    return out;
  }
  TaskSuccess success;
  fields.object("result", [&](Fields& result) { success.result = read_result(result, kind); });
  if (fields.has("artifacts")) {
    fields.object("artifacts", [&](Fields& artifacts) {
      for (const std::string& role : artifacts.names()) {
        success.artifacts[role] = read_artifact(artifacts, role);
      }
    });
  }
  out.end = std::move(success);
  return out;
}

Json artifact_value(const Artifact& artifact) {
  if (const auto* file = std::get_if<LocalFile>(&artifact)) return file->path;
  const BlobRef& blob = std::get<BlobRef>(artifact);
  return {{"sha256", blob.sha256}, {"bytes", blob.bytes}};
}

}  // namespace

std::string task_to_json(const TaskDocument& task) {
  Json out = {{"kind", pare::name_of(task.kind())},
              {"blobs", task.blobs},
              {"params", params_value(task.params)}};
  if (!task.files.empty()) out["files"] = task.files;
  if (!task.runtimes.empty()) out["runtimes"] = task.runtimes;
  if (!task.cores.empty()) out["cores"] = task.cores;
  if (!task.kept.empty()) out["kept"] = task.kept;
  if (task.checkpoints) {
    Json& place = out["checkpoints"];
    place = {{"folder", task.checkpoints->folder},
             {"every_seconds", task.checkpoints->every_seconds}};
    if (!task.checkpoints->from.empty()) place["from"] = task.checkpoints->from;
  }
  return dump(out);
}

Result<TaskDocument> parse_task(std::string_view json) {
  return decode(json, "task", read_task);
}

std::string outcome_to_json(const TaskOutcome& outcome) {
  Json out = {{"seconds", outcome.seconds}};
  if (!outcome.phases.empty()) out["phases"] = outcome.phases;
  if (const auto* failure = std::get_if<TaskFailure>(&outcome.end)) {
    out["ok"] = false;
    out["code"] = pare::name_of(failure->code);
    out["reason"] = failure->reason;
    return dump(out);
  }
  const TaskSuccess& success = std::get<TaskSuccess>(outcome.end);
  out["ok"] = true;
  out["result"] = result_value(success.result);
  out["artifacts"] = Json::object();
  for (const auto& [role, artifact] : success.artifacts) {
    out["artifacts"][role] = artifact_value(artifact);
  }
  return dump(out);
}

Result<TaskOutcome> parse_outcome(std::string_view json, TaskKind kind) {
  return decode(json, "outcome", [&](Fields& fields) { return read_outcome(fields, kind); });
}

std::string result_to_json(const TaskResult& result) {
  return dump(result_value(result));
}

Result<TaskResult> parse_result(std::string_view json, TaskKind kind) {
  return decode(json, "result", [&](Fields& fields) { return read_result(fields, kind); });
}

}  // namespace pare::wire
