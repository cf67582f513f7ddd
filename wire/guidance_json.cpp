#include "wire/guidance_json.h"

#include <nlohmann/json.hpp>

#include "wire/parts.h"

namespace pare::wire {
namespace {

constexpr std::int64_t kMostChannels = 1 << 20;
constexpr std::int64_t kLargestKernel = 255;

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
  if (fields.has("skip")) {
    for (std::string& block : fields.texts("skip")) out.skip.insert(std::move(block));
  }
  if (fields.has("kernels")) {
    fields.object("kernels", [&](Fields& kernels) {
      for (const std::string& layer : kernels.names()) {
        out.kernels[layer] = kernels.small(layer, 1, static_cast<int>(kLargestKernel));
      }
    });
  }
  return out;
}

// One value for each of `count` choices.
void read_costs(Fields& fields, std::size_t count, std::vector<double>& damage,
                std::vector<std::int64_t>& macs_saved) {
  damage = fields.numbers("damage");
  macs_saved = fields.integers("macs_saved", 0, std::numeric_limits<std::int64_t>::max());
  if (damage.size() != count) fields.refuse("damage", "have one value a choice");
  if (macs_saved.size() != count) fields.refuse("macs_saved", "have one value a choice");
}

StageSensitivity read_stage(Fields& fields) {
  StageSensitivity out;
  out.blocks = fields.texts("blocks");
  read_costs(fields, out.blocks.size(), out.damage, out.macs_saved);
  return out;
}

KernelSensitivity read_kernel(Fields& fields) {
  KernelSensitivity out;
  out.layer = fields.text("layer");
  for (const std::int64_t size : fields.integers("sizes", 1, kLargestKernel)) {
    out.sizes.push_back(static_cast<int>(size));
  }
  read_costs(fields, out.sizes.size(), out.damage, out.macs_saved);
  return out;
}

LayerSensitivity read_layer(Fields& fields) {
  LayerSensitivity out;
  out.layer = fields.text("layer");
  out.damage = fields.number("damage", 0.0);
  return out;
}

}  // namespace

PartChoices read_part_choices(Fields& fields) {
  PartChoices out;
  if (fields.has("blocks")) {
    fields.objects("blocks", [&](Fields& stage) { out.blocks.push_back(read_stage(stage)); });
  }
  if (fields.has("kernels")) {
    fields.objects("kernels", [&](Fields& one) { out.kernels.push_back(read_kernel(one)); });
  }
  return out;
}

void add_part_choices(const PartChoices& parts, nlohmann::json& fields) {
  for (const StageSensitivity& s : parts.blocks) {
    fields["blocks"].push_back(
        {{"blocks", s.blocks}, {"damage", s.damage}, {"macs_saved", s.macs_saved}});
  }
  for (const KernelSensitivity& k : parts.kernels) {
    fields["kernels"].push_back({{"layer", k.layer},
                                 {"sizes", k.sizes},
                                 {"damage", k.damage},
                                 {"macs_saved", k.macs_saved}});
  }
}

Guidance read_guidance(Fields& fields) {
  Guidance out;
  fields.objects("groups", [&](Fields& group) { out.groups.push_back(read_group(group)); });
  fields.objects("allocations",
                 [&](Fields& one) { out.allocations.push_back(read_allocation(one)); });
  fields.objects("int8_layers",
                 [&](Fields& layer) { out.int8_layers.push_back(read_layer(layer)); });
  out.notes = fields.texts("notes");
  if (fields.has("left_out")) out.left_out = read_tried_sizes(fields, "left_out");
  PartChoices parts = read_part_choices(fields);
  out.blocks = std::move(parts.blocks);
  out.kernels = std::move(parts.kernels);
  if (fields.has("why_no_int8")) out.why_no_int8 = fields.text("why_no_int8");
  return out;
}

Result<Guidance> parse_guidance(std::string_view json) {
  return decode(json, "guidance", read_guidance);
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
    nlohmann::json one = {{"macs_saved", a.macs_saved}, {"damage", a.damage}, {"widths", a.widths}};
    if (!a.skip.empty()) one["skip"] = a.skip;
    if (!a.kernels.empty()) one["kernels"] = a.kernels;
    allocations.push_back(std::move(one));
  }
  nlohmann::json layers = nlohmann::json::array();
  for (const LayerSensitivity& l : guidance.int8_layers) {
    layers.push_back({{"layer", l.layer}, {"damage", l.damage}});
  }
  nlohmann::json out = {{"groups", std::move(groups)},
                        {"allocations", std::move(allocations)},
                        {"int8_layers", std::move(layers)},
                        {"notes", guidance.notes}};
  add_part_choices({guidance.blocks, guidance.kernels}, out);
  if (!guidance.left_out.empty()) out["left_out"] = tried_sizes_value(guidance.left_out);
  if (!guidance.why_no_int8.empty()) out["why_no_int8"] = guidance.why_no_int8;
  return out;
}

}  // namespace pare::wire
