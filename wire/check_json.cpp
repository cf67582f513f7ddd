#include "wire/check_json.h"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "wire/parts.h"

namespace pare::wire {
namespace {

using Json = nlohmann::json;

constexpr int kMostChannels = 1 << 20;

QdqPlacement read_placement(Fields& fields) {
  return static_cast<QdqPlacement>(fields.one_of("placement", kPlacementNames));
}

Json value_of(QdqPlacement placement) {
  return kPlacementNames[static_cast<std::size_t>(placement)];
}

KernelTiming read_kernel(Fields& fields) {
  KernelTiming out;
  out.kernel = fields.one_of("class", kKernelClassNames);
  out.channels = fields.small("channels", 1, kMostChannels);
  out.size = fields.small("size", 1);
  if (fields.has("placement")) out.placement = read_placement(fields);
  out.median_us = fields.number("median_us", 0.0);
  if (fields.has("floats")) out.floats = read_precision(fields, "floats", kFloatPrecisions);
  return out;
}

CorrectnessProbe read_probe(Fields& fields) {
  CorrectnessProbe out;
  out.network = fields.text("network");
  out.trait = fields.one_of("trait", kModelTraitNames);
  out.placement = read_placement(fields);
  out.weight_bits = fields.small("weight_bits", 7, 8);
  out.error = fields.number_or_infinite("error");
  out.expected = fields.number("expected", 0.0);
  if (fields.has("failure")) out.failure = fields.text("failure");
  out.ok = fields.boolean("ok");
  return out;
}

FloatCheck read_float_check(Fields& fields) {
  FloatCheck out;
  out.precision = read_precision(fields, "precision", kFloatPrecisions);
  out.error = fields.number_or_infinite("error");
  if (fields.has("why_not")) out.why_not = fields.text("why_not");
  return out;
}

AvoidRule read_rule(Fields& fields) {
  AvoidRule out;
  out.trait = fields.one_of("trait", kModelTraitNames);
  if (fields.has("placement")) out.placement = read_placement(fields);
  if (fields.has("weight_bits")) out.weight_bits = fields.small("weight_bits", 7, 8);
  out.reason = fields.text("reason");
  if (out.reason.empty()) fields.refuse("reason", "say why");
  return out;
}

Json kernels_value(const std::vector<KernelTiming>& kernels) {
  Json out = Json::array();
  for (const KernelTiming& k : kernels) {
    out.push_back({{"class", name_of(k.kernel)},
                   {"channels", k.channels},
                   {"size", k.size},
                   {"placement", k.placement ? value_of(*k.placement) : Json(nullptr)},
                   {"median_us", k.median_us}});
    if (k.floats != Precision::kFp32) out.back()["floats"] = name_of(k.floats);
  }
  return out;
}

Json floats_value(const std::vector<FloatCheck>& floats) {
  Json out = Json::array();
  for (const FloatCheck& check : floats) {
    out.push_back({{"precision", name_of(check.precision)},
                   {"error", std::isfinite(check.error) ? Json(check.error) : Json(nullptr)},
                   {"why_not", check.why_not.empty() ? Json(nullptr) : Json(check.why_not)}});
  }
  return out;
}

Json probes_value(const std::vector<CorrectnessProbe>& probes) {
  Json out = Json::array();
  for (const CorrectnessProbe& p : probes) {
    out.push_back({{"network", p.network},
                   {"trait", name_of(p.trait)},
                   {"placement", value_of(p.placement)},
                   {"weight_bits", p.weight_bits},
                   {"error", std::isfinite(p.error) ? Json(p.error) : Json(nullptr)},
                   {"expected", p.expected},
                   {"failure", p.failure.empty() ? Json(nullptr) : Json(p.failure)},
                   {"ok", p.ok}});
  }
  return out;
}

Json rules_value(const std::vector<AvoidRule>& rules) {
  Json out = Json::array();
  for (const AvoidRule& r : rules) {
    out.push_back({{"trait", name_of(r.trait)},
                   {"placement", r.placement ? value_of(*r.placement) : Json(nullptr)},
                   {"weight_bits", r.weight_bits ? Json(*r.weight_bits) : Json(nullptr)},
                   {"reason", r.reason}});
  }
  return out;
}

}  // namespace

DeviceCheck read_device_check(Fields& fields) {
  DeviceCheck out;
  out.cpu_model = fields.text("cpu_model");
  if (fields.has("processor")) out.processor = fields.text("processor");
  out.runtime_version = fields.text("runtime_version");
  out.int8 = fields.boolean("int8");
  if (fields.has("refused")) out.refused = fields.text("refused");
  fields.objects("kernels", [&](Fields& kernel) { out.kernels.push_back(read_kernel(kernel)); });
  fields.objects("correctness",
                 [&](Fields& probe) { out.correctness.push_back(read_probe(probe)); });
  if (fields.has("floats")) {
    fields.objects("floats", [&](Fields& check) { out.floats.push_back(read_float_check(check)); });
  }
  fields.objects("avoid", [&](Fields& rule) { out.avoid.push_back(read_rule(rule)); });
  out.findings = fields.texts("findings");
  out.canary_ms = fields.numbers("canary_ms");
  out.seconds = fields.number("seconds", 0.0);
  return out;
}

Result<DeviceCheck> parse_device_check(std::string_view text) {
  return decode(text, "check", read_device_check);
}

Json device_check_value(const DeviceCheck& check) {
  return {{"cpu_model", check.cpu_model},
          {"processor", check.processor},
          {"runtime_version", check.runtime_version},
          {"int8", check.int8},
          {"refused", check.refused.empty() ? Json(nullptr) : Json(check.refused)},
          {"kernels", kernels_value(check.kernels)},
          {"correctness", probes_value(check.correctness)},
          {"floats", floats_value(check.floats)},
          {"avoid", rules_value(check.avoid)},
          {"findings", check.findings},
          {"canary_ms", check.canary_ms},
          {"seconds", check.seconds}};
}

namespace {

Schema placement_schema() {
  return schema::one_of(kPlacementNames);
}

Schema kernel_timing_schema() {
  return schema::object({schema::must("class", schema::one_of(kKernelClassNames)),
                         schema::must("channels", schema::small(1, kMostChannels)),
                         schema::must("size", schema::small(1)),
                         schema::wish("placement", placement_schema()),
                         schema::must("median_us", schema::number(0)),
                         schema::may("floats", schema::precision(kFloatPrecisions))});
}

Schema correctness_schema() {
  return schema::object({schema::must("network", schema::text()),
                         schema::must("trait", schema::one_of(kModelTraitNames)),
                         schema::must("placement", placement_schema()),
                         schema::must("weight_bits", schema::small(7, 8)),
                         schema::must("error", schema::number(0).or_null()),
                         schema::must("expected", schema::number(0)),
                         schema::wish("failure", schema::text()),
                         schema::must("ok", schema::truth())});
}

Schema rule_schema() {
  return schema::object({schema::must("trait", schema::one_of(kModelTraitNames)),
                         schema::wish("placement", placement_schema()),
                         schema::wish("weight_bits", schema::small(7, 8)),
                         schema::must("reason", schema::text(1))});
}

}  // namespace

Schema device_check_schema() {
  const Schema floats =
      schema::object({schema::must("precision", schema::precision(kFloatPrecisions)),
                      schema::must("error", schema::number(0).or_null()),
                      schema::wish("why_not", schema::text())});
  return schema::object(
             {schema::must("cpu_model", schema::text()), schema::may("processor", schema::text()),
              schema::must("runtime_version", schema::text()),
              schema::must("int8", schema::truth()), schema::wish("refused", schema::text()),
              schema::must("kernels", schema::list(kernel_timing_schema())),
              schema::must("correctness", schema::list(correctness_schema())),
              schema::may("floats", schema::list(floats)),
              schema::must("avoid", schema::list(rule_schema())),
              schema::must("findings", schema::list(schema::text())),
              schema::must("canary_ms", schema::list(schema::number())),
              schema::must("seconds", schema::number(0))})
      .named("DeviceCheck");
}

}  // namespace pare::wire
