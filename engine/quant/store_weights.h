// Weights in fewer bits, made floating-point again by the file itself: what is stored are half
// floats, integers or indices into a few levels, and ordinary operators of constants alone make the
// layer's weights of them, which every runtime does once, when it loads.
//
//   16 bits           half -> Cast
//    8 bits           int8 -> Cast -> Mul(scale of each output channel)
//    4 bits           pairs of codes, a byte each -> Cast -> Gather(256 x 2 levels) -> (Slice) ->
//                     Reshape -> Mul(scale)
//
// Pairs of codes are looked up together because no shift of bits is left to a runtime then, and no
// element type of four bits, which few read.  Weights with fewer than kFewestStored values stay,
// and those of int8 layers, which stand in eight bits already; with fewer than kFewestInFourBits
// they stand in eight bits where four are asked, since the levels would take more than they save.
//
// Cost: weight_grid.h.  Pure, any thread.
#pragma once

#include <functional>
#include <string>

#include "core/plan.h"
#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/quant/sparsify.h"

namespace pare::engine {

inline constexpr std::int64_t kFewestStored = 1024;
inline constexpr std::int64_t kFewestInFourBits = 8192;  // 2 KiB of levels, 4 KiB saved

// How each layer's weights are to stand there; 32 bits: as they do.
using StorageOf = std::function<WeightStorage(const std::string& layer)>;

// Convolutions and matrix products with constant float32 weights.  Weights that several layers
// share stand as the first of them says.  With `moments`, those of convolutions are rounded by
// second order; without, to the nearest level.  Fails as weight_grid.h does, naming the layer.
Result<Graph> store_weights(const Graph& graph, const StorageOf& storage,
                            const LayerMoments& moments = {});

}  // namespace pare::engine
