// Outputs of rows, a row for each box: (1, rows, columns) or (1, columns, rows), either also
// without the first dimension.  The longer side are the rows, which holds for every input of more
// cells than classes.  Private to engine/heads.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/detect/detection.h"
#include "engine/graph/graph.h"
#include "engine/heads/tail_builder.h"
#include "engine/heads/tail_reader.h"

namespace pare::engine {

struct RowLayout {
  std::int64_t rows = 0, columns = 0;
  bool columns_first = false;
  bool batch = true;

  Shape shape() const;
  bool is_clear() const { return rows > columns; }
  // Row-major, in a tensor of that shape.
  std::int64_t place(std::int64_t row, std::int64_t column) const {
    return columns_first ? column * rows + row : row * columns + column;
  }
};

// nullopt: no such shape, or fewer columns than `least_columns`.
std::optional<RowLayout> row_layout_of(const Shape& shape, std::int64_t least_columns);
// The same of a decoder's only output.
std::optional<RowLayout> row_layout_of(std::span<const Tensor> outputs, std::int64_t least_columns);

// Of a graph whose only output is one of rows.  Fails with kUnsupported; `expected`: what the
// output is not.
Result<RowLayout> only_rows_of(const Graph& graph, const TailReader& reader,
                               std::int64_t least_columns, const std::string& expected);

// The cells of a map whose numbers recognition looks at: its border, and every seventh.
bool is_looked_at(std::int64_t cell, std::int64_t ny, std::int64_t nx);

// What a tail that would not be clear is refused with.
Error not_clear(const RowLayout& layout);

// Joins tensors (1, some columns, rows) to an output of this layout.
void output_rows(TailBuilder& tail, const std::vector<std::string>& parts, const RowLayout& layout,
                 const std::string& name);

// The same of tensors (1, some rows, columns).
void output_levels(TailBuilder& tail, const std::vector<std::string>& levels,
                   const RowLayout& layout, const std::string& name);

// Four numbers of a box as they stand in a row.
Box box_of_centre(const std::array<double, 4>& numbers);   // centre and size
Box box_of_corners(const std::array<double, 4>& numbers);  // left, top, right, bottom

// Boxes from rows of four numbers and a score for each class, all as they are meant: every class of
// every row whose score is above the threshold.
std::vector<Detection> read_scored_rows(const Tensor& output, const RowLayout& layout,
                                        double score_threshold,
                                        Box (*box)(const std::array<double, 4>&));

}  // namespace pare::engine
