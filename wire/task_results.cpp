#include "wire/task_results.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "wire/check_json.h"
#include "wire/fingerprint_json.h"
#include "wire/guidance_json.h"
#include "wire/parts.h"
#include "wire/task_parts.h"

namespace pare::wire {
namespace {

using Json = nlohmann::json;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::array<std::string_view, 4> kLatencyVerdicts = {"FASTER", "SLOWER", "EQUIVALENT",
                                                              "INCONCLUSIVE"};
constexpr std::array<std::string_view, 3> kAccuracyVerdicts = {"NOT_WORSE", "WORSE",
                                                               "INCONCLUSIVE"};
constexpr std::array<std::string_view, 3> kVerdicts = {"BETTER", "NOT_BETTER", "INCONCLUSIVE"};
// In the order of LabelSource.
constexpr std::array<std::string_view, 3> kLabels = {"ground_truth", "teacher", "raw_outputs"};

TaskResult read_dataset(Fields& fields) {
  DatasetSummary out;
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

// Absent in what was measured before there were any.
OutputFingerprint read_fingerprint_field(Fields& fields) {
  OutputFingerprint out;
  if (!fields.has("fingerprint")) return out;
  fields.object("fingerprint", [&](Fields& outputs) { out = read_fingerprint(outputs); });
  return out;
}

TaskResult read_evaluate(Fields& fields) {
  EvaluateResult out;
  out.map_50_95 = fields.number("map_50_95", -1.0, 1.0);
  fields.object("coco", [&](Fields& coco) {
    for (std::size_t i = 0; i < kCocoFigures.size(); ++i) {
      out.coco[i] = coco.number(kCocoFigures[i], -1.0, 1.0);
    }
  });
  fields.object("per_class", [&](Fields& classes) {
    for (const std::string& name : classes.names()) {
      out.per_class[name] = classes.number(name, -1.0, 1.0);
    }
  });
  out.images = fields.small("images", 1);
  out.labels = static_cast<LabelSource>(fields.one_of("labels", kLabels));
  if (fields.has("draws")) out.draws = fields.numbers("draws");
  if (fields.has("expected")) out.expected = fields.number("expected", 0.0, 1.0);
  if (fields.has("runtime_version")) out.runtime_version = fields.text("runtime_version");
  if (fields.has("processor")) out.processor = fields.text("processor");
  if (fields.has("scoring")) out.scoring = fields.text("scoring");
  out.fingerprint = read_fingerprint_field(fields);
  if (fields.has("held_back")) {
    fields.object("held_back", [&](Fields& part) {
      out.held_back =
          HeldBackResult{part.number("map_50_95", -1.0, 1.0), part.small("images", 1),
                         part.has("draws") ? part.numbers("draws") : std::vector<double>()};
    });
  }
  return out;
}

TaskResult read_benchmark(Fields& fields) {
  BenchmarkResult out;
  out.median_ms = fields.number("median_ms", 0.0);
  out.low_ms = fields.number("low_ms", 0.0, out.median_ms);
  out.high_ms = fields.number("high_ms", out.median_ms);
  if (fields.has("p90_ms")) out.p90_ms = fields.number("p90_ms", 0.0);
  out.samples_ms = fields.numbers("samples_ms");
  if (out.samples_ms.empty()) fields.refuse("samples_ms", "hold at least one sample");
  out.load_ms = fields.number("load_ms", 0.0);
  out.peak_memory_bytes = fields.integer("peak_memory_bytes");
  if (fields.has("parity")) {
    fields.object("parity", [&](Fields& parity) {
      out.parity = ParityResult{parity.small("images", 1), parity.number_or_infinite("max_error"),
                                parity.number("tolerance", 0.0),
                                parity.has("output") ? parity.text("output") : ""};
    });
  }
  if (fields.has("canary")) {
    fields.object("canary", [&](Fields& canary) {
      out.canary = CanaryResult{canary.number("before_ms", 0.0), canary.number("after_ms", 0.0)};
    });
  }
  if (fields.has("layers_ms")) {
    fields.object("layers_ms", [&](Fields& layers) {
      for (const std::string& layer : layers.names()) {
        out.layers_ms[layer] = layers.number(layer, 0.0);
      }
    });
  }
  out.fingerprint = read_fingerprint_field(fields);
  out.evidence_json = fields.object_text("evidence");
  return out;
}

TaskResult read_compare(Fields& fields) {
  CompareResult out;
  fields.object("latency", [&](Fields& l) {
    out.latency.ratio = l.number("ratio", 0.0);
    out.latency.low = l.has("low") ? l.number("low", 0.0) : 0.0;
    out.latency.high = l.number_or_infinite("high");
    out.latency.blocks = l.small("blocks");
    out.latency.verdict = static_cast<LatencyVerdict>(l.one_of("verdict", kLatencyVerdicts));
  });
  fields.object("accuracy", [&](Fields& a) {
    if (a.has("labels")) {  // absent in what was compared before there were several
      out.accuracy.labels = static_cast<LabelSource>(a.one_of("labels", kLabels));
    }
    out.accuracy.delta = a.number("delta", -2.0, 2.0);
    out.accuracy.low = a.number("low", -2.0, 2.0);
    out.accuracy.high = a.number("high", -2.0, 2.0);
    out.accuracy.images = a.small("images");
    out.accuracy.verdict = static_cast<AccuracyVerdict>(a.one_of("verdict", kAccuracyVerdicts));
  });
  out.verdict = static_cast<Verdict>(fields.one_of("verdict", kVerdicts));
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

Json value_of(const DatasetSummary& r) {
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

Json value_of(const EvaluateResult& r) {
  Json coco;
  for (std::size_t i = 0; i < kCocoFigures.size(); ++i) {
    coco[std::string(kCocoFigures[i])] = r.coco[i];
  }
  Json held_back;
  if (r.held_back) {
    held_back = {{"map_50_95", r.held_back->map_50_95},
                 {"images", r.held_back->images},
                 {"draws", r.held_back->draws}};
  }
  return {{"map_50_95", r.map_50_95},
          {"coco", std::move(coco)},
          {"per_class", r.per_class},
          {"images", r.images},
          {"labels", name_of(r.labels)},
          {"draws", r.draws},
          {"expected", r.expected ? Json(*r.expected) : Json(nullptr)},
          {"runtime_version", r.runtime_version},
          {"processor", r.processor},
          {"scoring", r.scoring},
          {"held_back", std::move(held_back)},
          {"fingerprint", fingerprint_value(r.fingerprint)}};
}

Json value_of(const BenchmarkResult& r) {
  Json parity;
  if (r.parity) {
    parity = {{"images", r.parity->images},
              {"max_error", finite_or_null(r.parity->max_error)},
              {"tolerance", r.parity->tolerance}};
    if (!r.parity->output.empty()) parity["output"] = r.parity->output;
  }
  Json canary;
  if (r.canary) canary = {{"before_ms", r.canary->before_ms}, {"after_ms", r.canary->after_ms}};
  Json evidence = Json::parse(r.evidence_json, nullptr, false);
  if (!evidence.is_object()) evidence = Json::object();
  return {{"median_ms", r.median_ms},
          {"low_ms", r.low_ms},
          {"high_ms", r.high_ms},
          {"p90_ms", r.p90_ms ? Json(*r.p90_ms) : Json(nullptr)},
          {"samples_ms", r.samples_ms},
          {"load_ms", r.load_ms},
          {"peak_memory_bytes", r.peak_memory_bytes},
          {"parity", std::move(parity)},
          {"canary", std::move(canary)},
          {"layers_ms", r.layers_ms},
          {"fingerprint", fingerprint_value(r.fingerprint)},
          {"evidence", std::move(evidence)}};
}

Json value_of(const DeviceCheck& r) {
  return device_check_value(r);
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
    case TaskKind::kEvaluate: return read_evaluate(fields);
    case TaskKind::kBenchmark: return read_benchmark(fields);
    case TaskKind::kCompare: return read_compare(fields);
    case TaskKind::kCheck: return read_device_check(fields);
  }
  PARE_CHECK(false, "a kind of task without a result");
}

Json result_value(const TaskResult& result) {
  return std::visit([](const auto& r) { return value_of(r); }, result);
}

}  // namespace pare::wire
