#include "coordinator/http/views.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "coordinator/http/nesting.h"
#include "coordinator/http/replies.h"
#include "coordinator/jobs/submission.h"
#include "wire/measurement_json.h"
#include "wire/target_json.h"

namespace pare::coordinator {

using nlohmann::ordered_json;

namespace {

ordered_json outcome_view(const TargetRecord& record, std::optional<LabelSource> labels,
                          Detail detail) {
  if (!record.infeasible.empty()) return {{"infeasible", record.infeasible}};
  ordered_json view = ordered_json::object();
  if (record.accuracy) {
    view["map_50_95"] = record.accuracy->map_50_95;
    if (!record.accuracy->figures.empty()) view["figures"] = record.accuracy->figures;
    view["images"] = record.accuracy->images;
    if (const auto& held_back = record.accuracy->held_back) {
      view["held_back"] = {{"map_50_95", held_back->map_50_95}, {"images", held_back->images}};
    }
    if (record.accuracy->expected) view["expected_map"] = *record.accuracy->expected;
    view["accuracy_runtime"] = record.accuracy->runtime;
    if (!record.accuracy->alarm.empty()) view["accuracy_alarm"] = record.accuracy->alarm;
    if (labels) view["labels"] = name_of(*labels);
  }
  if (const auto& latency = record.reported_latency()) {
    view["latency_ms"] = latency->median.count();
    view["latency_low_ms"] = latency->low.count();
    view["latency_high_ms"] = latency->high.count();
    view["samples"] = latency->samples;
    view["peak_memory_bytes"] = latency->peak_memory_bytes;
    if (!latency->suspect.empty()) view["latency_suspect"] = latency->suspect;
    if (record.confirmed) view["first_latency_ms"] = record.latency->median.count();
  }
  const bool timed = record.latency && !record.latency->layers_ms.empty();
  if (detail == Detail::kFull && timed) view["layers_ms"] = record.latency->layers_ms;
  if (detail == Detail::kFull && record.latency) {
    view["measurement"] = wire::measurement_value(*record.reported_latency());
    view["measurement"].erase("samples_ms");  // there is a route for them
    view["measurement"].erase("layers_ms");
  }
  return view;
}

}  // namespace

ordered_json stored_json(const std::string& text) {
  if (nesting_of(text) > kDeepestShown) return nullptr;
  auto parsed = ordered_json::parse(text, nullptr, false);
  return parsed.is_discarded() ? ordered_json() : parsed;
}

ordered_json view_of(const Model& model, Detail detail) {
  ordered_json view = {
      {"name", model.name}, {"sha256", model.sha256}, {"state", name_of(model.state)}};
  if (!model.reason.empty()) view["reason"] = model.reason;
  if (!model.owner.empty()) view["owner"] = model.owner;
  view["card"] = stored_json(model.card_json);
  view["card_version"] = model.card_version;
  if (detail == Detail::kFull && !model.summary_json.empty()) {
    view["summary"] = stored_json(model.summary_json);
  }
  view["created_at"] = rfc3339(model.created_at);
  return view;
}

ordered_json view_of(const Dataset& dataset) {
  ordered_json view = {
      {"name", dataset.name}, {"sha256", dataset.sha256}, {"state", name_of(dataset.state)}};
  if (!dataset.reason.empty()) view["reason"] = dataset.reason;
  if (!dataset.owner.empty()) view["owner"] = dataset.owner;
  view["calibration_images"] = dataset.counts.calibration_images;
  view["validation_images"] = dataset.counts.validation_images;
  view["boxes"] = dataset.counts.boxes;
  view["labelled"] = dataset.counts.labelled;
  view["classes"] = dataset.counts.classes;
  view["class_boxes"] = dataset.counts.class_boxes;
  if (!dataset.counts.notes.empty()) view["notes"] = dataset.counts.notes;
  view["created_at"] = rfc3339(dataset.created_at);
  return view;
}

ordered_json view_of(const Target& target, const std::vector<Worker>& workers) {
  ordered_json view = stored_json(wire::target_to_json(target));
  const int serving = workers_serving(target, workers);
  view["served"] = serving > 0;
  view["workers"] = serving;
  return view;
}

ordered_json view_of(const Worker& worker) {
  ordered_json runtimes = ordered_json::array();
  for (const RuntimeInfo& runtime : worker.profile.runtimes) {
    runtimes.push_back(
        {{"name", runtime.name}, {"version", runtime.version}, {"precisions", runtime.precisions}});
  }
  ordered_json tasks = ordered_json::array();
  for (const TaskId task : worker.tasks) tasks.push_back(task.value);
  return {{"session", worker.session},
          {"name", worker.profile.name},
          {"device", worker.profile.device_id},
          {"probe", stored_json(worker.profile.device_json)},
          {"pools", worker.profile.pools},
          {"runtimes", runtimes},
          {"capabilities", worker.profile.capabilities},
          {"state", name_of(worker.state)},
          {"last_seen", rfc3339(worker.last_seen)},
          {"tasks", tasks}};
}

ordered_json view_of(const TargetCheck& check) {
  ordered_json view = {{"target", check.target}};
  if (!check.reason.empty()) view["reason"] = check.reason;
  if (!check.result_json.empty()) view["result"] = stored_json(check.result_json);
  view["measured_by"] = check.measured_by.value;
  view["measured_at"] = rfc3339(check.measured_at);
  return view;
}

ordered_json view_of(const SupernetRecord& supernet) {
  return {
      {"sha256", supernet.sha256},
      {"bytes", supernet.bytes},
      {"job", supernet.job ? ordered_json(supernet.job->value) : ordered_json()},
      {"model_sha256", supernet.model_sha256},
      {"card_version", supernet.card_version},
      {"dataset_sha256",
       supernet.dataset_sha256.empty() ? ordered_json() : ordered_json(supernet.dataset_sha256)},
      {"statistics_sha256", supernet.statistics_sha256},
      {"plan_sha256",
       supernet.plan_sha256.empty() ? ordered_json() : ordered_json(supernet.plan_sha256)},
      {"training", stored_json(supernet.training_json)},
      {"created_at", rfc3339(supernet.created_at)}};
}

ordered_json view_of(const Trial& trial, std::optional<LabelSource> labels, Detail detail) {
  ordered_json view = {{"number", trial.number},
                       {"plan_sha256", trial.plan_sha256},
                       {"plan", stored_json(trial.plan_json)},
                       {"state", name_of(trial.state)},
                       {"origin", name_of(trial.origin)}};
  if (!trial.reason.empty()) view["reason"] = trial.reason;
  if (!trial.candidate_sha256.empty()) view["candidate_sha256"] = trial.candidate_sha256;
  if (trial.bytes) view["bytes"] = *trial.bytes;
  if (trial.macs) view["macs"] = *trial.macs;
  view["outcomes"] = ordered_json::object();
  for (const auto& [target, record] : trial.on_target) {
    view["outcomes"][target] = outcome_view(record, labels, detail);
  }
  view["created_at"] = rfc3339(trial.created_at);
  if (trial.finished_at) view["finished_at"] = rfc3339(*trial.finished_at);
  return view;
}

ordered_json view_of(const Comparison& comparison) {
  ordered_json view = {{"id", comparison.id.value}, {"state", name_of(comparison.state)}};
  if (!comparison.reason.empty()) view["reason"] = comparison.reason;
  view["job"] = comparison.job.value;
  view["target"] = comparison.target;
  view["a"] = comparison.plan_a_sha256;
  view["b"] = comparison.plan_b_sha256;
  const ordered_json document = stored_json(comparison.document_json);
  for (const auto& [name, value] : document.items()) {
    if (!view.contains(name)) view[name] = value;  // alpha, margins, blocks
  }
  if (!comparison.result_json.empty()) view["result"] = stored_json(comparison.result_json);
  view["created_at"] = rfc3339(comparison.created_at);
  if (comparison.finished_at) view["finished_at"] = rfc3339(*comparison.finished_at);
  return view;
}

namespace {

// "map_low" and "map_high" of an interval called "map".
void add_interval(ordered_json& view, const std::string& name,
                  const std::optional<ConfidenceInterval>& interval) {
  if (!interval) return;
  view[name + "_low"] = interval->low;
  view[name + "_high"] = interval->high;
}

ordered_json view_of(const HeldBackFigures& figures) {
  ordered_json view = {{"map_50_95", figures.map_50_95}, {"images", figures.images}};
  add_interval(view, "map", figures.map);
  if (figures.map_lost) view["map_lost"] = *figures.map_lost;
  add_interval(view, "map_lost", figures.lost);
  return view;
}

}  // namespace

ordered_json view_of(const FrontMember& member) {
  ordered_json view = {{"plan_sha256", member.plan_sha256},
                       {"candidate_sha256", member.candidate_sha256},
                       {"trial", member.trial},
                       {"map_50_95", member.map_50_95},
                       {"images", member.images},
                       {"accuracy_runtime", member.accuracy_runtime},
                       {"latency_ms", member.latency.median.count()},
                       {"latency_low_ms", member.latency.low.count()},
                       {"latency_high_ms", member.latency.high.count()},
                       {"latency_confirmed", member.confirmed},
                       {"on_front", member.on_front},
                       {"bytes", member.bytes},
                       {"peak_memory_bytes", member.latency.peak_memory_bytes},
                       {"macs", member.macs},
                       {"input", {member.height, member.width}},
                       {"precision", member.precision},
                       {"weights", name_of(member.weights)},
                       {"recovered", member.recovered},
                       {"map_lost", member.map_lost},
                       {"speedup", member.speedup},
                       {"description", member.description}};
  add_interval(view, "map", member.map);
  add_interval(view, "map_lost", member.lost);
  if (member.held_back) view["held_back"] = view_of(*member.held_back);
  if (!member.figures.empty()) view["figures"] = member.figures;
  if (!member.latency.suspect.empty()) view["latency_suspect"] = member.latency.suspect;
  if (!member.alarm.empty()) view["accuracy_alarm"] = member.alarm;
  return view;
}

ordered_json view_of(const TargetFront& front, std::optional<LabelSource> labels) {
  ordered_json view = {{"target", front.target}};
  if (labels) view["labels"] = name_of(*labels);
  if (front.original) view["original"] = view_of(*front.original);
  view["hypervolume"] = front.hypervolume;
  view["members"] = ordered_json::array();
  for (const FrontMember& member : front.members) view["members"].push_back(view_of(member));
  return view;
}

}  // namespace pare::coordinator
