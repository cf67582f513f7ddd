#include "engine/heads/yolox.h"

#include <cmath>
#include <optional>
#include <utility>

#include "engine/heads/tail_builder.h"
#include "engine/heads/tail_reader.h"

namespace pare::engine {
namespace {

const std::vector<std::vector<int>> kStrides = {{8, 16, 32}, {8, 16, 32, 64}};

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
    if (graph_.inputs.size() != 1 || graph_.inputs[0].shape.size() != 4) {
      return no("the model has not one image as its input");
    }
    if (graph_.outputs.size() != 1) {
      return no("it has " + std::to_string(graph_.outputs.size()) + " outputs, not one");
    }
    HeadMatch match{.head = "yolox", .classes = 0, .levels = {}, .output = graph_.outputs[0].name};
    const Shape& shape = reader_.shape_of(match.output);
    if (shape.size() != 3 || shape[0] != 1 || shape[2] < 6) {
      return no("its output is " + text_of(shape) + ", not (1, rows, 5 + classes)");
    }
    columns_ = shape[2];
    match.classes = static_cast<int>(columns_ - 5);
    for (const std::string& flat : flat_maps(match.output)) {
      const auto level = level_of(flat);
      if (!level) return no(reader_.why());
      match.levels.push_back(*level);
    }
    if (match.levels.empty()) return no(reader_.why());
    return with_known_strides(std::move(match), shape[1]);
  }

 private:
  static Error no(const std::string& why) { return {ErrorCode::kUnsupported, why}; }

  const Node* rows_last(const std::string& tensor) {
    const Node* node = reader_.made_by(tensor, "Transpose");
    if (node == nullptr) return nullptr;
    if (ints_attribute(*node, "perm", {}) == std::vector<std::int64_t>{0, 2, 1}) return node;
    reader_.fail("Transpose \"" + node->name + "\" does not swap the last two axes");
    return nullptr;
  }

  // Tensors (1, columns, cells), one a stride: joined and then transposed, or the other way round.
  std::vector<std::string> flat_maps(const std::string& output) {
    if (const Node* last = rows_last(output)) {
      const Node* join = reader_.concat_on(last->inputs[0], 2);
      return join == nullptr ? std::vector<std::string>{} : join->inputs;
    }
    const Node* join = reader_.concat_on(output, 1);
    if (join == nullptr) return {};
    std::vector<std::string> maps;
    for (const std::string& part : join->inputs) {
      const Node* turned = rows_last(part);
      if (turned == nullptr) return {};
      maps.push_back(turned->inputs[0]);
    }
    return maps;
  }

  std::optional<HeadLevel> level_of(const std::string& flat) {
    const Node* reshape = reader_.made_by(flat, "Reshape");
    if (reshape == nullptr) return std::nullopt;
    const std::string& map = reshape->inputs[0];
    const Shape& shape = reader_.shape_of(map);
    if (shape.size() != 4 || shape[1] != columns_ ||
        reader_.shape_of(flat) != Shape{1, columns_, shape[2] * shape[3]}) {
      return reader_.fail("Reshape \"" + reshape->name + "\" makes " +
                          text_of(reader_.shape_of(flat)) + " of " + text_of(shape) +
                          ", not one row for each cell");
    }
    const Node* join = reader_.concat_on(map, 1);
    if (join == nullptr) return std::nullopt;
    if (join->inputs.size() != 3) {
      return reader_.fail("Concat \"" + join->name + "\" joins " +
                          std::to_string(join->inputs.size()) +
                          " tensors, not box, objectness and classes");
    }
    const Node* objectness = reader_.made_by(join->inputs[1], "Sigmoid");
    const Node* classes =
        objectness == nullptr ? nullptr : reader_.made_by(join->inputs[2], "Sigmoid");
    if (classes == nullptr) return std::nullopt;
    HeadLevel level{.stride = 0,
                    .tensors = {join->inputs[0], objectness->inputs[0], classes->inputs[0]}};
    const std::int64_t widths[] = {4, 1, columns_ - 5};
    for (std::size_t i = 0; i < 3; ++i) {
      if (reader_.made_by(level.tensors[i], "Conv") == nullptr) return std::nullopt;
      const Shape& seen = reader_.shape_of(level.tensors[i]);
      if (seen.size() == 4 && seen[1] == widths[i]) continue;
      return reader_.fail("\"" + level.tensors[i] + "\" is " + text_of(seen) + ", and " +
                          std::to_string(widths[i]) + " channels were expected");
    }
    return with_stride(std::move(level), shape[2], shape[3]);
  }

  std::optional<HeadLevel> with_stride(HeadLevel level, std::int64_t ny, std::int64_t nx) {
    const Shape& image = graph_.inputs[0].shape;
    const std::int64_t stride = ny == 0 ? 0 : image[2] / ny;
    if (stride > 0 && stride * ny == image[2] && stride * nx == image[3]) {
      level.stride = static_cast<int>(stride);
      return level;
    }
    return reader_.fail("a feature map of " + std::to_string(ny) + " x " + std::to_string(nx) +
                        " has no stride in an input of " + std::to_string(image[2]) + " x " +
                        std::to_string(image[3]));
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
    return no("strides are " + seen + " (" + std::to_string(rows) +
              " rows), not 8, 16, 32 or 8, 16, 32, 64");
  }

  const Graph& graph_;
  TailReader reader_;
  std::int64_t columns_ = 0;
};

Result<HeadMatch> recognise(const Graph& graph, const Observation& observed) {
  return Recogniser(graph, observed).run();
}

Result<Graph> attach(Graph body, const HeadMatch& match) {
  return append_yolox_tail(std::move(body), match.levels, match.classes, match.output);
}

// Every class of every cell of one feature map; returns the row after the last one.
std::int64_t decode_level(std::span<const float> values, std::int64_t columns, std::int64_t row,
                          std::array<std::int64_t, 3> grid, double threshold,
                          std::vector<Detection>& out) {
  const auto [ny, nx, stride] = grid;
  for (std::int64_t cell = 0; cell < ny * nx; ++cell, ++row) {
    const auto* v = &values[static_cast<std::size_t>(row * columns)];
    if (!(static_cast<double>(v[4]) > threshold)) continue;
    const auto scale = static_cast<double>(stride);
    const double width = std::exp(static_cast<double>(v[2])) * scale;
    const double height = std::exp(static_cast<double>(v[3])) * scale;
    const double x = (static_cast<double>(v[0]) + static_cast<double>(cell % nx)) * scale;
    const double y = (static_cast<double>(v[1]) + static_cast<double>(cell / nx)) * scale;
    for (std::int64_t c = 5; c < columns; ++c) {
      const auto score = static_cast<double>(v[4] * v[c]);
      if (!(score > threshold)) continue;
      out.push_back({{x - width / 2, y - height / 2, width, height}, score, int(c - 5)});
    }
  }
  return row;
}

Result<std::vector<Detection>> decode(std::span<const Tensor> outputs, int height, int width,
                                      double score_threshold) {
  const Shape shape = outputs.size() == 1 ? outputs[0].shape() : Shape{};
  const bool rows_known =
      shape.size() == 3 && shape[0] == 1 && shape[2] >= 6 && outputs[0].dtype() == DType::kFloat32;
  for (const std::vector<int>& strides : kStrides) {
    if (!rows_known || rows_of(strides, height, width) != shape[1]) continue;
    std::vector<Detection> found;
    std::int64_t row = 0;
    for (const int stride : strides) {
      row = decode_level(outputs[0].values<float>(), shape[2], row,
                         {height / stride, width / stride, stride}, score_threshold, found);
    }
    return found;
  }
  return Error{ErrorCode::kInvalidArgument,
               "head yolox: " + std::to_string(outputs.size()) + " outputs, the first " +
                   text_of(shape) + ", for an input of " + std::to_string(height) + " x " +
                   std::to_string(width) + "; expected one of (1, " +
                   std::to_string(rows_of(kStrides[0], height, width)) + ", 5 + classes)"};
}

}  // namespace

HeadDef head_yolox() {
  return {.name = "yolox",
          .preset = {.rgb = false,
                     .resize = Resize::kLetterboxTopLeft,
                     .pad_value = 114,
                     .mean = {0, 0, 0},
                     .std = {1, 1, 1}},
          .recognise = recognise,
          .attach = attach,
          .decode = decode};
}

Result<Graph> append_yolox_tail(Graph body, std::span<const HeadLevel> levels, int classes,
                                const std::string& output) {
  auto made = TailBuilder::on(std::move(body), levels);
  if (!made) return made.error();
  TailBuilder tail = std::move(made).value();
  const std::int64_t columns = 5 + classes;
  std::vector<std::string> flat;
  std::int64_t rows = 0;
  for (const HeadLevel& level : levels) {
    const std::string objectness = tail.add("Sigmoid", {level.tensors[1]});
    const std::string scores = tail.add("Sigmoid", {level.tensors[2]});
    const std::string map =
        tail.add("Concat", {level.tensors[0], objectness, scores}, {{"axis", std::int64_t{1}}});
    const std::int64_t cells = (tail.height() / level.stride) * (tail.width() / level.stride);
    flat.push_back(tail.reshape(map, {1, columns, cells}));
    rows += cells;
  }
  const std::string joined = tail.add("Concat", flat, {{"axis", std::int64_t{2}}});
  return std::move(tail).finish("Transpose", {joined},
                                {{"perm", std::vector<std::int64_t>{0, 2, 1}}}, output,
                                {1, rows, columns});
}

}  // namespace pare::engine
