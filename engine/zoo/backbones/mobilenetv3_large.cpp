// Source: Howard et al. 2019, Searching for MobileNetV3, table 1, down to the last bottleneck: the
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

constexpr std::array<Row, 16> kMobilenetv3LargeRows = {{
    // block, kernel, expansion, channels, gate, activation, stride
    {Block::kConv, 3, 1, 16, kNo, kHs, 2},
    {kIn, 3, 1, 16, kNo, kRe, 1},
    {kIn, 3, 4, 24, kNo, kRe, 2},
    {kIn, 3, 3, 24, kNo, kRe, 1},
    {kIn, 5, 3, 40, kSe, kRe, 2},
    {kIn, 5, 3, 40, kSe, kRe, 1},
    {kIn, 5, 3, 40, kSe, kRe, 1},
    {kIn, 3, 6, 80, kNo, kHs, 2},
    {kIn, 3, 2.5, 80, kNo, kHs, 1},
    {kIn, 3, 2.3, 80, kNo, kHs, 1},
    {kIn, 3, 2.3, 80, kNo, kHs, 1},
    {kIn, 3, 6, 112, kSe, kHs, 1},
    {kIn, 3, 6, 112, kSe, kHs, 1},
    {kIn, 5, 6, 160, kSe, kHs, 2},
    {kIn, 5, 6, 160, kSe, kHs, 1},
    {kIn, 5, 6, 160, kSe, kHs, 1},
}};

}  // namespace

BackboneDef backbone_mobilenetv3_large() {
  return {"mobilenetv3-large", "Howard et al. 2019, table 1", kMobilenetv3LargeRows, kHs};
}

}  // namespace pare::engine
