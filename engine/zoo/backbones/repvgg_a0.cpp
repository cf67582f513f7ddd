// Source: Ding et al. 2021, RepVGG, tables 1 and 2, A0 (a = 0.75, b = 2.5), with the normalisation
// of Chu et al. 2022, QARepVGG.
#include <array>

#include "engine/zoo/rows.h"

namespace pare::engine {
namespace {

constexpr auto kRv = Block::kRepVgg;
constexpr auto kRe = Activation::kRelu;
constexpr auto kNo = Gate::kNone;

constexpr std::array<Row, 5> kRepvggA0Rows = {{
    // block, kernel, expansion, channels, gate, activation, stride, repeats
    {kRv, 3, 1, 48, kNo, kRe, 2, 1},
    {kRv, 3, 1, 48, kNo, kRe, 2, 2},
    {kRv, 3, 1, 96, kNo, kRe, 2, 4},
    {kRv, 3, 1, 192, kNo, kRe, 2, 14},
    {kRv, 3, 1, 1280, kNo, kRe, 2, 1},
}};

}  // namespace

BackboneDef backbone_repvgg_a0() {
  return {"repvgg-a0", "Ding et al. 2021, table 2; Chu et al. 2022", kRepvggA0Rows, kRe};
}

}  // namespace pare::engine
