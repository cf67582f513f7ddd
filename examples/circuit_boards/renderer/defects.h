// The six defects of a bare board, put into the masks of a faultless one, and things that look like
// them and are none.
//
// A defect is labelled by the pixels that it changed: the difference of the masks, so its box is
// exact, plus kContext pixels around, as inspectors draw them.  Defects keep clear of one another.
//
// The kinds are those of the PKU HRIPCB dataset (Huang and Wei 2019).
#pragma once

#include <array>
#include <opencv2/core.hpp>
#include <vector>

#include "examples/circuit_boards/renderer/board.h"
#include "examples/circuit_boards/renderer/layers.h"
#include "examples/circuit_boards/renderer/random.h"

namespace pare::examples {

enum class DefectKind { kMissingHole, kMouseBite, kOpenCircuit, kShort, kSpur, kSpuriousCopper };

inline constexpr std::array<const char*, 6> kDefectNames = {
    "missing_hole", "mouse_bite", "open_circuit", "short", "spur", "spurious_copper"};

inline constexpr double kContext = 3.0;

struct Defect {
  DefectKind kind;
  cv::Mat pixels;  // CV_8U, of the masks' size: what changed
};

// As many of `wanted` as find a place, each of a kind drawn with equal chance.
std::vector<Defect> add_defects(const Board& board, int wanted, Random& random, Layers& layers);

// Stubs that end in a pad, specks of silk screen, pads without a hole: all of them legitimate.
void add_decoys(const Board& board, Random& random, Layers& layers);

}  // namespace pare::examples
