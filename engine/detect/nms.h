// Greedy non-maximum suppression: the best box stays, boxes that overlap it too much go, repeat.
//
// The result depends only on the candidates and their order: of equal scores the earlier candidate
// wins.  It ends as soon as enough boxes are kept, which gives the same boxes as suppressing first
// and cutting afterwards.  O(n log n + n * kept).  Any thread.
#pragma once

#include <vector>

#include "engine/detect/detection.h"

namespace pare::engine {

// Intersection over union, computed as pycocotools' bbIou computes it; 0 if they do not overlap.
double iou(const Box& a, const Box& b) noexcept;

struct NmsOptions {
  double iou_threshold = 0.65;    // a box goes if it overlaps a kept one by more than this
  double score_threshold = 0.01;  // only scores above it are candidates
  int max_detections = 100;       // of one image, over all classes
  bool class_aware = true;        // false: boxes of different classes suppress each other
};

// Best score first.  A box or score that is not finite is no candidate.
std::vector<Detection> nms(std::vector<Detection> candidates, const NmsOptions& options);

}  // namespace pare::engine
