// Non-maximum suppression: of boxes that say the same, the best stays.
//
// The result depends only on the candidates and their order: of equal scores the earlier candidate
// wins.  Greedy suppression ends as soon as enough boxes are kept, which gives the same boxes as
// suppressing first and cutting afterwards.  O(n log n + n * kept); fast: O(n^2).  Any thread.
//
// Sources: greedy, as COCO detectors have it; fast: Bolya et al., YOLACT (ICCV 2019); soft: Bodla
// et al. (ICCV 2017); weighted: Zhou et al., CAD (2017), and Zheng et al., Cluster-NMS (2020),
// whose plain form keeps the boxes that greedy keeps and is not apart here.
#pragma once

#include <vector>

#include "core/nms_options.h"
#include "engine/detect/detection.h"

namespace pare::engine {

// Intersection over union, computed as pycocotools' bbIou computes it; 0 if they do not overlap.
double iou(const Box& a, const Box& b) noexcept;

// Best score first.  A box or score that is not finite is no candidate.
std::vector<Detection> nms(std::vector<Detection> candidates, const NmsOptions& options);

}  // namespace pare::engine
