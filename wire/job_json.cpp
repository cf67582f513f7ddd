#include "wire/job_json.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "wire/parts.h"
#include "wire/plan_json.h"

namespace pare::wire {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kMostUrgent = 100;
constexpr int kMostTrials = 100'000;
constexpr double kMostHeldBack = 0.9;
constexpr std::size_t kMostObjectives = 5;
constexpr std::array kAcross = {
    Named<Across>{Across::kEach, "each"},
    Named<Across>{Across::kWorst, "worst"},
};
constexpr std::array kRecoveries = {
    Named<Recovery>{Recovery::kNone, "none"},
    Named<Recovery>{Recovery::kReconstruct, "reconstruct"},
};
constexpr std::array<std::string_view, 5> kStrategies = {"evolution", "local_search", "nsga2",
                                                         "pare", "random"};

constexpr std::string_view kSupernet = "supernet";
constexpr std::string_view kDistill = "distill";
constexpr double kLeastMinutes = 0.1;

std::string read_name(Fields& fields, std::string_view name) {
  std::string out = fields.text(name);
  if (out.empty()) fields.refuse(name, "not be empty");
  return out;
}

// What `must` be said of a metric's name that means nothing.
std::string one_of_the_metrics() {
  std::string out = "hold metrics: ";
  for (const std::string_view name : kMetricNames) out += "\"" + std::string(name) + "\", ";
  return out + "or \"class:\" and the name of a class";
}

Metric read_metric(Fields& fields, std::string_view field, const std::string& name) {
  const std::optional<Metric> metric = metric_named(name);
  if (!metric) fields.refuse(field, one_of_the_metrics());
  return metric.value_or(Metric{});
}

std::vector<Metric> read_objectives(Fields& fields) {
  std::vector<Metric> out;
  for (const std::string& name : fields.texts("objectives")) {
    const Metric metric = read_metric(fields, "objectives", name);
    if (std::ranges::find(out, metric) != out.end()) {
      fields.refuse("objectives", "hold no metric twice");
    }
    out.push_back(metric);
  }
  if (out.empty() || out.size() > kMostObjectives) fields.refuse("objectives", "hold 1 to 5");
  return out;
}

Constraint read_constraint(Fields& fields) {
  Constraint out;
  out.metric = read_metric(fields, "metric", read_name(fields, "metric"));
  for (const auto& [name, bound] : {std::pair("max", &out.max), std::pair("min", &out.min)}) {
    if (!fields.has(name)) continue;
    *bound = fields.number(name);
    const std::string must = why_out_of_range(out.metric.kind, **bound);
    if (!must.empty()) fields.refuse(name, must);
  }
  if (out.max && out.min) fields.refuse("min", "not stand beside \"max\": post two constraints");
  if (!out.max && !out.min) fields.refuse("max", "be there, or \"min\" in its place");
  if (fields.has("target")) out.target = read_name(fields, "target");
  return out;
}

SpaceLimits read_space(Fields& fields) {
  SpaceLimits out;
  if (fields.has("width")) out.width = fields.boolean("width");
  if (fields.has("depth")) out.depth = fields.boolean("depth");
  if (fields.has("kernels")) out.kernels = fields.boolean("kernels");
  if (fields.has("storage")) out.storage = fields.boolean("storage");
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

Validation read_validation(Fields& fields) {
  Validation out;
  if (fields.has("held_back")) out.held_back = fields.number("held_back", 0.0, kMostHeldBack);
  if (fields.has("try_preprocessings")) {
    out.try_preprocessings = fields.boolean("try_preprocessings");
  }
  return out;
}

Budget read_budget(Fields& fields) {
  Budget out;
  if (fields.has("trials")) out.trials = fields.small("trials", 1, kMostTrials);
  if (fields.has("seconds")) out.seconds = fields.number("seconds", 1.0);
  if (fields.has("device_seconds")) out.device_seconds = fields.number("device_seconds", 1.0);
  if (fields.has("stagnation")) out.stagnation = fields.small("stagnation", 2, kMostTrials);
  return out;
}

DistillWish read_distill(Fields& fields) {
  DistillWish wish;
  if (fields.has("plans")) wish.plans = fields.small("plans", 1, kMostTunedPlans);
  if (fields.has("minutes")) {
    wish.minutes = fields.number("minutes", kLeastMinutes, kMostTrainingMinutes);
  }
  return wish;
}

// A word, or an object that says more: {"kind": "supernet", "minutes": 60, "int8_minutes": 15},
// "from" in the place of minutes, and "distill" beside both; or {"kind": "distill", "plans": 3,
// "minutes": 5}.
void read_recovery(Fields& fields, NewJob& job) {
  if (fields.is_text("recovery")) {
    job.recovery = fields.one_of("recovery", kRecoveries);
    return;
  }
  fields.object("recovery", [&](Fields& recovery) {
    constexpr std::array<std::string_view, 4> kKinds = {"none", "reconstruct", kSupernet, kDistill};
    const std::size_t kind = recovery.one_of("kind", kKinds);
    if (kKinds[kind] == kDistill) {
      job.distill = read_distill(recovery);
      return;
    }
    if (kKinds[kind] != kSupernet) {
      job.recovery = static_cast<Recovery>(kind);
      return;
    }
    SupernetWish& wish = job.supernet.emplace();
    if (recovery.has("from")) wish.from = read_name(recovery, "from");
    if (recovery.has("distill")) {
      recovery.object("distill", [&](Fields& distill) { job.distill = read_distill(distill); });
    }
    if (recovery.has("int8_minutes")) {
      wish.int8_minutes = recovery.number("int8_minutes", kLeastMinutes, kMostTrainingMinutes);
      if (!wish.from.empty()) {
        recovery.refuse("int8_minutes",
                        "not stand beside \"from\": what is there is trained no more");
      }
    }
    if (!recovery.has("minutes")) return;
    wish.minutes = recovery.number("minutes", kLeastMinutes, kMostTrainingMinutes);
    if (!wish.from.empty()) {
      recovery.refuse("minutes", "not stand beside \"from\": what is there is trained no more");
    }
  });
}

StartingPoint read_starting_point(Fields& fields) {
  StartingPoint out;
  const int given =
      int{fields.has("plan")} + int{fields.has("sha256")} + int{fields.has("front_of")};
  if (given != 1) {
    fields.refuse("plan", "be there, or \"sha256\" or \"front_of\" in its place");
  } else if (fields.has("plan")) {
    fields.object("plan", [&](Fields& plan) { out.plan = read_plan(plan); });
  } else if (fields.has("sha256")) {
    out.sha256 = read_name(fields, "sha256");
  } else {
    out.front_of = JobId{fields.integer("front_of", 1)};
  }
  return out;
}

TransferFrom read_transfer(Fields& fields) {
  TransferFrom out;
  out.from = JobId{fields.integer("from", 1)};
  if (fields.has("measure")) out.measure = fields.small("measure", 4, 1000);
  return out;
}

std::map<std::string, double> read_weights(Fields& fields) {
  std::map<std::string, double> out;
  for (const std::string& target : fields.names()) {
    out[target] = fields.number(target, 1e-6, 1e6);
  }
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
  for (const auto& [target, weight] : job.weights) {
    if (!names.contains(target)) fields.refuse("weights", "name only the job's own targets");
  }
  if (!job.weights.empty() && job.across == Across::kEach) {
    fields.refuse("weights", "stand only with \"across\": \"worst\"");
  }
}

NewJob read_new_job(Fields& fields) {
  NewJob job;
  job.model = read_name(fields, "model");
  job.dataset = read_name(fields, "dataset");
  job.targets = fields.texts("targets");
  if (fields.has("objectives")) job.objectives = read_objectives(fields);
  if (fields.has("constraints")) {
    fields.objects("constraints",
                   [&](Fields& one) { job.constraints.push_back(read_constraint(one)); });
  }
  if (fields.has("across")) job.across = fields.one_of("across", kAcross);
  if (fields.has("weights")) {
    fields.object("weights", [&](Fields& weights) { job.weights = read_weights(weights); });
  }
  if (fields.has("begin_with")) {
    fields.objects("begin_with",
                   [&](Fields& one) { job.begin_with.push_back(read_starting_point(one)); });
  }
  if (fields.has("transfer")) {
    fields.object("transfer", [&](Fields& transfer) { job.transfer = read_transfer(transfer); });
  }
  if (fields.has("space")) {
    fields.object("space", [&](Fields& space) { job.space = read_space(space); });
  }
  if (fields.has("validation")) {
    fields.object("validation", [&](Fields& part) { job.validation = read_validation(part); });
  }
  if (fields.has("recovery")) {
    read_recovery(fields, job);
  }
  if (fields.has("strategy")) job.strategy = kStrategies[fields.one_of("strategy", kStrategies)];
  if (fields.has("budget")) {
    fields.object("budget", [&](Fields& budget) { job.budget = read_budget(budget); });
  }
  if (fields.has("seed")) job.seed = fields.natural("seed");
  check_targets(fields, job);
  return job;
}

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json constraint_value(const Constraint& c) {
  Json out = {{"metric", name_of(c.metric)}};
  if (c.max) out["max"] = *c.max;
  if (c.min) out["min"] = *c.min;
  if (!c.target.empty()) out["target"] = c.target;
  return out;
}

Json transfer_value(const TransferFrom& transfer) {
  return {{"from", transfer.from.value}, {"measure", transfer.measure}};
}

Json recovery_value(const NewJob& job) {
  Json distill;
  if (job.distill) distill = {{"plans", job.distill->plans}, {"minutes", job.distill->minutes}};
  if (!job.supernet && !job.distill) return name_in(kRecoveries, job.recovery);
  if (!job.supernet) {
    distill["kind"] = kDistill;
    return distill;
  }
  const SupernetWish& wish = *job.supernet;
  Json value = {{"kind", kSupernet}};
  if (wish.from.empty()) {
    value["minutes"] = wish.minutes;
    if (wish.int8_minutes > 0) value["int8_minutes"] = wish.int8_minutes;
  } else {
    value["from"] = wish.from;
  }
  if (job.distill) value["distill"] = std::move(distill);
  return value;
}

Json starting_point_value(const StartingPoint& point) {
  if (point.plan) return {{"plan", Json::parse(plan_to_json(*point.plan))}};
  if (point.front_of) return {{"front_of", point.front_of->value}};
  return {{"sha256", point.sha256}};
}

}  // namespace

std::string job_to_json(const NewJob& job) {
  Json objectives = Json::array();
  for (const Metric& metric : job.objectives) objectives.push_back(name_of(metric));
  Json constraints = Json::array();
  for (const Constraint& constraint : job.constraints) {
    constraints.push_back(constraint_value(constraint));
  }
  Json begin_with = Json::array();
  for (const StartingPoint& point : job.begin_with) {
    begin_with.push_back(starting_point_value(point));
  }
  return dump({{"model", job.model},
               {"dataset", job.dataset},
               {"targets", job.targets},
               {"objectives", objectives},
               {"constraints", constraints},
               {"across", name_in(kAcross, job.across)},
               {"weights", job.weights},
               {"begin_with", begin_with},
               {"transfer", job.transfer ? transfer_value(*job.transfer) : Json(nullptr)},
               {"space",
                {{"width", job.space.width},
                 {"depth", job.space.depth},
                 {"kernels", job.space.kernels},
                 {"storage", job.space.storage},
                 {"resolution", {job.space.min_scale, job.space.max_scale}},
                 {"precision", precisions_value(job.space.precisions)}}},
               {"validation",
                {{"held_back", or_null(job.validation.held_back)},
                 {"try_preprocessings", job.validation.try_preprocessings}}},
               {"recovery", recovery_value(job)},
               {"strategy", job.strategy},
               {"budget",
                {{"trials", job.budget.trials},
                 {"seconds", or_null(job.budget.seconds)},
                 {"device_seconds", or_null(job.budget.device_seconds)},
                 {"stagnation", or_null(job.budget.stagnation)}}},
               {"seed", job.seed}});
}

Result<NewJob> parse_new_job(std::string_view json) {
  return decode(json, "job", read_new_job);
}

Result<int> parse_priority(std::string_view json) {
  return decode(json, "request", [](Fields& fields) {
    return static_cast<int>(fields.integer("priority", -kMostUrgent, kMostUrgent));
  });
}

}  // namespace pare::wire
