// What the heads of YOLOv5 and YOLOv7 share where the model ends in their raw maps: one a stride,
// of three anchors, as (1, 3 * (5 + classes), ny, nx) or (1, 3, ny, nx, 5 + classes), before or
// after the sigmoids.  Private to engine/heads.
//
// No graph says which anchors they are: those of the family's own training on COCO.  decode() takes
// maps whose numbers all lie between 0 and 1 as sigmoids.  Boxes as in anchor_rows.h, with a reach
// of 2.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "engine/heads/head.h"

namespace pare::engine {

// Width and height of three anchors at each stride from 8 on.
using AnchorSets = std::vector<std::vector<std::array<double, 2>>>;

// A head with these anchors: one set for detectors of three strides, one for those of four.
// `sets` must outlive it.
HeadDef anchor_maps_head(std::string_view name, std::span<const AnchorSets> sets);

}  // namespace pare::engine
