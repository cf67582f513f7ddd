// The detector that ships with the circuit-board example: small, and wider than its task needs, so
// that there is something to prune.
//
// Residual stages of cross-stage-partial blocks (Wang et al. 2019) to stride 32, a feature pyramid
// (Lin et al. 2017) with concatenation and resizing, and YOLOX's decoupled anchor-free head (Ge et
// al. 2021) on strides 8, 16 and 32.  ReLU throughout: what int8 runtimes compute best.  Input BGR
// 0..255; one output (1, anchors, 5 + classes) as YOLOX exports it: box offsets as they leave the
// convolution, objectness and classes through a sigmoid.
#pragma once

#include <cstdint>

#include "engine/zoo/zoo.h"

namespace pare::engine {

// REQUIRES: size a multiple of 32, classes > 0.
ZooDetector make_board_detector(int classes, int size, std::uint64_t seed);

}  // namespace pare::engine
