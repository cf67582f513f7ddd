#include "wire/measurement_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "wire/fingerprint_json.h"
#include "wire/parts.h"

namespace pare::wire {
namespace {

using Json = nlohmann::json;

Parity read_parity(Fields& fields) {
  return {fields.small("images", 1), fields.number_or_infinite("max_error"),
          fields.number("tolerance", 0.0), fields.has("output") ? fields.text("output") : ""};
}

Json parity_value(const Parity& parity) {
  const bool finite = std::isfinite(parity.max_error);
  Json value = {{"images", parity.images},
                {"max_error", finite ? Json(parity.max_error) : Json(nullptr)},
                {"tolerance", parity.tolerance}};
  if (!parity.output.empty()) value["output"] = parity.output;
  return value;
}

Json evidence_of(const Measurement& measurement) {
  Json evidence = Json::parse(measurement.evidence_json, nullptr, false);
  return evidence.is_object() ? evidence : Json::object();
}

std::string processor_in(const Json& evidence) {
  const auto at = evidence.find("processor");
  return at != evidence.end() && at->is_string() ? at->get<std::string>() : std::string();
}

// Of one that was sent or kept by a version before, the samples themselves.
void read_samples(Fields& fields, Measurement& out) {
  if (fields.has("samples_ms")) out.samples_ms = fields.numbers("samples_ms");
  out.samples = static_cast<int>(out.samples_ms.size());
  if (fields.has("samples")) out.samples = fields.small("samples");
  if (fields.has("samples_sha256")) out.samples_sha256 = fields.sha256("samples_sha256");
}

}  // namespace

Measurement read_measurement(Fields& fields) {
  Measurement out;
  out.median = Millis(fields.number("median_ms", 0.0));
  out.low = Millis(fields.number("low_ms", 0.0, out.median.count()));
  out.high = Millis(fields.number("high_ms", out.median.count()));
  if (fields.has("p90_ms")) out.p90 = Millis(fields.number("p90_ms", 0.0));
  read_samples(fields, out);
  out.load = Millis(fields.number("load_ms", 0.0));
  out.peak_memory_bytes = fields.integer("peak_memory_bytes");
  if (fields.has("parity")) {
    fields.object("parity", [&](Fields& parity) { out.parity = read_parity(parity); });
  }
  if (fields.has("canary")) {
    fields.object("canary", [&](Fields& canary) {
      out.canary = CanaryPair{canary.number("before_ms", 0.0), canary.number("after_ms", 0.0)};
    });
  }
  if (fields.has("layers_ms")) {
    fields.object("layers_ms", [&](Fields& layers) {
      for (const std::string& layer : layers.names()) {
        out.layers_ms[layer] = layers.number(layer, 0.0);
      }
    });
  }
  if (fields.has("fingerprint")) {
    fields.object("fingerprint", [&](Fields& f) { out.fingerprint = read_fingerprint(f); });
  }
  out.evidence_json = fields.object_text("evidence");
  out.processor = processor_in(evidence_of(out));
  return out;
}

Json measurement_value(const Measurement& m) {
  Json canary;
  if (m.canary) canary = {{"before_ms", m.canary->before_ms}, {"after_ms", m.canary->after_ms}};
  Json value = {{"median_ms", m.median.count()},
                {"low_ms", m.low.count()},
                {"high_ms", m.high.count()},
                {"p90_ms", m.p90 ? Json(m.p90->count()) : Json(nullptr)},
                {"samples", m.samples},
                {"load_ms", m.load.count()},
                {"peak_memory_bytes", m.peak_memory_bytes},
                {"parity", m.parity ? parity_value(*m.parity) : Json(nullptr)},
                {"canary", std::move(canary)},
                {"layers_ms", m.layers_ms},
                {"fingerprint", fingerprint_value(m.fingerprint)},
                {"evidence", evidence_of(m)}};
  if (!m.samples_ms.empty()) value["samples_ms"] = m.samples_ms;
  if (!m.samples_sha256.empty()) value["samples_sha256"] = m.samples_sha256;
  return value;
}

std::string measurement_to_json(const Measurement& measurement) {
  return dump(measurement_value(measurement));
}

Result<Measurement> parse_measurement(std::string_view json) {
  return decode(json, "measurement", read_measurement);
}

std::string samples_to_json(std::span<const double> samples_ms) {
  return dump(Json{{"samples_ms", std::vector<double>(samples_ms.begin(), samples_ms.end())}});
}

Result<std::vector<double>> parse_samples(std::string_view json) {
  return decode(json, "samples", [](Fields& fields) { return fields.numbers("samples_ms"); });
}

namespace {

// Whoever measured says it (engine/harness/evidence.cpp), and may say more: nothing here reads it.
Schema evidence_schema() {
  const Schema state = schema::open_object({schema::may("load_average", schema::number(0)),
                                            schema::may("governor", schema::text()),
                                            schema::may("frequency_mhz", schema::number(0)),
                                            schema::may("temperature_celsius", schema::number()),
                                            schema::may("throttle_count", schema::whole())});
  return schema::open_object(
             {schema::may("runtime", schema::text()),
              schema::may("versions", schema::by_name(schema::text())),
              schema::may("settings", schema::by_name(schema::text())),
              schema::may("threads", schema::small()),
              schema::may("cores", schema::list(schema::small())),
              schema::may("cpu_model", schema::text()), schema::may("processor", schema::text()),
              schema::may("kernel", schema::text()), schema::may("memory_bytes", schema::whole()),
              schema::may("before", state), schema::may("after", state),
              schema::may("warmup_runs", schema::small()),
              schema::may("stationary", schema::truth())})
      .named("Evidence");
}

}  // namespace

Schema measurement_schema() {
  const Schema parity = schema::object({schema::must("images", schema::small(1)),
                                        schema::must("max_error", schema::number(0).or_null()),
                                        schema::must("tolerance", schema::number(0)),
                                        schema::may("output", schema::text())});
  const Schema canary = schema::object(
      {schema::must("before_ms", schema::number(0)), schema::must("after_ms", schema::number(0))});
  return schema::object(
             {schema::must("median_ms", schema::number(0)),
              schema::must("low_ms", schema::number(0)), schema::must("high_ms", schema::number(0)),
              schema::must("p90_ms", schema::number(0).or_null()),
              schema::must("samples", schema::small()),
              schema::may("samples_sha256", schema::sha256()),
              schema::must("load_ms", schema::number(0)),
              schema::must("peak_memory_bytes", schema::whole()),
              schema::must("parity", parity.or_null()), schema::must("canary", canary.or_null()),
              schema::must("fingerprint", fingerprint_schema()),
              schema::must("evidence", evidence_schema())})
      .named("Measurement");
}

Schema samples_schema() {
  return schema::object({schema::must("samples_ms", schema::list(schema::number(0)))})
      .named("Samples");
}

}  // namespace pare::wire
