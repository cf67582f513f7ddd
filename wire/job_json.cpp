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
constexpr double kLargestScale = 4;
constexpr double kLeastSeconds = 1;
constexpr int kLeastStagnation = 2;
constexpr int kFewestMeasured = 4;
constexpr int kMostMeasured = 1000;
constexpr double kLeastWeight = 1e-6;
constexpr double kMostWeight = 1e6;

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
    if (sane && scales[1] <= kLargestScale) {
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
  if (fields.has("seconds")) out.seconds = fields.number("seconds", kLeastSeconds);
  if (fields.has("device_seconds")) {
    out.device_seconds = fields.number("device_seconds", kLeastSeconds);
  }
  if (fields.has("stagnation")) {
    out.stagnation = fields.small("stagnation", kLeastStagnation, kMostTrials);
  }
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
  if (fields.has("measure")) {
    out.measure = fields.small("measure", kFewestMeasured, kMostMeasured);
  }
  return out;
}

std::map<std::string, double> read_weights(Fields& fields) {
  std::map<std::string, double> out;
  for (const std::string& target : fields.names()) {
    out[target] = fields.number(target, kLeastWeight, kMostWeight);
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

Json job_value(const NewJob& job) {
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
  return {{"model", job.model},
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
          {"seed", job.seed}};
}

std::string job_to_json(const NewJob& job) {
  return dump(job_value(job));
}

Result<NewJob> parse_new_job(std::string_view json) {
  return decode(json, "job", read_new_job);
}

Result<int> parse_priority(std::string_view json) {
  return decode(json, "request", [](Fields& fields) {
    return static_cast<int>(fields.integer("priority", -kMostUrgent, kMostUrgent));
  });
}

namespace {

Schema metric_schema() {
  return schema::either({schema::one_of(kMetricNames),
                         schema::text_like("^" + std::string(kClassMetric) + "[\\s\\S]")})
      .named("Metric");
}

// One bound is there, the other is not.
Schema bounded_schema(std::string_view bound, std::string_view other) {
  return schema::object({schema::must("metric", metric_schema()),
                         schema::must(bound, schema::number()), schema::may(other, schema::null()),
                         schema::wish("target", schema::text(1))});
}

Schema constraint_schema() {
  return schema::either({bounded_schema("max", "min"), bounded_schema("min", "max")})
      .named("Constraint");
}

Schema starting_point_schema() {
  const auto only = [](std::string_view name, const Schema& value) {
    std::vector<schema::Field> fields = {schema::must(name, value)};
    for (const std::string_view other : {"plan", "sha256", "front_of"}) {
      if (other != name) fields.push_back(schema::may(other, schema::null()));
    }
    return schema::object(fields);
  };
  return schema::either({only("plan", plan_schema()), only("sha256", schema::text(1)),
                         only("front_of", schema::whole(1, INT64_MAX))})
      .named("StartingPoint");
}

Schema recovery_schema() {
  const Schema minutes = schema::number(kLeastMinutes, kMostTrainingMinutes);
  const std::vector<schema::Field> wished = {
      schema::wish("plans", schema::small(1, kMostTunedPlans)), schema::wish("minutes", minutes)};
  const schema::Field distill = schema::wish("distill", schema::object(wished));
  const auto kind = [](std::string_view name) {
    return schema::must("kind", schema::constant(name));
  };
  return schema::either({schema::one_of(kRecoveries),
                         schema::object({schema::must("kind", schema::one_of(kRecoveries))}),
                         schema::object({kind(kSupernet), schema::wish("minutes", minutes),
                                         schema::wish("int8_minutes", minutes),
                                         schema::may("from", schema::null()), distill}),
                         schema::object({kind(kSupernet), schema::must("from", schema::text(1)),
                                         schema::may("minutes", schema::null()),
                                         schema::may("int8_minutes", schema::null()), distill}),
                         schema::object({kind(kDistill), wished[0], wished[1]})})
      .named("Recovery");
}

Schema space_schema(Side side) {
  const Schema scales = schema::list(schema::above(0, kLargestScale), 2, 2);
  return schema::object(
      {schema::usual(side, "width", schema::truth()), schema::usual(side, "depth", schema::truth()),
       schema::usual(side, "kernels", schema::truth()),
       schema::usual(side, "storage", schema::truth()),
       schema::usual(side, "resolution", scales.about("the range of scales of the input")),
       schema::usual(side, "precision", schema::precisions())});
}

Schema validation_schema(Side side) {
  return schema::object(
      {schema::usual(side, "held_back", schema::number(0, kMostHeldBack).or_null()),
       schema::usual(side, "try_preprocessings", schema::truth())});
}

Schema budget_schema(Side side) {
  const Schema seconds = schema::number(kLeastSeconds).or_null();
  const Schema stagnation = schema::small(kLeastStagnation, kMostTrials).or_null();
  return schema::object({schema::usual(side, "trials", schema::small(1, kMostTrials)),
                         schema::usual(side, "seconds", seconds),
                         schema::usual(side, "device_seconds", seconds),
                         schema::usual(side, "stagnation", stagnation)});
}

Schema transfer_schema(Side side, const std::vector<schema::Field>& told) {
  std::vector<schema::Field> fields = {
      schema::must("from", schema::whole(1, INT64_MAX)),
      schema::usual(side, "measure", schema::small(kFewestMeasured, kMostMeasured))};
  fields.insert(fields.end(), told.begin(), told.end());
  return schema::object(fields).or_null();
}

}  // namespace

std::vector<schema::Field> job_fields(Side side, const std::vector<schema::Field>& of_transfer) {
  const Schema weights = schema::by_name(schema::number(kLeastWeight, kMostWeight));
  return {schema::must("model", schema::text(1).about("a SHA-256, 8 digits of it, or a name")),
          schema::must("dataset", schema::text(1).about("a SHA-256, 8 digits of it, or a name")),
          schema::must("targets", schema::set(schema::text(1), 1)),
          schema::usual(side, "objectives", schema::set(metric_schema(), 1, kMostObjectives)),
          schema::usual(side, "constraints", schema::list(constraint_schema())),
          schema::usual(side, "across", schema::one_of(kAcross)),
          schema::usual(side, "weights", weights.about("by target, with across: worst")),
          schema::usual(side, "begin_with", schema::list(starting_point_schema())),
          schema::usual(side, "transfer", transfer_schema(side, of_transfer)),
          schema::usual(side, "space", space_schema(side)),
          schema::usual(side, "validation", validation_schema(side)),
          schema::usual(side, "recovery", recovery_schema()),
          schema::usual(side, "strategy", schema::one_of(kStrategies)),
          schema::usual(side, "budget", budget_schema(side)),
          schema::usual(side, "seed", schema::whole())};
}

Schema new_job_schema() {
  return schema::object(job_fields(Side::kAsked)).named("NewJob");
}

Schema priority_schema() {
  return schema::object({schema::must("priority", schema::whole(-kMostUrgent, kMostUrgent))})
      .named("Priority");
}

}  // namespace pare::wire
