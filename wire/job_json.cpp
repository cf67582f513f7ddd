#include "wire/job_json.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "wire/parts.h"

namespace pare::wire {
namespace {

using Json = nlohmann::json;

constexpr int kMostTrials = 100'000;
constexpr std::array<std::string_view, 3> kMetrics = {"map_50_95", "latency_ms", "bytes"};
constexpr std::array<std::string_view, 2> kObjectives = {"map_50_95", "latency_ms"};
constexpr std::array<std::string_view, 2> kRecoveries = {"none", "reconstruct"};
constexpr std::array<std::string_view, 5> kStrategies = {"evolution", "local_search", "nsga2",
                                                         "pare", "random"};

std::string read_name(Fields& fields, std::string_view name) {
  std::string out = fields.text(name);
  if (out.empty()) fields.refuse(name, "not be empty");
  return out;
}

Constraint read_constraint(Fields& fields) {
  Constraint out;
  out.metric = static_cast<Metric>(fields.one_of("metric", kMetrics));
  if (fields.has("max")) out.max = fields.number("max");
  if (fields.has("min")) out.min = fields.number("min");
  if (out.max && out.min) fields.refuse("min", "not stand beside \"max\": post two constraints");
  if (!out.max && !out.min) fields.refuse("max", "be there, or \"min\" in its place");
  if (fields.has("target")) out.target = read_name(fields, "target");
  return out;
}

SpaceLimits read_space(Fields& fields) {
  SpaceLimits out;
  if (fields.has("width")) out.width = fields.boolean("width");
  if (fields.has("resolution")) {
    const std::vector<double> scales = fields.numbers("resolution");
    const bool sane = scales.size() == 2 && scales[0] > 0 && scales[0] <= scales[1];
    if (sane && scales[1] <= 4) {
      out.min_scale = scales[0];
      out.max_scale = scales[1];
    } else {
      fields.refuse("resolution", "be [smallest, largest scale], above 0 and at most 4");
    }
  }
  if (fields.has("precision")) out.precisions = read_precisions(fields, "precision");
  return out;
}

Budget read_budget(Fields& fields) {
  Budget out;
  if (fields.has("trials")) out.trials = fields.small("trials", 1, kMostTrials);
  if (fields.has("seconds")) out.seconds = fields.number("seconds", 1.0);
  return out;
}

void check_targets(Fields& fields, const NewJob& job) {
  const std::set<std::string> names(job.targets.begin(), job.targets.end());
  if (job.targets.empty()) fields.refuse("targets", "name at least one target");
  if (names.size() != job.targets.size()) fields.refuse("targets", "name no target twice");
  if (names.contains("")) fields.refuse("targets", "hold no empty name");
  for (const Constraint& constraint : job.constraints) {
    if (constraint.target.empty() || names.contains(constraint.target)) continue;
    fields.refuse("constraints", "name only the job's own targets");
  }
}

NewJob read_new_job(Fields& fields) {
  NewJob job;
  job.model = read_name(fields, "model");
  job.dataset = read_name(fields, "dataset");
  job.targets = fields.texts("targets");
  if (fields.has("objectives")) {
    job.objectives.clear();
    for (const std::size_t index : fields.some_of("objectives", kObjectives)) {
      job.objectives.push_back(static_cast<Metric>(index));
    }
    if (job.objectives.size() != kObjectives.size()) {
      fields.refuse("objectives", "hold both \"map_50_95\" and \"latency_ms\"");
    }
  }
  if (fields.has("constraints")) {
    fields.objects("constraints",
                   [&](Fields& one) { job.constraints.push_back(read_constraint(one)); });
  }
  if (fields.has("space")) {
    fields.object("space", [&](Fields& space) { job.space = read_space(space); });
  }
  if (fields.has("recovery")) {
    job.recovery = static_cast<Recovery>(fields.one_of("recovery", kRecoveries));
  }
  if (fields.has("strategy")) job.strategy = kStrategies[fields.one_of("strategy", kStrategies)];
  if (fields.has("budget")) {
    fields.object("budget", [&](Fields& budget) { job.budget = read_budget(budget); });
  }
  if (fields.has("seed")) job.seed = fields.natural("seed");
  check_targets(fields, job);
  return job;
}

Json constraint_value(const Constraint& c) {
  Json out = {{"metric", name_of(c.metric)}};
  if (c.max) out["max"] = *c.max;
  if (c.min) out["min"] = *c.min;
  if (!c.target.empty()) out["target"] = c.target;
  return out;
}

}  // namespace

std::string job_to_json(const NewJob& job) {
  Json objectives = Json::array();
  for (const Metric metric : job.objectives) objectives.push_back(name_of(metric));
  Json constraints = Json::array();
  for (const Constraint& constraint : job.constraints) {
    constraints.push_back(constraint_value(constraint));
  }
  const Json seconds = job.budget.seconds ? Json(*job.budget.seconds) : Json(nullptr);
  return dump({{"model", job.model},
               {"dataset", job.dataset},
               {"targets", job.targets},
               {"objectives", objectives},
               {"constraints", constraints},
               {"space",
                {{"width", job.space.width},
                 {"resolution", {job.space.min_scale, job.space.max_scale}},
                 {"precision", precisions_value(job.space.precisions)}}},
               {"recovery", kRecoveries[static_cast<std::size_t>(job.recovery)]},
               {"strategy", job.strategy},
               {"budget", {{"trials", job.budget.trials}, {"seconds", seconds}}},
               {"seed", job.seed}});
}

Result<NewJob> parse_new_job(std::string_view json) {
  return decode(json, "job", read_new_job);
}

}  // namespace pare::wire
