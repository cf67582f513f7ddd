// What the heads of the YOLO family share: one output (1, rows, 5 + classes), a row being four
// numbers of a box, an objectness and the classes' scores.  Private to engine/heads.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/detect/detection.h"
#include "engine/heads/head.h"
#include "engine/heads/tail_reader.h"

namespace pare::engine {

// A match without levels.  Fails with kUnsupported if the outputs are not of this form.
Result<HeadMatch> match_box_rows(const std::string& head, const Graph& graph,
                                 const TailReader& reader);

bool are_box_rows(std::span<const Tensor> outputs);

// REQUIRES of both: are_box_rows(outputs).
int classes_of_box_rows(std::span<const Tensor> outputs);
// Every class of every row whose objectness times score is above the threshold.  `box` reads the
// four numbers of a row.
using BoxOfRow = std::function<Box(std::int64_t row, const float* numbers)>;
std::vector<Detection> read_box_rows(std::span<const Tensor> outputs, double score_threshold,
                                     const BoxOfRow& box);

// "head yolox: outputs (1, 7, 85) for an input of 96 x 96; expected " + expected.
Error not_outputs_of(const std::string& head, std::span<const Tensor> outputs, int height,
                     int width, const std::string& expected);

}  // namespace pare::engine
