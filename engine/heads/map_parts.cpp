// Heads of which each stride has the same outputs.
#include <algorithm>
#include <utility>

#include "engine/heads/map_outputs.h"
#include "engine/heads/tail_reader.h"

namespace pare::engine {
namespace {

constexpr std::size_t kFewestOutputs = 6;  // two of three strides

std::string part_text(int columns, bool sigmoid) {
  return std::to_string(columns) + (sigmoid ? " (sigmoid)" : "");
}

template <typename Parts>
std::string parts_text(const Parts& parts) {
  std::string text;
  for (const auto& part : parts) {
    text += (text.empty() ? "" : ", ") + part_text(part.columns, part.sigmoid);
  }
  return text;
}

template <typename Parts>
std::vector<std::pair<int, bool>> sorted_parts(const Parts& parts) {
  std::vector<std::pair<int, bool>> all;
  all.reserve(parts.size());
  for (const auto& part : parts) all.emplace_back(part.columns, part.sigmoid);
  std::ranges::sort(all);
  return all;
}

}  // namespace

Result<HeadMatch> match_map_parts(const std::string& head, const Graph& graph,
                                  const Observation& observed, std::span<const MapPart> parts) {
  auto read = read_map_outputs(graph, observed);
  if (!read) return read.error();
  std::map<int, std::vector<MapOutput>> by_stride;
  for (const MapOutput& output : read.value()) by_stride[output.stride].push_back(output);
  int stride = 8;
  const int anchors = read.value().front().anchors;
  for (const auto& [found, outputs] : by_stride) {
    const auto here = sorted_parts(outputs);
    if (found != stride) {
      return not_this_head("there are outputs of the stride " + std::to_string(found) + ", not " +
                           std::to_string(stride));
    }
    if (here != sorted_parts(parts) && here != sorted_parts(parts.first(parts.size() - 1))) {
      const bool near = graph.outputs.size() >= kFewestOutputs;
      const std::string why("at the stride " + std::to_string(stride) +
                            " there are outputs of columns " + parts_text(outputs) + ", not " +
                            parts_text(parts));
      return near ? nearly_this_head(why) : not_this_head(why);
    }
    for (const MapOutput& output : outputs) {
      if (output.anchors == anchors && outputs.size() == by_stride.begin()->second.size()) continue;
      return not_this_head("\"" + output.name + "\" has " + std::to_string(output.anchors) +
                           " boxes a cell, or another stride has other outputs");
    }
    stride *= 2;
  }
  return match_map_outputs(head, graph, observed, std::move(read).value());
}

}  // namespace pare::engine
