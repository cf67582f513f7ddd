#include "engine/heads/ssd.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "engine/heads/box_rows.h"
#include "engine/heads/row_layout.h"
#include "engine/heads/ssd_priors.h"

namespace pare::engine {
namespace {

// Priors and columns of an output.
struct PriorRows {
  std::span<const float> values;
  std::int64_t rows = 0, columns = 0;

  double at(std::int64_t row, std::int64_t column) const {
    return static_cast<double>(values[static_cast<std::size_t>(row * columns + column)]);
  }
  // Are they the shares of a softmax?
  bool sum_to_one() const {
    double whole = 0;
    for (std::int64_t column = 0; column < columns; ++column) whole += at(0, column);
    return std::abs(whole - 1) < 1e-3;
  }
};

std::optional<PriorRows> rows_of(const Tensor& output) {
  const Shape& shape = output.shape();
  const bool batch = shape.size() == 3;
  if ((!batch && shape.size() != 2) || (batch && shape[0] != 1) || element_count(shape) < 1 ||
      output.dtype() != DType::kFloat32) {
    return std::nullopt;
  }
  return PriorRows{output.values<float>(), shape[shape.size() - 2], shape.back()};
}

// Scores, and boxes.
std::optional<std::pair<PriorRows, PriorRows>> scores_and_boxes(std::span<const Tensor> outputs) {
  if (outputs.size() != 2) return std::nullopt;
  const auto first = rows_of(outputs[0]);
  const auto second = rows_of(outputs[1]);
  if (!first || !second || first->rows != second->rows) return std::nullopt;
  for (const auto& [scores, boxes] : {std::pair(*first, *second), std::pair(*second, *first)}) {
    if (boxes.columns == 4 && scores.columns > 1 && scores.sum_to_one()) {
      return std::pair(scores, boxes);
    }
  }
  return std::nullopt;
}

bool are_shares(const PriorRows& boxes) {
  std::vector<double> ends;
  ends.reserve(static_cast<std::size_t>(boxes.rows));
  for (std::int64_t row = 0; row < boxes.rows; ++row) ends.push_back(boxes.at(row, 2));
  const auto middle = ends.begin() + static_cast<std::ptrdiff_t>(ends.size() / 2);
  std::ranges::nth_element(ends, middle);
  return *middle <= 2;
}

Result<std::vector<Detection>> decode(std::span<const Tensor> outputs, int height, int width,
                                      double score_threshold) {
  const auto read = scores_and_boxes(outputs);
  if (!read) {
    return not_outputs_of("ssd", outputs, height, width,
                          "(1, priors, 1 + classes) that sum to 1, and (1, priors, 4)");
  }
  const auto& [scores, boxes] = *read;
  const bool shares = are_shares(boxes);
  const double across = shares ? width : 1;
  const double down = shares ? height : 1;
  std::vector<Detection> found;
  for (std::int64_t row = 0; row < scores.rows; ++row) {
    for (std::int64_t c = 1; c < scores.columns; ++c) {
      const double score = scores.at(row, c);
      if (!(score > score_threshold)) continue;
      const Box box = box_of_corners({boxes.at(row, 0) * across, boxes.at(row, 1) * down,
                                      boxes.at(row, 2) * across, boxes.at(row, 3) * down});
      found.push_back({box, score, static_cast<int>(c - 1)});
    }
  }
  return found;
}

int classes_of(std::span<const Tensor> outputs) {
  return static_cast<int>(scores_and_boxes(outputs)->first.columns - 1);
}

std::vector<ChannelRange> roles(const HeadMatch& match, const HeadLevel& level) {
  std::vector<ChannelRange> ranges;
  const int columns = 1 + match.classes;
  for (int anchor = 0; anchor < static_cast<int>(level.anchors.size()); ++anchor) {
    ranges.push_back({0, anchor * columns, columns, ChannelKind::kCategoryOrNone, anchor});
    ranges.push_back({1, anchor * 4, 4, ChannelKind::kOffset, anchor});
  }
  return ranges;
}

}  // namespace

HeadDef head_ssd() {
  return {.name = "ssd",
          .preset = {.rgb = true,
                     .resize = Resize::kStretch,
                     .pad_value = 0,
                     .mean = {127, 127, 127},
                     .std = {128, 128, 128}},
          .recognise = recognise_ssd,
          .attach = attach_ssd,
          .decode = decode,
          .classes = classes_of,
          .roles = roles};
}

}  // namespace pare::engine
