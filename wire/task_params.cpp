#include "wire/task_params.h"

#include <nlohmann/json.hpp>

#include "core/check.h"
#include "wire/guidance_json.h"
#include "wire/parts.h"
#include "wire/task_parts.h"

namespace pare::wire {
namespace {

using Json = nlohmann::json;

constexpr int kMostThreads = 1024;
constexpr int kMostRivals = 8;
constexpr double kMostHeldBack = 0.99;
constexpr std::int64_t kMostSteps = 100'000'000;

ModelCard read_card_field(Fields& fields) {
  ModelCard out;
  fields.object("card", [&](Fields& card) { out = read_card(card); });
  return out;
}

TaskParams read_inspect_model(Fields& fields) {
  InspectModelParams out;
  if (fields.has("card")) {
    fields.object("card", [&](Fields& card) { out.card = read_partial_card(card); });
  }
  if (fields.has("trial")) out.trial = fields.boolean("trial");
  return out;
}

TaskParams read_prepare(Fields& fields) {
  PrepareParams out;
  out.card = read_card_field(fields);
  fields.pairs("resolutions", 1, kLargestSide, [&](std::int64_t height, std::int64_t width) {
    out.resolutions.push_back({static_cast<int>(height), static_cast<int>(width)});
  });
  if (out.resolutions.empty()) fields.refuse("resolutions", "hold at least one [height, width]");
  out.precisions = read_precisions(fields, "precisions");
  out.seed = fields.natural("seed");
  if (fields.has("rank_int8_layers")) out.rank_int8_layers = fields.boolean("rank_int8_layers");
  return out;
}

TaskParams read_build(Fields& fields) {
  BuildParams out;
  out.card = read_card_field(fields);
  fields.object("plan", [&](Fields& plan) { out.plan = read_plan(plan); });
  return out;
}

// Absent in what was asked before there were any.
int read_fingerprint_images(Fields& fields) {
  constexpr int kMost = 1000;
  return fields.has("fingerprint_images") ? fields.small("fingerprint_images", 0, kMost) : 0;
}

TaskParams read_evaluate(Fields& fields) {
  EvaluateParams out;
  out.card = read_card_field(fields);
  out.runtime = fields.text("runtime");
  out.threads = fields.small("threads", 1, kMostThreads);
  if (fields.has("images")) out.images = fields.integers("images", INT64_MIN, INT64_MAX);
  if (fields.has("teacher")) {
    const auto size = fields.integers("teacher", 1, kLargestSide);
    if (size.size() == 2) {
      out.teacher = Size{static_cast<int>(size[0]), static_cast<int>(size[1])};
    } else {
      fields.refuse("teacher", "be [height, width]");
    }
  }
  if (fields.has("rivals")) out.rivals = fields.small("rivals", 0, kMostRivals);
  if (fields.has("held_back")) out.held_back = fields.number("held_back", 0.0, kMostHeldBack);
  out.fingerprint_images = read_fingerprint_images(fields);
  return out;
}

TaskParams read_benchmark(Fields& fields) {
  BenchmarkParams out;
  out.card = read_card_field(fields);
  out.runtime = fields.text("runtime");
  out.threads = fields.small("threads", 1, kMostThreads);
  if (fields.has("parity")) {
    fields.object("parity", [&](Fields& parity) {
      out.parity = ParityCheck{parity.small("images", 1), parity.number("tolerance", 0.0)};
    });
  }
  out.min_samples = fields.small("min_samples", 1);
  out.max_seconds = fields.number("max_seconds", 0.0);
  out.profile = fields.has("profile") && fields.boolean("profile");
  out.fingerprint_images = read_fingerprint_images(fields);
  return out;
}

TaskParams read_compare(Fields& fields) {
  CompareParams out;
  out.card = read_card_field(fields);
  out.runtime = fields.text("runtime");
  out.threads = fields.small("threads", 1, kMostThreads);
  out.alpha = fields.number("alpha", 1e-6, 0.5);
  out.latency_margin = fields.number("latency_margin", 0.0, 1.0);
  out.map_margin = fields.number("map_margin", 0.0, 1.0);
  out.min_blocks = fields.small("min_blocks", 2);
  out.max_blocks = fields.small("max_blocks", 2);
  if (out.max_blocks < out.min_blocks) fields.refuse("max_blocks", "be at least \"min_blocks\"");
  out.seed = fields.natural("seed");
  if (fields.has("teacher")) out.teacher = fields.boolean("teacher");
  if (fields.has("held_back")) out.held_back = fields.number("held_back", 0.0, kMostHeldBack);
  return out;
}

TaskParams read_check(Fields& fields) {
  CheckParams out;
  out.runtime = fields.text("runtime");
  out.threads = fields.small("threads", 1, kMostThreads);
  out.int8 = fields.boolean("int8");
  out.max_seconds = fields.number("max_seconds", 0.0);
  return out;
}

TaskParams read_train(Fields& fields) {
  TrainParams out;
  out.card = read_card_field(fields);
  out.minutes = fields.number("minutes", 0.0, kMostTrainingMinutes);
  if (fields.has("steps")) out.steps = fields.integer("steps", 1, kMostSteps);
  out.seed = fields.natural("seed");
  if (fields.has("plan")) {
    fields.object("plan", [&](Fields& plan) { out.plan = read_plan(plan); });
  }
  if (fields.has("int8")) {
    out.int8 = fields.boolean("int8");
    if (out.int8 && out.plan) fields.refuse("int8", "not stand beside a \"plan\"");
  }
  out.parts = read_part_choices(fields);
  if (out.plan && !out.parts.empty()) {
    fields.refuse(out.parts.blocks.empty() ? "kernels" : "blocks", "not stand beside a \"plan\"");
  }
  return out;
}

Json value_of(const InspectModelParams& p) {
  Json out = {{"card", p.card ? card_value(*p.card) : Json(nullptr)}};
  if (p.trial) out["trial"] = true;
  return out;
}

Json value_of(const InspectDatasetParams&) {
  return Json::object();
}

Json value_of(const PrepareParams& p) {
  Json resolutions = Json::array();
  for (const Size& size : p.resolutions) resolutions.push_back({size.height, size.width});
  Json value = {{"card", card_value(p.card)},
                {"resolutions", std::move(resolutions)},
                {"precisions", precisions_value(p.precisions)},
                {"seed", p.seed}};
  if (!p.rank_int8_layers) value["rank_int8_layers"] = false;
  return value;
}

Json value_of(const BuildParams& p) {
  return {{"card", card_value(p.card)}, {"plan", plan_value(p.plan)}};
}

Json value_of(const EvaluateParams& p) {
  return {{"card", card_value(p.card)},
          {"runtime", p.runtime},
          {"threads", p.threads},
          {"images", p.images ? Json(*p.images) : Json(nullptr)},
          {"teacher", p.teacher ? Json{p.teacher->height, p.teacher->width} : Json(nullptr)},
          {"rivals", p.rivals},
          {"held_back", p.held_back},
          {"fingerprint_images", p.fingerprint_images}};
}

Json value_of(const BenchmarkParams& p) {
  Json parity;
  if (p.parity) parity = {{"images", p.parity->images}, {"tolerance", p.parity->tolerance}};
  return {{"card", card_value(p.card)},   {"runtime", p.runtime},
          {"threads", p.threads},         {"parity", std::move(parity)},
          {"min_samples", p.min_samples}, {"max_seconds", p.max_seconds},
          {"profile", p.profile},         {"fingerprint_images", p.fingerprint_images}};
}

Json value_of(const CompareParams& p) {
  return {{"card", card_value(p.card)},
          {"runtime", p.runtime},
          {"threads", p.threads},
          {"alpha", p.alpha},
          {"latency_margin", p.latency_margin},
          {"map_margin", p.map_margin},
          {"min_blocks", p.min_blocks},
          {"max_blocks", p.max_blocks},
          {"seed", p.seed},
          {"teacher", p.teacher},
          {"held_back", p.held_back}};
}

Json value_of(const CheckParams& p) {
  return {{"runtime", p.runtime},
          {"threads", p.threads},
          {"int8", p.int8},
          {"max_seconds", p.max_seconds}};
}

Json value_of(const TrainParams& p) {
  Json value = {{"card", card_value(p.card)}, {"minutes", p.minutes}, {"seed", p.seed}};
  if (p.steps) value["steps"] = *p.steps;
  if (p.plan) value["plan"] = plan_value(*p.plan);
  if (p.int8) value["int8"] = true;
  add_part_choices(p.parts, value);
  return value;
}

}  // namespace

TaskParams read_params(Fields& fields, TaskKind kind) {
  switch (kind) {
    case TaskKind::kInspectModel: return read_inspect_model(fields);
    case TaskKind::kInspectDataset: return InspectDatasetParams{};
    case TaskKind::kPrepare: return read_prepare(fields);
    case TaskKind::kBuild: return read_build(fields);
    case TaskKind::kEvaluate: return read_evaluate(fields);
    case TaskKind::kBenchmark: return read_benchmark(fields);
    case TaskKind::kCompare: return read_compare(fields);
    case TaskKind::kCheck: return read_check(fields);
    case TaskKind::kTrain: return read_train(fields);
  }
  PARE_CHECK(false, "a kind of task without parameters");
}

Json params_value(const TaskParams& params) {
  return std::visit([](const auto& p) { return value_of(p); }, params);
}

}  // namespace pare::wire
