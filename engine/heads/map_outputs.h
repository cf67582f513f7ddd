// What heads share whose outputs come from one raw map each: scores, distances, key points of one
// stride, each as they are or after a sigmoid, laid out as MapLayout says.  Private to
// engine/heads.
//
// Recognised by what the numbers are (TailTracer).  A map may have several outputs, each some of
// its channels.  Maps have as many cells as begin within the input, so that any size is fine.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/heads/head.h"

namespace pare::engine {

// Reads every output of the graph.  Fails with kUnsupported, naming the output that is none.
Result<std::vector<MapOutput>> read_map_outputs(const Graph& graph, const Observation& observed);

// A match whose levels have the outputs' maps, strides ascending.  Fails with kUnsupported if a map
// has channels that no output reads.
Result<HeadMatch> match_map_outputs(const std::string& head, const Graph& graph,
                                    const Observation& observed,
                                    std::vector<MapOutput> map_outputs);

// What a head has at each stride.
struct MapPart {
  int columns = 0;
  bool sigmoid = false;
};

// A match of a head with these outputs at each stride, in any order, the last one only where it is
// there; all with as many anchors; strides 8, 16, 32 and so on.
Result<HeadMatch> match_map_parts(const std::string& head, const Graph& graph,
                                  const Observation& observed, std::span<const MapPart> parts);

// HeadDef::attach of such a head; at any size.
Result<Graph> attach_map_outputs(Graph body, const HeadMatch& match);

// HeadDef::roles: `kind` says what the channels of an output are.
std::vector<ChannelRange> roles_of_map_outputs(
    const HeadMatch& match, const HeadLevel& level,
    const std::function<ChannelKind(const MapOutput&)>& kind);

// An output as a decoder sees it.
struct MapRows {
  const Tensor* tensor = nullptr;
  std::int64_t rows = 0, columns = 0;
  bool columns_first = false;

  double at(std::int64_t row, std::int64_t column) const {
    const std::int64_t place = columns_first ? column * rows + row : row * columns + column;
    return static_cast<double>(tensor->values<float>()[static_cast<std::size_t>(place)]);
  }
};

// The outputs of one stride.
struct MapLevel {
  int stride = 0;
  std::int64_t ny = 0, nx = 0;
  std::vector<MapRows> outputs;  // in the detector's order
};

// Those of an output list that has the outputs of one stride in any order: the first and following
// ones of so many columns.
std::vector<const MapRows*> of_columns(const MapLevel& level, std::int64_t columns);

// The detector's outputs by stride: those of 8, 16, 32, 64, 128 that there are, `per_stride` at
// each and `anchors` rows a cell.  Empty if these are not such outputs for an input of this size.
std::vector<MapLevel> map_levels(std::span<const Tensor> outputs, int height, int width,
                                 std::size_t per_stride, int anchors = 1);

}  // namespace pare::engine
