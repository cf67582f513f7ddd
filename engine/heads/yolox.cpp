#include "engine/heads/yolox.h"

#include <cmath>
#include <optional>
#include <utility>

#include "engine/heads/box_rows.h"
#include "engine/heads/presets.h"
#include "engine/heads/tail_builder.h"
#include "engine/heads/tail_reader.h"

namespace pare::engine {
namespace {

const std::vector<std::vector<int>> kStrides = {{8, 16, 32}, {8, 16, 32, 64}, {16}};

std::int64_t rows_of(const std::vector<int>& strides, std::int64_t height, std::int64_t width) {
  std::int64_t rows = 0;
  for (const int stride : strides) rows += (height / stride) * (width / stride);
  return rows;
}

// Walks the tail backwards.  Every step names what it wanted, so that the first one that fails is
// the reason.
class Recogniser {
 public:
  Recogniser(const Graph& graph, const Observation& observed)
      : graph_(graph), reader_(graph, observed) {}

  Result<HeadMatch> run() {
    auto found = match_box_rows("yolox", graph_, reader_);
    if (!found) return found;
    HeadMatch match = std::move(found).value();
    columns_ = 5 + match.classes;
    for (const std::string& flat : flat_maps(match.outputs[0])) {
      const auto level = level_of(flat);
      if (!level) return near_ ? nearly_this_head(reader_.why()) : not_this_head(reader_.why());
      match.levels.push_back(*level);
    }
    if (match.levels.empty()) return not_this_head(reader_.why());
    const std::int64_t rows = reader_.shape_of(match.outputs[0])[1];
    return with_known_strides(std::move(match), rows);
  }

 private:
  // Tensors (1, columns, cells), one a stride: joined and then transposed, or the other way round.
  std::vector<std::string> flat_maps(const std::string& output) {
    if (const Node* last = reader_.rows_last(output)) {
      const Node* join = reader_.concat_on(last->inputs[0], 2);
      return join == nullptr ? std::vector<std::string>{} : join->inputs;
    }
    const Node* join = reader_.concat_on(output, 1);
    if (join == nullptr) return {};
    std::vector<std::string> maps;
    for (const std::string& part : join->inputs) {
      const Node* turned = reader_.rows_last(part);
      if (turned == nullptr) return {};
      maps.push_back(turned->inputs[0]);
    }
    return maps;
  }

  std::optional<HeadLevel> level_of(const std::string& flat) {
    const Node* reshape = reader_.cells_last(flat);
    if (reshape == nullptr) return std::nullopt;
    const std::string& map = reshape->inputs[0];
    const Shape& shape = reader_.shape_of(map);
    if (shape[1] != columns_) {
      return reader_.fail("\"" + map + "\" is " + text_of(shape) + ", not of " +
                          std::to_string(columns_) + " channels");
    }
    const Node* join = reader_.concat_on(map, 1);
    if (join == nullptr) return std::nullopt;
    if (join->inputs.size() != 3) {
      return reader_.fail("Concat \"" + join->name + "\" joins " +
                          std::to_string(join->inputs.size()) +
                          " tensors, not box, objectness and classes");
    }
    near_ = true;
    const Node* objectness = reader_.made_by(join->inputs[1], "Sigmoid");
    const Node* classes =
        objectness == nullptr ? nullptr : reader_.made_by(join->inputs[2], "Sigmoid");
    if (classes == nullptr) return std::nullopt;
    const auto stride = reader_.stride_of(shape[2], shape[3]);
    if (!stride) return std::nullopt;
    HeadLevel level{.stride = *stride,
                    .tensors = {join->inputs[0], objectness->inputs[0], classes->inputs[0]}};
    const std::int64_t widths[] = {4, 1, columns_ - 5};
    for (std::size_t i = 0; i < 3; ++i) {
      if (!reader_.is_map(level.tensors[i], widths[i])) return std::nullopt;
    }
    return level;
  }

  static Result<HeadMatch> with_known_strides(HeadMatch match, std::int64_t rows) {
    std::vector<int> strides;
    std::string seen;
    for (const HeadLevel& level : match.levels) {
      strides.push_back(level.stride);
      seen += (seen.empty() ? "" : ", ") + std::to_string(level.stride);
    }
    for (const std::vector<int>& known : kStrides) {
      if (strides == known) return match;
    }
    return nearly_this_head("its strides are " + seen + " (" + std::to_string(rows) +
                            " rows), not 8, 16, 32 or 8, 16, 32, 64 or 16");
  }

  const Graph& graph_;
  TailReader reader_;
  std::int64_t columns_ = 0;
  bool near_ = false;  // a stride joins three tensors
};

Result<HeadMatch> recognise(const Graph& graph, const Observation& observed) {
  return Recogniser(graph, observed).run();
}

Result<Graph> attach(Graph body, const HeadMatch& match) {
  return append_yolox_tail(std::move(body), match.levels, match.classes, match.outputs[0]);
}

struct Cell {
  double x = 0, y = 0, stride = 0;
};

// The cell of each row.
std::vector<Cell> cells_of(const std::vector<int>& strides, int height, int width) {
  std::vector<Cell> cells;
  for (const int stride : strides) {
    for (int y = 0; y < height / stride; ++y) {
      for (int x = 0; x < width / stride; ++x) {
        cells.push_back({static_cast<double>(x), static_cast<double>(y), double(stride)});
      }
    }
  }
  return cells;
}

Box box_in(const Cell& cell, const float* v) {
  const double width = std::exp(static_cast<double>(v[2])) * cell.stride;
  const double height = std::exp(static_cast<double>(v[3])) * cell.stride;
  const double x = (static_cast<double>(v[0]) + cell.x) * cell.stride;
  const double y = (static_cast<double>(v[1]) + cell.y) * cell.stride;
  return {x - width / 2, y - height / 2, width, height};
}

Result<std::vector<Detection>> decode(std::span<const Tensor> outputs, int height, int width,
                                      double score_threshold) {
  for (const std::vector<int>& strides : kStrides) {
    if (!are_box_rows(outputs) || rows_of(strides, height, width) != outputs[0].shape()[1]) {
      continue;
    }
    const std::vector<Cell> cells = cells_of(strides, height, width);
    return read_box_rows(outputs, score_threshold, [&](std::int64_t row, const float* v) {
      return box_in(cells[static_cast<std::size_t>(row)], v);
    });
  }
  return not_outputs_of(
      "yolox", outputs, height, width,
      "one of (1, " + std::to_string(rows_of(kStrides[0], height, width)) + ", 5 + classes)");
}

std::vector<ChannelRange> roles(const HeadMatch& match, const HeadLevel&) {
  return {{0, 0, 4, ChannelKind::kOffset},
          {1, 0, 1, ChannelKind::kObjectness},
          {2, 0, match.classes, ChannelKind::kClasses}};
}

}  // namespace

HeadDef head_yolox() {
  return {.name = "yolox",
          .preset = as_megvii(),
          .recognise = recognise,
          .attach = attach,
          .decode = decode,
          .classes = classes_of_box_rows,
          .roles = roles};
}

Result<Graph> append_yolox_tail(Graph body, std::span<const HeadLevel> levels, int classes,
                                const std::string& output) {
  const std::string outputs[] = {output};
  return with_tail(std::move(body), levels, outputs, [&](TailBuilder& tail) {
    const std::int64_t columns = 5 + classes;
    std::vector<std::string> flat;
    std::int64_t rows = 0;
    for (const HeadLevel& level : levels) {
      const std::string objectness = tail.add("Sigmoid", {level.tensors[1]});
      const std::string scores = tail.add("Sigmoid", {level.tensors[2]});
      const std::string map =
          tail.add("Concat", {level.tensors[0], objectness, scores}, {{"axis", std::int64_t{1}}});
      const std::int64_t cells = tail.ny(level) * tail.nx(level);
      flat.push_back(tail.reshape(map, {1, columns, cells}));
      rows += cells;
    }
    const std::string joined = tail.add("Concat", flat, {{"axis", std::int64_t{2}}});
    tail.output("Transpose", {joined}, {{"perm", std::vector<std::int64_t>{0, 2, 1}}}, output,
                {1, rows, columns});
  });
}

}  // namespace pare::engine
