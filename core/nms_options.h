// How boxes that say the same are told from each other: which of them an application keeps, and so
// what a detector's accuracy is scored by.
#pragma once

#include <array>
#include <cstdint>

#include "core/names.h"

namespace pare {

enum class NmsKind : std::uint8_t {
  kGreedy,        // the best box stays, those that overlap it go, repeat
  kFast,          // a box goes that any better one overlaps, also one that went itself
  kWeighted,      // greedy; a box that stays becomes the mean of itself and those that went for it
  kSoftLinear,    // overlapping boxes lose score instead: times 1 - overlap
  kSoftGaussian,  // the same: times exp(-overlap^2 / sigma)
};

inline constexpr std::array kNmsKindNames = {
    Named<NmsKind>{NmsKind::kGreedy, "greedy"},
    Named<NmsKind>{NmsKind::kFast, "fast"},
    Named<NmsKind>{NmsKind::kWeighted, "weighted"},
    Named<NmsKind>{NmsKind::kSoftLinear, "soft_linear"},
    Named<NmsKind>{NmsKind::kSoftGaussian, "soft_gaussian"},
};

struct NmsOptions {
  double iou_threshold = 0.65;    // a box goes if it overlaps a kept one by more than this
  double score_threshold = 0.01;  // only scores above it are candidates
  int max_detections = 100;       // of one image, over all classes
  bool class_aware = true;        // false: boxes of different classes suppress each other
  NmsKind kind = NmsKind::kGreedy;
  double sigma = 0.5;  // of kSoftGaussian
  friend bool operator==(const NmsOptions&, const NmsOptions&) = default;
};

}  // namespace pare
