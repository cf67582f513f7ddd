#include "wire/task_results.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "wire/accuracy_json.h"
#include "wire/check_json.h"
#include "wire/guidance_json.h"
#include "wire/measurement_json.h"
#include "wire/parts.h"
#include "wire/task_parts.h"
#include "wire/training_json.h"

namespace pare::wire {
namespace {

using Json = nlohmann::json;

TaskResult read_dataset(Fields& fields) {
  DatasetCounts out;
  out.calibration_images = fields.small("calibration_images");
  out.validation_images = fields.small("validation_images");
  out.boxes = fields.small("boxes");
  out.labelled = fields.boolean("labelled");
  out.classes = fields.texts("classes");
  if (fields.has("class_boxes")) out.class_boxes = fields.integers("class_boxes", 0, INT64_MAX);
  if (fields.has("notes")) out.notes = fields.texts("notes");
  return out;
}

TaskResult read_build(Fields& fields) {
  BuildResult out;
  out.macs = fields.integer("macs");
  out.parameters = fields.integer("parameters");
  out.bytes = fields.integer("bytes");
  fields.object("widths", [&](Fields& widths) {
    for (const std::string& group : widths.names()) {
      widths.object(group, [&](Fields& width) {
        const int of = width.small("of", 1);
        out.widths[group] = {width.small("kept", 0, of), of};
      });
    }
  });
  return out;
}

TaskResult read_benchmark(Fields& fields) {
  Measurement out = read_measurement(fields);
  if (out.samples < 1) {
    fields.refuse(fields.has("samples") ? "samples" : "samples_ms", "hold at least one sample");
  }
  return out;
}

TaskResult read_compare(Fields& fields) {
  CompareResult out;
  fields.object("latency", [&](Fields& l) {
    out.latency.ratio = l.number("ratio", 0.0);
    out.latency.low = l.has("low") ? l.number("low", 0.0) : 0.0;
    out.latency.high = l.number_or_infinite("high");
    out.latency.blocks = l.small("blocks");
    out.latency.verdict = l.one_of("verdict", kLatencyVerdictNames);
  });
  fields.object("accuracy", [&](Fields& a) {
    if (a.has("labels")) {  // absent in what was compared before there were several
      out.accuracy.labels = a.one_of("labels", kLabelSourceNames);
    }
    out.accuracy.delta = a.number("delta", -2.0, 2.0);
    out.accuracy.low = a.number("low", -2.0, 2.0);
    out.accuracy.high = a.number("high", -2.0, 2.0);
    out.accuracy.images = a.small("images");
    out.accuracy.verdict = a.one_of("verdict", kAccuracyVerdictNames);
  });
  out.verdict = fields.one_of("verdict", kVerdictNames);
  out.sentence = fields.text("sentence");
  return out;
}

TaskResult read_prepare(Fields& fields) {
  PrepareResult out;
  out.images = fields.small("images");
  out.layers = fields.small("layers");
  if (fields.has("guidance")) {  // absent in what was prepared before there was any
    fields.object("guidance", [&](Fields& guidance) { out.guidance = read_guidance(guidance); });
  }
  return out;
}

Json finite_or_null(double x) {
  return std::isfinite(x) ? Json(x) : Json(nullptr);
}

Json value_of(const ModelSummary& r) {
  return summary_value(r);
}

Json value_of(const DatasetCounts& r) {
  return {{"calibration_images", r.calibration_images},
          {"validation_images", r.validation_images},
          {"boxes", r.boxes},
          {"labelled", r.labelled},
          {"classes", r.classes},
          {"class_boxes", r.class_boxes},
          {"notes", r.notes}};
}

Json value_of(const PrepareResult& r) {
  return {{"images", r.images}, {"layers", r.layers}, {"guidance", guidance_value(r.guidance)}};
}

Json value_of(const BuildResult& r) {
  Json widths = Json::object();
  for (const auto& [group, width] : r.widths) {
    widths[group] = {{"kept", width.kept}, {"of", width.of}};
  }
  return {{"macs", r.macs},
          {"parameters", r.parameters},
          {"bytes", r.bytes},
          {"widths", std::move(widths)}};
}

Json value_of(const Accuracy& r) {
  return accuracy_value(r);
}

Json value_of(const Measurement& r) {
  return measurement_value(r);
}

Json value_of(const DeviceCheck& r) {
  return device_check_value(r);
}

Json value_of(const Training& r) {
  return training_value(r);
}

Json value_of(const CompareResult& r) {
  const Json latency = {{"ratio", r.latency.ratio},
                        {"low", r.latency.low},
                        {"high", finite_or_null(r.latency.high)},
                        {"blocks", r.latency.blocks},
                        {"verdict", name_of(r.latency.verdict)}};
  const Json accuracy = {{"labels", name_of(r.accuracy.labels)},
                         {"delta", r.accuracy.delta},
                         {"low", r.accuracy.low},
                         {"high", r.accuracy.high},
                         {"images", r.accuracy.images},
                         {"verdict", name_of(r.accuracy.verdict)}};
  return {{"latency", latency},
          {"accuracy", accuracy},
          {"verdict", name_of(r.verdict)},
          {"sentence", r.sentence}};
}

}  // namespace

TaskResult read_result(Fields& fields, TaskKind kind) {
  switch (kind) {
    case TaskKind::kInspectModel: return read_summary(fields);
    case TaskKind::kInspectDataset: return read_dataset(fields);
    case TaskKind::kPrepare: return read_prepare(fields);
    case TaskKind::kBuild: return read_build(fields);
    case TaskKind::kEvaluate: return read_accuracy(fields);
    case TaskKind::kBenchmark: return read_benchmark(fields);
    case TaskKind::kCompare: return read_compare(fields);
    case TaskKind::kCheck: return read_device_check(fields);
    case TaskKind::kTrain: return read_training(fields);
  }
  PARE_CHECK(false, "a kind of task without a result");
}

Json result_value(const TaskResult& result) {
  return std::visit([](const auto& r) { return value_of(r); }, result);
}

Schema build_schema() {
  const Schema width =
      schema::object({schema::must("kept", schema::small()), schema::must("of", schema::small(1))});
  return schema::object({schema::must("macs", schema::whole()),
                         schema::must("parameters", schema::whole()),
                         schema::must("bytes", schema::whole()),
                         schema::must("widths", schema::by_name(width))})
      .named("Build");
}

Schema compare_schema() {
  const Schema latency = schema::object(
      {schema::must("ratio", schema::number(0)), schema::must("low", schema::number(0)),
       schema::must("high", schema::number(0).or_null()), schema::must("blocks", schema::small()),
       schema::must("verdict", schema::one_of(kLatencyVerdictNames))});
  const Schema delta = schema::number(-2, 2);
  const Schema accuracy =
      schema::object({schema::may("labels", schema::one_of(kLabelSourceNames)),
                      schema::must("delta", delta), schema::must("low", delta),
                      schema::must("high", delta), schema::must("images", schema::small()),
                      schema::must("verdict", schema::one_of(kAccuracyVerdictNames))});
  return schema::object({schema::must("latency", latency), schema::must("accuracy", accuracy),
                         schema::must("verdict", schema::one_of(kVerdictNames)),
                         schema::must("sentence", schema::text())})
      .named("CompareResult");
}

}  // namespace pare::wire
