#include "engine/heads/map_outputs.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/heads/row_layout.h"
#include "engine/heads/tail_builder.h"
#include "engine/heads/tail_reader.h"
#include "engine/heads/tail_tracer.h"

namespace pare::engine {
namespace {

class MapOutputReader {
 public:
  MapOutputReader(const Graph& graph, const Observation& observed)
      : reader_(graph, observed), tracer_(graph, observed) {}

  std::optional<MapOutput> read(const std::string& output) {
    const Shape& shape = reader_.shape_of(output);
    MapOutput made{.name = output};
    made.batch = shape.size() != 2;
    if (shape.size() < 2 || shape.size() > 5 || (made.batch && shape[0] != 1) ||
        element_count(shape) < 1) {
      return tracer_.fail("\"" + output + "\" is " + text_of(shape) + ", not rows of one map");
    }
    tracer_.forget();
    const auto first = origin(output, 0, made.sigmoid);
    if (!first) return std::nullopt;
    const Shape& map = reader_.shape_of(first->tensor);
    const auto stride = reader_.stride_of(map[2], map[3]);
    if (!stride) return tracer_.fail(reader_.why());
    made.map = first->tensor;
    made.stride = *stride;
    made.weight = first->weight;
    made.first_channel = static_cast<int>(first->channel);
    for (const MapLayout layout :
         {MapLayout::kRows, MapLayout::kColumnsFirst, MapLayout::kMap, MapLayout::kAnchorMaps}) {
      made.layout = layout;
      if (set_columns(made, shape, map) && fits(made, map)) return made;
    }
    return tracer_.fail("\"" + output + "\" " + text_of(shape) +
                        " does not hold the numbers of \"" + made.map + "\" " + text_of(map) +
                        " cell by cell");
  }
  const std::string& why() const { return tracer_.why(); }

 private:
  std::optional<RawNumber> origin(const std::string& output, std::int64_t place, bool& sigmoid) {
    const Formula* number = tracer_.number(output, place);
    if (number == nullptr) return std::nullopt;
    const Formula* inside = tracer_.inside(*number, AtomKind::kSigmoid);
    sigmoid = inside != nullptr;
    const auto raw = tracer_.raw(sigmoid ? *inside : *number);
    if (raw) return raw;
    return tracer_.fail("\"" + output + "\" is more than the sigmoid of a raw map, or a multiple");
  }

  // False if the shape is none of this layout.
  static bool set_columns(MapOutput& made, const Shape& shape, const Shape& map) {
    const std::int64_t cells = map[2] * map[3];
    const std::size_t sides = shape.size();
    if (made.layout == MapLayout::kAnchorMaps) {
      if (sides != 5 || shape[2] != map[2] || shape[3] != map[3]) return false;
      made.anchors = static_cast<int>(shape[1]);
      made.columns = static_cast<int>(shape[4]);
      return shape[1] * shape[4] <= map[1];
    }
    std::int64_t rows = shape[sides - 2];
    std::int64_t columns = shape[sides - 1];
    if (made.layout == MapLayout::kMap) {
      if (sides != 4 || shape[2] != map[2] || shape[3] != map[3]) return false;
      rows = cells;
      columns = shape[1];
    } else if (sides > 3) {
      return false;
    } else if (made.layout == MapLayout::kColumnsFirst) {
      std::swap(rows, columns);
    }
    if (rows % cells != 0 || columns > map[1]) return false;
    made.anchors = static_cast<int>(rows / cells);
    made.columns = static_cast<int>(columns);
    return made.layout == MapLayout::kRows || made.anchors == 1;
  }

  // Of channel `i` of those that the output reads.
  static std::int64_t place_in(const MapOutput& output, std::int64_t cells, std::int64_t cell,
                               std::int64_t i) {
    if (output.layout == MapLayout::kRows) return cell * output.anchors * output.columns + i;
    if (output.layout != MapLayout::kAnchorMaps) return i * cells + cell;
    return (i / output.columns * cells + cell) * output.columns + i % output.columns;
  }

  bool fits(const MapOutput& output, const Shape& map) {
    const std::int64_t cells = map[2] * map[3];
    for (std::int64_t cell = 0; cell < cells; ++cell) {
      if (!is_looked_at(cell, map[2], map[3])) continue;
      tracer_.forget();
      for (std::int64_t i = 0; i < std::int64_t{output.anchors} * output.columns; ++i) {
        const std::int64_t place = place_in(output, cells, cell, i);
        bool sigmoid = false;
        const auto raw = origin(output.name, place, sigmoid);
        if (!raw || sigmoid != output.sigmoid || raw->tensor != output.map ||
            raw->channel != output.first_channel + i || raw->y * map[3] + raw->x != cell ||
            !is_close(raw->weight, output.weight)) {
          return false;
        }
      }
    }
    return true;
  }

  TailReader reader_;
  TailTracer tracer_;
};

}  // namespace

Result<std::vector<MapOutput>> read_map_outputs(const Graph& graph, const Observation& observed) {
  MapOutputReader reader(graph, observed);
  std::vector<MapOutput> read;
  for (const TensorInfo& output : graph.outputs) {
    auto one = reader.read(output.name);
    if (!one) return not_this_head(reader.why());
    read.push_back(std::move(*one));
  }
  return read;
}

Result<HeadMatch> match_map_outputs(const std::string& head, const Graph& graph,
                                    const Observation& observed,
                                    std::vector<MapOutput> map_outputs) {
  const TailReader reader(graph, observed);
  HeadMatch match{.head = head};
  std::map<int, HeadLevel> levels;
  std::map<std::string, std::int64_t> read;  // channels of each map
  for (const MapOutput& output : map_outputs) {
    match.outputs.push_back(output.name);
    HeadLevel& level =
        levels.try_emplace(output.stride, HeadLevel{.stride = output.stride, .tensors = {}})
            .first->second;
    if (!read.contains(output.map)) level.tensors.push_back(output.map);
    read[output.map] += std::int64_t{output.columns} * output.anchors;
  }
  for (const auto& [map, channels] : read) {
    if (reader.shape_of(map)[1] == channels) continue;
    return not_this_head("the outputs read " + std::to_string(channels) + " channels of \"" + map +
                         "\" " + text_of(reader.shape_of(map)));
  }
  for (auto& [stride, level] : levels) match.levels.push_back(std::move(level));
  match.map_outputs = std::move(map_outputs);
  return match;
}

std::vector<ChannelRange> roles_of_map_outputs(
    const HeadMatch& match, const HeadLevel& level,
    const std::function<ChannelKind(const MapOutput&)>& kind) {
  std::vector<ChannelRange> ranges;
  for (const MapOutput& output : match.map_outputs) {
    const auto tensor = std::ranges::find(level.tensors, output.map);
    if (tensor == level.tensors.end()) continue;
    for (int anchor = 0; anchor < output.anchors; ++anchor) {
      ranges.push_back({static_cast<std::size_t>(tensor - level.tensors.begin()),
                        output.first_channel + anchor * output.columns, output.columns,
                        kind(output), anchor});
    }
  }
  return ranges;
}

namespace {

// The part of a map that an output is made of; parts of one map stand side by side.
std::string part_of(TailBuilder& tail, const HeadMatch& match, const MapOutput& output,
                    std::map<std::string, std::string>& parts) {
  const auto known = parts.find(output.name);
  if (known != parts.end()) return known->second;
  std::vector<const MapOutput*> together;
  for (const MapOutput& other : match.map_outputs) {
    if (other.map == output.map) together.push_back(&other);
  }
  if (together.size() == 1) return output.map;
  std::ranges::sort(together, {}, &MapOutput::first_channel);
  std::vector<std::int64_t> sizes;
  sizes.reserve(together.size());
  for (const MapOutput* one : together) sizes.push_back(std::int64_t{one->columns} * one->anchors);
  const auto made = tail.split(output.map, 1, sizes);
  for (std::size_t i = 0; i < made.size(); ++i) parts[together[i]->name] = made[i];
  return parts.at(output.name);
}

void attach_output(TailBuilder& tail, const HeadMatch& match, const MapOutput& output,
                   std::map<std::string, std::string>& parts) {
  const HeadLevel level{.stride = output.stride, .tensors = {}};
  const std::int64_t ny = tail.ny(level);
  const std::int64_t nx = tail.nx(level);
  std::string made = part_of(tail, match, output, parts);
  if (output.weight != 1) {
    const float weight[] = {static_cast<float>(output.weight)};
    made = tail.add("Mul", {made, tail.constant({}, weight)});
  }
  if (output.layout == MapLayout::kMap) {
    const Shape shape = {1, output.columns, ny, nx};
    return output.sigmoid ? tail.output("Sigmoid", {made}, {}, output.name, shape)
                          : tail.pass(made, output.name, shape);
  }
  if (output.sigmoid) made = tail.add("Sigmoid", {made});
  if (output.layout == MapLayout::kAnchorMaps) {
    made = tail.reshape(made, {1, output.anchors, output.columns, ny, nx});
    return tail.output("Transpose", {made}, {{"perm", std::vector<std::int64_t>{0, 1, 3, 4, 2}}},
                       output.name, {1, output.anchors, ny, nx, output.columns});
  }
  Shape shape = {output.columns, ny * nx};
  if (output.layout == MapLayout::kRows) {
    shape = {ny * nx * output.anchors, output.columns};
    made = tail.add("Transpose", {made}, {{"perm", std::vector<std::int64_t>{0, 2, 3, 1}}});
  }
  if (output.batch) shape.insert(shape.begin(), 1);
  tail.output_reshaped(made, output.name, shape);
}

}  // namespace

Result<Graph> attach_map_outputs(Graph body, const HeadMatch& match) {
  return with_tail(
      std::move(body), match.levels, match.outputs,
      [&](TailBuilder& tail) {
        std::map<std::string, std::string> parts;
        for (const MapOutput& output : match.map_outputs) {
          attach_output(tail, match, output, parts);
        }
      },
      SizesOf::kAny);
}

}  // namespace pare::engine
