// Source: Ma et al. 2018, ShuffleNet V2, table 5, column 1x, without its last convolution, which
// classifies.
#include <array>

#include "engine/zoo/rows.h"

namespace pare::engine {
namespace {

constexpr auto kSh = Block::kShuffle;
constexpr auto kRe = Activation::kRelu;
constexpr auto kNo = Gate::kNone;

constexpr std::array<Row, 5> kShufflenetv2Rows = {{
    // block, kernel, expansion, channels, gate, activation, stride, repeats
    {Block::kConv, 3, 1, 24, kNo, kRe, 2, 1},
    {Block::kMaxPool, 3, 1, 0, kNo, Activation::kNone, 2, 1},
    {kSh, 3, 1, 116, kNo, kRe, 2, 4},
    {kSh, 3, 1, 232, kNo, kRe, 2, 8},
    {kSh, 3, 1, 464, kNo, kRe, 2, 4},
}};

}  // namespace

BackboneDef backbone_shufflenetv2() {
  return {"shufflenetv2", "Ma et al. 2018, table 5, 1x", kShufflenetv2Rows, kRe};
}

}  // namespace pare::engine
