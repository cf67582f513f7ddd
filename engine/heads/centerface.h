// The CenterFace head (faces): for each cell of stride 4 a score, the height and width of a box,
// the place of its centre within the cell, and five key points, which are handed out as they are.
//
// Outputs, in the layouts of maps or rows: the score (1, 1, ny, nx) after its sigmoid, before two
// of two columns, sizes and then places, and key points (1, 10, ny, nx).  With s a size's and o a
// place's raw number, vertical ones first: height = exp(s) * 4, y = (line + o + 0.5) * 4.
//
// Source: Xu et al., CenterFace (2019); Star-Clouds/CenterFace, prj-python/centerface.py.
#pragma once

#include "engine/heads/head.h"

namespace pare::engine {

HeadDef head_centerface();

}  // namespace pare::engine
