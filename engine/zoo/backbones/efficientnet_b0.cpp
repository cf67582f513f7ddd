// Source: Tan and Le 2019, EfficientNet, table 1, stages 1 to 8: the ninth classifies.
#include <array>

#include "engine/zoo/rows.h"

namespace pare::engine {
namespace {

constexpr auto kIn = Block::kInverted;
constexpr auto kSi = Activation::kSilu;
constexpr auto kSe = Gate::kSmooth;

constexpr std::array<Row, 8> kEfficientnetB0Rows = {{
    // block, kernel, expansion, channels, gate, activation, stride, repeats
    {Block::kConv, 3, 1, 32, Gate::kNone, kSi, 2, 1},
    {kIn, 3, 1, 16, kSe, kSi, 1, 1},
    {kIn, 3, 6, 24, kSe, kSi, 2, 2},
    {kIn, 5, 6, 40, kSe, kSi, 2, 2},
    {kIn, 3, 6, 80, kSe, kSi, 2, 3},
    {kIn, 5, 6, 112, kSe, kSi, 1, 3},
    {kIn, 5, 6, 192, kSe, kSi, 2, 4},
    {kIn, 3, 6, 320, kSe, kSi, 1, 1},
}};

}  // namespace

BackboneDef backbone_efficientnet_b0() {
  return {"efficientnet-b0", "Tan and Le 2019, table 1", kEfficientnetB0Rows, kSi};
}

}  // namespace pare::engine
