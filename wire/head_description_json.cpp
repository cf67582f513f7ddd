// A head as a card describes it (docs/heads.md).
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "wire/parts.h"

namespace pare::wire {
namespace {

using Json = nlohmann::json;

constexpr int kLargestStride = 1024;
constexpr int kMostBoxesPerCell = 64;
constexpr std::size_t kMostSides = std::size_t{2} * kMostBoxesPerCell;
constexpr int kMostBins = 256;
constexpr int kMostOutputs = 64;
constexpr int kMostColumns = 4096;
constexpr double kMostCells = 16;  // an origin, a reach

constexpr std::array<std::string_view, 2> kRowOrders = {"by_cell", "by_anchor"};
constexpr std::array<std::string_view, 2> kScores = {"product", "root"};

HeadColumns read_columns(Fields& fields) {
  HeadColumns out;
  out.part = fields.one_of("part", kHeadPartNames);
  if (fields.has("function")) out.function = fields.one_of("function", kHeadFunctionNames);
  if (fields.has("applied")) out.applied = fields.boolean("applied");
  if (fields.has("count")) out.count = fields.small("count", 1, kMostColumns);
  return out;
}

HeadOutput read_output(Fields& fields) {
  HeadOutput out;
  const bool named = fields.has("name");
  if (named) out.name = fields.text("name");
  if (!named || fields.has("index")) out.index = fields.small("index", 0, kMostOutputs - 1);
  if (named && out.name.empty()) fields.refuse("name", "be the name of a tensor");
  out.layout = fields.one_of("layout", kHeadLayoutNames);
  if (fields.has("batch")) out.batch = fields.boolean("batch");
  if (fields.has("stride")) out.stride = fields.small("stride", 1, kLargestStride);
  fields.objects("columns", [&](Fields& columns) { out.columns.push_back(read_columns(columns)); });
  return out;
}

HeadBox read_box(Fields& fields) {
  HeadBox out;
  out.from = fields.one_of("from", kBoxFromNames);
  if (fields.has("unit")) out.unit = fields.one_of("unit", kBoxUnitNames);
  if (fields.has("held")) out.held = fields.one_of("held", kBoxHeldNames);
  if (fields.has("shares")) out.shares = fields.boolean("shares");
  if (fields.has("bins")) out.bins = fields.small("bins", 1, kMostBins);
  if (fields.has("origin")) out.origin = fields.number("origin", -kMostCells, kMostCells);
  if (fields.has("function")) out.function = fields.one_of("function", kHeadFunctionNames);
  if (fields.has("centre")) out.centre = fields.one_of("centre", kHeadFunctionNames);
  if (fields.has("size")) out.size = fields.one_of("size", kHeadFunctionNames);
  if (fields.has("reach")) {
    out.reach = fields.numbers("reach");
    const bool fine = std::ranges::all_of(
        out.reach, [](double reach) { return reach > 0 && reach <= kMostCells; });
    if (!fine) fields.refuse("reach", "be above 0, and 16 cells at most");
  }
  if (fields.has("centre_scale")) out.centre_scale = fields.number("centre_scale", 0);
  if (fields.has("size_scale")) out.size_scale = fields.number("size_scale", 0);
  return out;
}

// Widths and heights of a stride's anchors, one after the other.
HeadAnchors read_anchors(Fields& fields) {
  const std::vector<double> sides = fields.numbers("sizes");
  const bool positive = std::ranges::all_of(sides, [](double side) { return side > 0; });
  HeadAnchors out;
  if (sides.empty() || sides.size() % 2 != 0 || sides.size() > kMostSides || !positive) {
    fields.refuse("sizes", "be a width and a height for each box of a cell, above 0");
    return out;
  }
  for (std::size_t i = 0; i < sides.size(); i += 2) out.push_back({sides[i], sides[i + 1]});
  return out;
}

Json columns_value(const HeadColumns& columns) {
  Json out = {{"part", name_in(kHeadPartNames, columns.part)}};
  if (columns.function != HeadFunction::kNone) {
    out["function"] = name_in(kHeadFunctionNames, columns.function);
  }
  if (!columns.applied) out["applied"] = false;
  if (columns.count > 0) out["count"] = columns.count;
  return out;
}

Json output_value(const HeadOutput& output) {
  Json out = {{"layout", name_in(kHeadLayoutNames, output.layout)}, {"columns", Json::array()}};
  if (!output.name.empty()) out["name"] = output.name;
  if (output.name.empty() || output.index > 0) out["index"] = output.index;
  if (!output.batch) out["batch"] = false;
  if (output.stride > 0) out["stride"] = output.stride;
  for (const HeadColumns& columns : output.columns) {
    out["columns"].push_back(columns_value(columns));
  }
  return out;
}

Json box_value(const HeadBox& box) {
  Json out = {{"from", name_in(kBoxFromNames, box.from)},
              {"unit", name_in(kBoxUnitNames, box.unit)},
              {"held", name_in(kBoxHeldNames, box.held)},
              {"shares", box.shares},
              {"bins", box.bins},
              {"origin", box.origin},
              {"function", name_in(kHeadFunctionNames, box.function)},
              {"centre", name_in(kHeadFunctionNames, box.centre)},
              {"size", name_in(kHeadFunctionNames, box.size)},
              {"centre_scale", box.centre_scale},
              {"size_scale", box.size_scale}};
  if (!box.reach.empty()) out["reach"] = box.reach;
  return out;
}

}  // namespace

HeadDescription read_head_description(Fields& fields) {
  HeadDescription out;
  for (const std::int64_t stride : fields.integers("strides", 1, kLargestStride)) {
    out.strides.push_back(static_cast<int>(stride));
  }
  if (out.strides.empty()) fields.refuse("strides", "name at least one");
  if (fields.has("anchors")) {
    fields.objects("anchors", [&](Fields& at) { out.anchors.push_back(read_anchors(at)); });
  }
  if (fields.has("boxes_per_cell")) {
    out.boxes_per_cell = fields.small("boxes_per_cell", 1, kMostBoxesPerCell);
    if (!out.anchors.empty()) fields.refuse("boxes_per_cell", "be left out: anchors say it");
  }
  if (fields.has("rows")) out.cells_first = fields.one_of("rows", kRowOrders) == 0;
  fields.objects("outputs", [&](Fields& output) { out.outputs.push_back(read_output(output)); });
  if (out.outputs.empty() || out.outputs.size() > kMostOutputs) {
    fields.refuse("outputs", "be 1 to 64");
  }
  fields.object("box", [&](Fields& box) { out.box = read_box(box); });
  if (fields.has("background")) out.background = fields.one_of("background", kHeadBackgroundNames);
  if (fields.has("score")) out.root = fields.one_of("score", kScores) == 1;
  return out;
}

Json head_description_value(const HeadDescription& head) {
  Json out = {{"strides", head.strides},
              {"rows", kRowOrders[head.cells_first ? 0 : 1]},
              {"outputs", Json::array()},
              {"box", box_value(head.box)},
              {"background", name_in(kHeadBackgroundNames, head.background)},
              {"score", kScores[head.root ? 1 : 0]}};
  if (head.anchors.empty()) out["boxes_per_cell"] = head.boxes_per_cell;
  for (const HeadOutput& output : head.outputs) out["outputs"].push_back(output_value(output));
  for (const HeadAnchors& at : head.anchors) {
    Json sizes = Json::array();
    for (const auto& [width, height] : at) sizes.insert(sizes.end(), {width, height});
    out["anchors"].push_back({{"sizes", std::move(sizes)}});
  }
  return out;
}

namespace {

Schema columns_schema() {
  return schema::object({schema::must("part", schema::one_of(kHeadPartNames)),
                         schema::wish("function", schema::one_of(kHeadFunctionNames)),
                         schema::wish("applied", schema::truth()),
                         schema::wish("count", schema::small(1, kMostColumns))});
}

// Known by its name, or by its place.
Schema output_schema() {
  const Schema index = schema::small(0, kMostOutputs - 1);
  const auto known_by = [](const schema::Field& name, const schema::Field& place) {
    return schema::object({name, place, schema::must("layout", schema::one_of(kHeadLayoutNames)),
                           schema::wish("batch", schema::truth()),
                           schema::wish("stride", schema::small(1, kLargestStride)),
                           schema::must("columns", schema::list(columns_schema()))});
  };
  return schema::either(
      {known_by(schema::must("name", schema::text(1)), schema::wish("index", index)),
       known_by(schema::may("name", schema::null()), schema::must("index", index))});
}

Schema box_schema() {
  return schema::object({schema::must("from", schema::one_of(kBoxFromNames)),
                         schema::wish("unit", schema::one_of(kBoxUnitNames)),
                         schema::wish("held", schema::one_of(kBoxHeldNames)),
                         schema::wish("shares", schema::truth()),
                         schema::wish("bins", schema::small(1, kMostBins)),
                         schema::wish("origin", schema::number(-kMostCells, kMostCells)),
                         schema::wish("function", schema::one_of(kHeadFunctionNames)),
                         schema::wish("centre", schema::one_of(kHeadFunctionNames)),
                         schema::wish("size", schema::one_of(kHeadFunctionNames)),
                         schema::wish("reach", schema::list(schema::above(0, kMostCells))),
                         schema::wish("centre_scale", schema::number(0)),
                         schema::wish("size_scale", schema::number(0))});
}

}  // namespace

Schema head_description_schema() {
  const Schema anchors =
      schema::object({schema::must("sizes", schema::list(schema::above(0), 2, kMostSides))});
  return schema::object({schema::must("strides", schema::list(schema::small(1, kLargestStride), 1)),
                         schema::wish("anchors", schema::list(anchors)),
                         schema::wish("boxes_per_cell", schema::small(1, kMostBoxesPerCell)),
                         schema::wish("rows", schema::one_of(kRowOrders)),
                         schema::must("outputs", schema::list(output_schema(), 1, kMostOutputs)),
                         schema::must("box", box_schema()),
                         schema::wish("background", schema::one_of(kHeadBackgroundNames)),
                         schema::wish("score", schema::one_of(kScores))})
      .named("HeadDescription");
}

}  // namespace pare::wire
