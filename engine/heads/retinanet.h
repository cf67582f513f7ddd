// The RetinaNet head: for each of several anchors a cell the classes' scores and a box told from
// the anchor: centre = cell + raw * anchor, size = exp(raw) * anchor.
//
// Outputs: scores and boxes of each stride, or of all strides' rows, in any layout, scores before
// or after their sigmoids.  Boxes decoded in the model (corners in pixels, or centre and size):
// anchors are read off the graph.  Raw ones: no graph says which anchors they are; those of the
// published models for COCO are meant, three ratios of three scales from four strides on.
//
// Source: Lin et al., Focal Loss for Dense Object Detection (ICCV 2017); mmdetection 3.0,
// configs/_base_/models/retinanet_r50_fpn.py, models/task_modules/prior_generators.
#pragma once

#include "engine/heads/head.h"

namespace pare::engine {

HeadDef head_retinanet();

}  // namespace pare::engine
