#include "coordinator/http/report_view.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "coordinator/http/route_doc.h"
#include "coordinator/http/views.h"
#include "core/names.h"

namespace pare::coordinator {
namespace {

using nlohmann::ordered_json;

constexpr std::array kCutNames = {
    Named<CutKind>{CutKind::kInput, "input"},     Named<CutKind>{CutKind::kWidth, "width"},
    Named<CutKind>{CutKind::kBlock, "block"},     Named<CutKind>{CutKind::kKernel, "kernel"},
    Named<CutKind>{CutKind::kInt8, "int8"},       Named<CutKind>{CutKind::kFloats, "floats"},
    Named<CutKind>{CutKind::kStorage, "storage"}, Named<CutKind>{CutKind::kZeros, "zeros"},
};

ordered_json view_of(const ReportedCut& cut) {
  ordered_json view = {{"kind", name_in(kCutNames, cut.kind)}};
  if (!cut.what.empty()) view["what"] = cut.what;
  view.update({{"from", cut.from}, {"to", cut.to}, {"why", cut.why}});
  if (cut.damage) view["expected_damage"] = *cut.damage;
  if (cut.macs_saved) view["macs_saved"] = *cut.macs_saved;
  return view;
}

double share_of(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

// Sums over the layers, which shares are of.
struct Sums {
  double macs = 0;
  double bytes = 0;
  std::map<std::string, double> ms;  // by target
};

Sums sums_of(const std::vector<ReportedLayer>& layers) {
  Sums sums;
  for (const ReportedLayer& layer : layers) {
    sums.macs += static_cast<double>(layer.own.macs);
    sums.bytes += static_cast<double>(layer.own.bytes);
    for (const auto& [target, time] : layer.times) sums.ms[target] += time.ms.value_or(0);
  }
  return sums;
}

ordered_json work_view(const LayerWork& work) {
  return {{"inputs", work.inputs},
          {"outputs", work.outputs},
          {"macs", work.macs},
          {"bytes", work.bytes}};
}

ordered_json view_of(const ReportedLayer& layer, const Sums& sums) {
  ordered_json view = {{"layer", layer.name}, {"op", layer.op}};
  if (layer.gone) view["gone"] = true;
  view["precision"] = layer.precision;
  if (!layer.why_float.empty()) view["why_float"] = layer.why_float;
  view.update(work_view(layer.own));
  view["macs_share"] = share_of(static_cast<double>(layer.own.macs), sums.macs);
  view["bytes_share"] = share_of(static_cast<double>(layer.own.bytes), sums.bytes);
  view["original"] = work_view(layer.original);
  if (layer.int8_damage) view["int8_damage"] = *layer.int8_damage;
  for (const auto& [target, time] : layer.times) {
    ordered_json on = ordered_json::object();
    if (time.ms) on = {{"ms", *time.ms}, {"share", share_of(*time.ms, sums.ms.at(target))}};
    if (time.original_ms) on["original_ms"] = *time.original_ms;
    view["times"][target] = std::move(on);
  }
  return view;
}

// What a front says of its place among others is not about one alone.
bool is_of_a_front(std::string_view name) {
  return name == "on_front" || name == "plan_sha256" || name == "candidate_sha256";
}

ordered_json view_of(const ReportedTarget& on) {
  ordered_json view = {{"target", on.target}};
  if (!on.infeasible.empty()) view["infeasible"] = on.infeasible;
  if (!on.member) return view;
  const ordered_json member = view_of(*on.member);
  for (const auto& [name, value] : member.items()) {
    if (!is_of_a_front(name)) view[name] = value;
  }
  return view;
}

wire::Schema cut_schema() {
  return schema::object({schema::must("kind", schema::one_of(kCutNames)),
                         schema::may("what", schema::text().about("absent: everywhere")),
                         schema::must("from", schema::text()), schema::must("to", schema::text()),
                         schema::must("why", schema::text()),
                         schema::may("expected_damage", schema::number()),
                         schema::may("macs_saved", schema::whole())});
}

std::vector<schema::Field> work_fields() {
  return {schema::must("inputs", schema::small()), schema::must("outputs", schema::small()),
          schema::must("macs", schema::whole()), schema::must("bytes", schema::whole())};
}

wire::Schema reported_layer_schema() {
  const wire::Schema time = schema::object({schema::may("ms", schema::number(0)),
                                            schema::may("share", schema::number(0, 1)),
                                            schema::may("original_ms", schema::number(0))});
  std::vector<schema::Field> fields = work_fields();
  for (schema::Field field :
       {schema::must("layer", schema::text()), schema::must("op", schema::text()),
        schema::may("gone", schema::truth()), schema::must("precision", schema::text()),
        schema::may("why_float", schema::text()), schema::must("macs_share", schema::number(0, 1)),
        schema::must("bytes_share", schema::number(0, 1)),
        schema::must("original", schema::object(work_fields())),
        schema::may("int8_damage", schema::number()),
        schema::may("times", schema::by_name(time).about("by target"))}) {
    fields.push_back(std::move(field));
  }
  return schema::object(fields).named("ReportLayer");
}

wire::Schema reported_target_schema() {
  std::vector<schema::Field> fields = {schema::must("target", schema::text()),
                                       schema::may("infeasible", schema::text(1))};
  for (schema::Field field : member_fields()) {
    if (is_of_a_front(field.name)) continue;
    field.required = false;
    fields.push_back(std::move(field));
  }
  return schema::object(fields).named("ReportTarget");
}

}  // namespace

std::vector<schema::Field> report_fields() {
  return {schema::must("description", schema::text()),
          schema::must("cuts", schema::list(cut_schema())),
          schema::must("layers", schema::list(reported_layer_schema())),
          schema::must("targets", schema::list(reported_target_schema())),
          schema::must("unknown", schema::list(schema::text()))};
}

ordered_json view_of(const CandidateReport& report) {
  ordered_json view = {{"description", report.description}};
  for (const char* list : {"cuts", "layers", "targets"}) view[list] = ordered_json::array();
  for (const ReportedCut& cut : report.cuts) view["cuts"].push_back(view_of(cut));
  const Sums sums = sums_of(report.layers);
  for (const ReportedLayer& layer : report.layers) view["layers"].push_back(view_of(layer, sums));
  for (const ReportedTarget& on : report.targets) view["targets"].push_back(view_of(on));
  view["unknown"] = report.unknown;
  return view;
}

}  // namespace pare::coordinator
