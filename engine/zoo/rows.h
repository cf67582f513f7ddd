// A backbone is a table of rows, as papers print them; one builder reads every table.
//
// A file of backbones/ holds one table and names its source; no row is code.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "engine/zoo/graph_builder.h"

namespace pare::engine {

enum class Block : std::uint8_t {
  kConv,      // convolution, normalisation, activation
  kInverted,  // 1 x 1 to more channels, depthwise, gate, 1 x 1 to few; MobileNetV2's
  kShuffle,   // a half passes by, channels are shuffled; ShuffleNetV2's
  kRepVgg,    // 3 x 3, 1 x 1 and the map itself, normalised after their sum; QARepVGG's
  kMaxPool,
};

struct Row {
  Block block = Block::kConv;
  int kernel = 3;
  double expansion = 1;  // of kInverted: channels in the middle for each that comes in
  int channels = 0;      // made; 0 for kMaxPool: as many as come in
  Gate gate = Gate::kNone;
  Activation activation = Activation::kRelu;
  int stride = 1;  // of the first of the repeats; the others have 1
  int repeats = 1;
};

struct BackboneDef {
  std::string_view name;
  std::string_view source;
  std::span<const Row> rows;
  Activation activation;  // what neck and head take over
};

// The last map at every stride.
using Maps = std::map<int, std::string>;

// REQUIRES: `x` is an image of `size` pixels a side, a multiple of 32.
Maps build_rows(GraphBuilder& net, const std::string& x, int size, std::span<const Row> rows);

}  // namespace pare::engine
