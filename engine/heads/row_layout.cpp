#include "engine/heads/row_layout.h"

#include <algorithm>
#include <utility>

namespace pare::engine {
namespace {

constexpr std::int64_t kNumbersOfBox = 4;
constexpr std::int64_t kLookedAt = 7;  // a number that no width of a map is a multiple of, mostly

}  // namespace

Shape RowLayout::shape() const {
  Shape shape = columns_first ? Shape{columns, rows} : Shape{rows, columns};
  if (batch) shape.insert(shape.begin(), 1);
  return shape;
}

std::optional<RowLayout> row_layout_of(const Shape& shape, std::int64_t least_columns) {
  const bool batch = shape.size() == 3;
  if ((!batch && shape.size() != 2) || (batch && shape[0] != 1)) return std::nullopt;
  const std::int64_t first = shape[shape.size() - 2];
  const std::int64_t second = shape[shape.size() - 1];
  RowLayout layout{.rows = std::max(first, second),
                   .columns = std::min(first, second),
                   .columns_first = first < second,
                   .batch = batch};
  if (layout.columns < least_columns || !layout.is_clear()) return std::nullopt;
  return layout;
}

Result<RowLayout> only_rows_of(const Graph& graph, const TailReader& reader,
                               std::int64_t least_columns, const std::string& expected) {
  if (graph.outputs.size() != 1) {
    return not_this_head("it has " + std::to_string(graph.outputs.size()) + " outputs, not one");
  }
  const Shape& shape = reader.shape_of(graph.outputs[0].name);
  const auto layout = row_layout_of(shape, least_columns);
  if (layout) return *layout;
  return not_this_head("its output is " + text_of(shape) + ", not " + expected);
}

bool is_looked_at(std::int64_t cell, std::int64_t ny, std::int64_t nx) {
  const std::int64_t y = cell / nx;
  const std::int64_t x = cell % nx;
  return y == 0 || x == 0 || y + 1 == ny || x + 1 == nx || cell % kLookedAt == 0;
}

Error not_clear(const RowLayout& layout) {
  return {ErrorCode::kInvalidArgument,
          "the input is too small for this head: " + std::to_string(layout.rows) + " boxes of " +
              std::to_string(layout.columns) +
              " numbers each, and rows are known by being more than columns"};
}

std::optional<RowLayout> row_layout_of(std::span<const Tensor> outputs,
                                       std::int64_t least_columns) {
  if (outputs.size() != 1 || outputs[0].dtype() != DType::kFloat32) return std::nullopt;
  return row_layout_of(outputs[0].shape(), least_columns);
}

void output_rows(TailBuilder& tail, const std::vector<std::string>& parts, const RowLayout& layout,
                 const std::string& name) {
  const std::map<std::string, Attribute> join = {{"axis", std::int64_t{1}}};
  const std::map<std::string, Attribute> turn = {{"perm", std::vector<std::int64_t>{0, 2, 1}}};
  if (layout.columns_first && layout.batch) {
    return tail.output("Concat", parts, join, name, layout.shape());
  }
  std::string joined = tail.add("Concat", parts, join);
  if (layout.batch) return tail.output("Transpose", {joined}, turn, name, layout.shape());
  if (!layout.columns_first) joined = tail.add("Transpose", {joined}, turn);
  tail.output_reshaped(joined, name, layout.shape());
}

void output_levels(TailBuilder& tail, const std::vector<std::string>& levels,
                   const RowLayout& layout, const std::string& name) {
  const std::map<std::string, Attribute> join = {{"axis", std::int64_t{1}}};
  if (!layout.columns_first && layout.batch) {
    return tail.output("Concat", levels, join, name, layout.shape());
  }
  std::string joined = tail.add("Concat", levels, join);
  const std::map<std::string, Attribute> turn = {{"perm", std::vector<std::int64_t>{0, 2, 1}}};
  if (layout.batch) return tail.output("Transpose", {joined}, turn, name, layout.shape());
  if (layout.columns_first) joined = tail.add("Transpose", {joined}, turn);
  tail.output_reshaped(joined, name, layout.shape());
}

Box box_of_centre(const std::array<double, 4>& numbers) {
  const auto [x, y, width, height] = numbers;
  return {x - width / 2, y - height / 2, width, height};
}

Box box_of_corners(const std::array<double, 4>& numbers) {
  const auto [left, top, right, bottom] = numbers;
  return {left, top, right - left, bottom - top};
}

std::vector<Detection> read_scored_rows(const Tensor& output, const RowLayout& layout,
                                        double score_threshold,
                                        Box (*box)(const std::array<double, 4>&)) {
  const auto values = output.values<float>();
  const auto number = [&](std::int64_t row, std::int64_t column) {
    return static_cast<double>(values[static_cast<std::size_t>(layout.place(row, column))]);
  };
  std::vector<Detection> found;
  for (std::int64_t row = 0; row < layout.rows; ++row) {
    for (std::int64_t c = kNumbersOfBox; c < layout.columns; ++c) {
      const double score = number(row, c);
      if (!(score > score_threshold)) continue;
      const Box place = box({number(row, 0), number(row, 1), number(row, 2), number(row, 3)});
      found.push_back({place, score, static_cast<int>(c - kNumbersOfBox)});
    }
  }
  return found;
}

}  // namespace pare::engine
