// Source: Howard et al. 2019, Searching for MobileNetV3, table 2, down to the last bottleneck: the
// rows behind it classify.  Expansion is the paper's "exp size" by the channels that come in.
#include <array>

#include "engine/zoo/rows.h"

namespace pare::engine {
namespace {

constexpr auto kIn = Block::kInverted;
constexpr auto kRe = Activation::kRelu;
constexpr auto kHs = Activation::kHardSwish;
constexpr auto kSe = Gate::kHard;
constexpr auto kNo = Gate::kNone;

constexpr std::array<Row, 12> kMobilenetv3SmallRows = {{
    // block, kernel, expansion, channels, gate, activation, stride
    {Block::kConv, 3, 1, 16, kNo, kHs, 2},
    {kIn, 3, 1, 16, kSe, kRe, 2},
    {kIn, 3, 4.5, 24, kNo, kRe, 2},
    {kIn, 3, 88.0 / 24, 24, kNo, kRe, 1},
    {kIn, 5, 4, 40, kSe, kHs, 2},
    {kIn, 5, 6, 40, kSe, kHs, 1},
    {kIn, 5, 6, 40, kSe, kHs, 1},
    {kIn, 5, 3, 48, kSe, kHs, 1},
    {kIn, 5, 3, 48, kSe, kHs, 1},
    {kIn, 5, 6, 96, kSe, kHs, 2},
    {kIn, 5, 6, 96, kSe, kHs, 1},
    {kIn, 5, 6, 96, kSe, kHs, 1},
}};

}  // namespace

BackboneDef backbone_mobilenetv3_small() {
  return {"mobilenetv3-small", "Howard et al. 2019, table 2", kMobilenetv3SmallRows, kHs};
}

}  // namespace pare::engine
