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
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/heads/head.h"

namespace pare::engine {

// Width and height of three anchors at each stride from 8 on.
using AnchorSets = std::vector<std::vector<std::array<double, 2>>>;

// `sets`: one for detectors of three strides, one for those of four.
Result<HeadMatch> recognise_anchor_maps(const std::string& head, std::span<const AnchorSets> sets,
                                        const Graph& graph, const Observation& observed);
Result<std::vector<Detection>> decode_anchor_maps(const std::string& head,
                                                  std::span<const AnchorSets> sets,
                                                  std::span<const Tensor> outputs, int height,
                                                  int width, double score_threshold);
int classes_of_anchor_maps(std::span<const Tensor> outputs);

}  // namespace pare::engine
