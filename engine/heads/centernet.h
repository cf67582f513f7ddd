// The CenterNet head: objects as points, one map of high resolution.
//
// Outputs, in this order: a heat map (1, classes, ny, nx) after its sigmoid, sizes (1, 2, ny, nx)
// and offsets (1, 2, ny, nx) as the convolutions gave them, both in cells: centre = (cell + offset)
// * stride, width = size * stride.  decode() keeps a cell of a class that no neighbour of the 3 x 3
// around it exceeds, which stands for NMS.
//
// A level's tensors: {heat map, size, offset}, the first without its sigmoid.
//
// Source: Zhou et al. 2019, Objects as Points, sections 3 and 4; xingyizhou/CenterNet,
// src/lib/models/decode.py.
#pragma once

#include <span>
#include <string>

#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/heads/head.h"

namespace pare::engine {

HeadDef head_centernet();

// Appends the tail to a bare body and makes `outputs` (heat map, size, offset) the graph's only
// ones.  Fails as HeadDef::attach.
Result<Graph> append_centernet_tail(Graph body, const HeadLevel& level, int classes,
                                    std::span<const std::string> outputs);

}  // namespace pare::engine
