#include "wire/guidance_json.h"

#include <nlohmann/json.hpp>

#include "wire/parts.h"

namespace pare::wire {
namespace {

constexpr std::int64_t kMostChannels = 1 << 20;

GroupSensitivity read_group(Fields& fields) {
  GroupSensitivity out;
  out.group = fields.text("group");
  for (const std::int64_t width : fields.integers("widths", 1, kMostChannels)) {
    out.widths.push_back(static_cast<int>(width));
  }
  out.damage = fields.numbers("damage");
  out.macs_saved = fields.integers("macs_saved", 0, std::numeric_limits<std::int64_t>::max());
  if (out.damage.size() != out.widths.size()) fields.refuse("damage", "have one value a width");
  if (out.macs_saved.size() != out.widths.size()) {
    fields.refuse("macs_saved", "have one value a width");
  }
  return out;
}

Allocation read_allocation(Fields& fields) {
  Allocation out;
  out.macs_saved = fields.number("macs_saved", 0.0, 1.0);
  out.damage = fields.number("damage", 0.0);
  fields.object("widths", [&](Fields& widths) {
    for (const std::string& group : widths.names()) out.widths[group] = widths.small(group, 1);
  });
  return out;
}

LayerSensitivity read_layer(Fields& fields) {
  LayerSensitivity out;
  out.layer = fields.text("layer");
  out.damage = fields.number("damage", 0.0);
  return out;
}

}  // namespace

Guidance read_guidance(Fields& fields) {
  Guidance out;
  fields.objects("groups", [&](Fields& group) { out.groups.push_back(read_group(group)); });
  fields.objects("allocations",
                 [&](Fields& one) { out.allocations.push_back(read_allocation(one)); });
  fields.objects("int8_layers",
                 [&](Fields& layer) { out.int8_layers.push_back(read_layer(layer)); });
  out.notes = fields.texts("notes");
  if (fields.has("left_out")) out.left_out = read_tried_sizes(fields, "left_out");
  if (fields.has("why_no_int8")) out.why_no_int8 = fields.text("why_no_int8");
  return out;
}

nlohmann::json guidance_value(const Guidance& guidance) {
  nlohmann::json groups = nlohmann::json::array();
  for (const GroupSensitivity& g : guidance.groups) {
    groups.push_back({{"group", g.group},
                      {"widths", g.widths},
                      {"damage", g.damage},
                      {"macs_saved", g.macs_saved}});
  }
  nlohmann::json allocations = nlohmann::json::array();
  for (const Allocation& a : guidance.allocations) {
    allocations.push_back(
        {{"macs_saved", a.macs_saved}, {"damage", a.damage}, {"widths", a.widths}});
  }
  nlohmann::json layers = nlohmann::json::array();
  for (const LayerSensitivity& l : guidance.int8_layers) {
    layers.push_back({{"layer", l.layer}, {"damage", l.damage}});
  }
  nlohmann::json out = {{"groups", std::move(groups)},
                        {"allocations", std::move(allocations)},
                        {"int8_layers", std::move(layers)},
                        {"notes", guidance.notes}};
  if (!guidance.left_out.empty()) out["left_out"] = tried_sizes_value(guidance.left_out);
  if (!guidance.why_no_int8.empty()) out["why_no_int8"] = guidance.why_no_int8;
  return out;
}

}  // namespace pare::wire
