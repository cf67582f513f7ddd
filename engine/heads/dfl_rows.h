// What the heads of the later YOLO families share: per stride a distribution over each distance
// from the centre of a cell to a side of its box, and the classes' scores, decoded inside the model
// into one output of rows of 4 + classes columns, without an objectness.  Private to engine/heads.
//
// A distance is the mean of the softmax over its bins, in strides; sides are left, top, right,
// bottom; rows go stride by stride, row-major within a feature map; scores are after their
// sigmoids.
//
// Recognised by what the numbers are (TailTracer): whatever moves them about or takes the mean, and
// however the output lies (RowLayout).  Any strides.  Cost of the recognition: linear in the rows.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/heads/head.h"

namespace pare::engine {

enum class BoxForm : std::uint8_t {
  kCentre,   // centre x and y, width, height, in pixels
  kCorners,  // left, top, right, bottom
};

struct DflRows {
  const char* head;
  BoxForm form;
  bool ones = false;  // a column of ones between box and scores
};

inline constexpr const char* kDflRowsExpected =
    "one of (1, 4 + classes, rows) or (1, rows, 4 + classes)";

// A head of this form.
HeadDef dfl_rows_head(const DflRows& of);

Result<HeadMatch> recognise_dfl_rows(const DflRows& of, const Graph& graph,
                                     const Observation& observed);
Result<Graph> attach_dfl_rows(Graph body, const HeadMatch& match, const DflRows& of);
std::vector<ChannelRange> roles_of_dfl(const HeadMatch& match, const HeadLevel& level);

}  // namespace pare::engine
