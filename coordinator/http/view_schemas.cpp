// What the views of views.cpp are: a field here for each one there.
#include <algorithm>
#include <utility>

#include "coordinator/http/route_doc.h"
#include "coordinator/http/views.h"
#include "wire/catalog_json.h"
#include "wire/check_json.h"
#include "wire/job_json.h"
#include "wire/measurement_json.h"
#include "wire/plan_json.h"
#include "wire/summary_json.h"
#include "wire/target_json.h"
#include "wire/task_results.h"
#include "wire/training_json.h"

namespace pare::coordinator {

using wire::Schema;
using wire::Side;
using Fields = std::vector<schema::Field>;

namespace {

Schema texts() {
  return schema::list(schema::text());
}

Schema accuracy() {
  return schema::number(-1, 1);
}

Schema figures() {
  return schema::by_name(accuracy()).about("other accuracies that the job asks about, by metric");
}

Schema labels() {
  return schema::one_of(kLabelSourceNames).about("what accuracies are scored against");
}

Schema held_back_schema() {
  return schema::object(
             {schema::must("map_50_95", accuracy()), schema::must("images", schema::small()),
              schema::may("map_low", schema::number()), schema::may("map_high", schema::number()),
              schema::may("map_lost", schema::number()),
              schema::may("map_lost_low", schema::number()),
              schema::may("map_lost_high", schema::number())})
      .about("the same on images that chose nothing")
      .named("HeldBack");
}

}  // namespace

Schema model_schema(Detail detail) {
  Fields fields = {schema::must("name", schema::text()),
                   schema::must("sha256", schema::sha256()),
                   schema::must("state", schema::one_of(kEntryStateNames)),
                   schema::may("reason", schema::text()),
                   schema::may("owner", schema::text()),
                   schema::must("card", wire::card_schema(Side::kAsked).or_null()),
                   schema::must("card_version", schema::small()),
                   schema::must("created_at", schema::time())};
  if (detail == Detail::kBrief) return schema::object(fields).named("ListedModel");
  fields.push_back(schema::may("summary", wire::summary_schema()));
  return schema::object(fields).named("Model");
}

Schema dataset_schema() {
  return schema::object(
             {schema::must("name", schema::text()), schema::must("sha256", schema::sha256()),
              schema::must("state", schema::one_of(kEntryStateNames)),
              schema::may("reason", schema::text()), schema::may("owner", schema::text()),
              schema::must("calibration_images", schema::small()),
              schema::must("validation_images", schema::small()),
              schema::must("boxes", schema::small()), schema::must("labelled", schema::truth()),
              schema::must("classes", texts()),
              schema::must("class_boxes", schema::list(schema::whole())),
              schema::may("notes", texts()), schema::must("created_at", schema::time())})
      .named("Dataset");
}

Schema target_schema() {
  Fields fields = wire::target_fields(Side::kAnswered);
  fields.push_back(schema::must("served", schema::truth()));
  fields.push_back(schema::must("workers", schema::small()));
  return schema::object(fields).named("Target");
}

Schema worker_schema() {
  const Schema runtime =
      schema::object({schema::must("name", schema::text()), schema::must("version", schema::text()),
                      schema::must("precisions", texts())});
  const Schema probe = schema::open_object(
      {schema::may("cpu_model", schema::text()), schema::may("processor", schema::text()),
       schema::may("cores", schema::small()), schema::may("memory_bytes", schema::whole()),
       schema::may("kernel", schema::text()), schema::may("architecture", schema::text()),
       schema::may("frequency_mhz", schema::number(0))});
  return schema::object(
             {schema::must("session", schema::text()), schema::must("name", schema::text()),
              schema::must("device", schema::text()), schema::must("probe", probe.or_null()),
              schema::must("pools", texts()), schema::must("runtimes", schema::list(runtime)),
              schema::must("capabilities", texts()),
              schema::must("state", schema::one_of(kWorkerStateNames)),
              schema::must("last_seen", schema::time()),
              schema::must("tasks", schema::list(schema::whole(1)))})
      .named("Worker");
}

Schema check_schema() {
  return schema::object({schema::must("target", schema::text()),
                         schema::may("reason", schema::text()),
                         schema::may("result", wire::device_check_schema()),
                         schema::must("measured_by", schema::whole(1)),
                         schema::must("measured_at", schema::time())})
      .named("TargetCheck");
}

Schema supernet_schema() {
  const Schema sha256 = schema::sha256();
  return schema::object({schema::must("sha256", sha256), schema::must("bytes", schema::whole()),
                         schema::must("job", schema::whole(1).or_null()),
                         schema::must("model_sha256", sha256),
                         schema::must("card_version", schema::small()),
                         schema::must("dataset_sha256", sha256.or_null()),
                         schema::must("statistics_sha256", sha256),
                         schema::must("plan_sha256", sha256.or_null()),
                         schema::must("training", wire::training_schema()),
                         schema::must("created_at", schema::time())})
      .named("Supernet");
}

Schema comparison_schema() {
  Fields fields = {schema::must("id", schema::whole(1)),
                   schema::must("state", schema::one_of(kComparisonStateNames)),
                   schema::may("reason", schema::text())};
  std::ranges::copy(wire::comparison_fields(Side::kAnswered), std::back_inserter(fields));
  fields.push_back(schema::may("result", wire::compare_schema()));
  fields.push_back(schema::must("created_at", schema::time()));
  fields.push_back(schema::may("finished_at", schema::time()));
  return schema::object(fields).named("Comparison");
}

Schema outcome_schema(const std::string& name, const Fields& more) {
  Fields fields = {
      schema::may("infeasible", schema::text(1).about("why; then nothing else is said")),
      schema::may("map_50_95", accuracy()),
      schema::may("figures", figures()),
      schema::may("images", schema::small()),
      schema::may("held_back", held_back_schema()),
      schema::may("expected_map", schema::number().about("scoring stopped early")),
      schema::may("accuracy_runtime", schema::text()),
      schema::may("accuracy_alarm", schema::text()),
      schema::may("labels", labels()),
      schema::may("latency_ms", schema::number(0)),
      schema::may("latency_low_ms", schema::number(0)),
      schema::may("latency_high_ms", schema::number(0)),
      schema::may("samples", schema::small()),
      schema::may("peak_memory_bytes", schema::whole()),
      schema::may("latency_suspect", schema::text()),
      schema::may("first_latency_ms", schema::number(0).about("what the search went by"))};
  fields.insert(fields.end(), more.begin(), more.end());
  return schema::object(fields).named(name);
}

Fields trial_fields(Detail detail) {
  const Schema outcome =
      detail == Detail::kBrief
          ? outcome_schema("Outcome", {})
          : outcome_schema("FullOutcome",
                           {schema::may("layers_ms", schema::by_name(schema::number(0))),
                            schema::may("measurement", wire::measurement_schema())});
  return {schema::must("number", schema::small(1)),
          schema::must("plan_sha256", schema::sha256()),
          schema::must("state", schema::one_of(kTrialStateNames)),
          schema::must("origin", schema::one_of(kTrialOriginNames)),
          schema::may("reason", schema::text()),
          schema::may("candidate_sha256", schema::sha256()),
          schema::may("bytes", schema::whole()),
          schema::may("macs", schema::whole()),
          schema::must("outcomes", schema::by_name(outcome).about("by target")),
          schema::must("created_at", schema::time()),
          schema::may("finished_at", schema::time())};
}

Fields member_fields() {
  return {schema::must("plan_sha256", schema::sha256()),
          schema::must("candidate_sha256", schema::sha256()),
          schema::must("trial", schema::small(1)),
          schema::must("map_50_95", accuracy()),
          schema::must("images", schema::small()),
          schema::must("accuracy_runtime", schema::text()),
          schema::must("latency_ms", schema::number(0)),
          schema::must("latency_low_ms", schema::number(0)),
          schema::must("latency_high_ms", schema::number(0)),
          schema::must("latency_confirmed", schema::truth()),
          schema::must("on_front", schema::number(0, 1).about("the chance that nothing beats it")),
          schema::must("bytes", schema::whole()),
          schema::must("peak_memory_bytes", schema::whole()),
          schema::must("macs", schema::whole()),
          schema::must("input", schema::size()),
          schema::must("precision", schema::text()),
          schema::must("weights", schema::one_of_all<Weights>()),
          schema::must("recovered", schema::text()),
          schema::must("map_lost", schema::number().about("points below the original")),
          schema::must("speedup", schema::number(0)),
          schema::must("description", schema::text()),
          schema::may("map_low", schema::number()),
          schema::may("map_high", schema::number()),
          schema::may("map_lost_low", schema::number()),
          schema::may("map_lost_high", schema::number()),
          schema::may("held_back", held_back_schema()),
          schema::may("figures", figures()),
          schema::may("latency_suspect", schema::text()),
          schema::may("accuracy_alarm", schema::text())};
}

Schema member_schema() {
  return schema::object(member_fields()).named("FrontMember");
}

Fields front_fields() {
  return {schema::may("labels", labels()), schema::may("original", member_schema()),
          schema::must("hypervolume", schema::number(0)),
          schema::must("members", schema::list(member_schema())),
          schema::must("hidden", schema::whole().about("members that are of no use: ?all=true"))};
}

}  // namespace pare::coordinator
