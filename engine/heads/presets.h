// How the families of detectors prepare images.  Private to engine/heads.
#pragma once

#include "core/model_summary.h"

namespace pare::engine {

// Ultralytics and those who train with its tools: what a Preprocessing is when nobody says.
inline Preprocessing as_ultralytics() {
  return {};
}

// Megvii's: pixels as OpenCV reads them.
inline Preprocessing as_megvii() {
  return {.rgb = false,
          .resize = Resize::kLetterboxTopLeft,
          .pad_value = 114,
          .mean = {0, 0, 0},
          .std = {1, 1, 1}};
}

// NanoDet's: the mean and deviation of ImageNet, blue first.
inline Preprocessing as_nanodet() {
  return {.rgb = false,
          .resize = Resize::kStretch,
          .pad_value = 0,
          .mean = {103.53, 116.28, 123.675},
          .std = {57.375, 57.12, 58.395}};
}

}  // namespace pare::engine
