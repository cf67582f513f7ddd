// Small detectors in the style of families that are recognised as a description.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/engine/heads/small_detectors.h"

namespace pare::engine::test {

enum class Laid { kRows, kColumnsFirst, kMaps, kRowsOfOne, kNoBatch };

// Strides of a small body, and what lays out and joins its maps.
class FamilyBuilder {
 public:
  explicit FamilyBuilder(std::vector<int> strides, int opset = 13, int height = 64, int width = 128)
      : b(51, opset), strides_(std::move(strides)) {
    auto x = b.silu(b.conv(b.input({1, 3, height, width}), {.channels = 8, .stride = 4}));
    int stride = 4;
    for (const int wanted : strides_) {
      for (; stride < wanted; stride *= 2) x = b.silu(b.conv(x, {.channels = 8, .stride = 2}));
      features.push_back(x);
    }
  }

  const std::vector<int>& strides() const { return strides_; }

  std::string map(std::size_t level, int channels) {
    return b.conv(features[level], {.channels = channels, .kernel = 1});
  }

  std::string number(double value) { return floats({}, {value}); }
  std::string floats(const Shape& shape, const std::vector<double>& values) {
    const std::vector<float> numbers(values.begin(), values.end());
    return b.constant(Tensor::of<float>(shape, numbers));
  }
  std::string apply(const std::string& op, const std::string& x) {
    return b.node(op, {x}, {b.shape(x)})[0];
  }

  // (1, cells * anchors, columns), by cell, or by anchor.
  std::string rows(const std::string& map, int anchors, bool cells_first = true) {
    const Shape s = b.shape(map);
    const std::int64_t columns = s[1] / anchors;
    const auto view = b.reshape(map, {1, anchors, columns, s[2], s[3]});
    using Order = std::vector<std::int64_t>;
    const auto turned =
        b.transpose(view, cells_first ? Order{0, 3, 4, 1, 2} : Order{0, 1, 3, 4, 2});
    return b.reshape(turned, {1, anchors * s[2] * s[3], columns});
  }

  // Of a level's cells, row-major: (place + offset) * stride, x and y; once for each anchor.
  std::string points(std::size_t level, double offset, int anchors = 1, bool cells_first = true) {
    const Shape s = b.shape(features[level]);
    const std::int64_t cells = s[2] * s[3];
    std::vector<double> made(static_cast<std::size_t>(cells * anchors * 2));
    for (std::int64_t cell = 0; cell < cells; ++cell) {
      for (int a = 0; a < anchors; ++a) {
        const auto row =
            static_cast<std::size_t>(cells_first ? cell * anchors + a : a * cells + cell);
        made[2 * row] = (double(cell % s[3]) + offset) * strides_[level];
        made[2 * row + 1] = (double(cell / s[3]) + offset) * strides_[level];
      }
    }
    return floats({1, cells * anchors, 2}, made);
  }

  // Rows (1, rows, columns) as an output.
  void output(std::string rows, Laid laid) {
    const Shape s = b.shape(rows);
    if (laid == Laid::kColumnsFirst) rows = b.transpose(rows, {0, 2, 1});
    if (laid == Laid::kRowsOfOne) rows = b.reshape(rows, {1, s[1], 1, s[2]});
    if (laid == Laid::kNoBatch) rows = b.reshape(rows, {s[1], s[2]});
    b.output(rows);
  }

  GraphBuilder b;
  std::vector<std::string> features;

 private:
  std::vector<int> strides_;
};

// Left, top, right, bottom, around points in rows.
inline std::string corners(FamilyBuilder& f, const std::string& points,
                           const std::string& distances) {
  const auto sides = f.b.split(distances, {2, 2}, 2);
  const auto low = f.b.node("Sub", {points, sides[0]}, {f.b.shape(points)})[0];
  return f.b.concat({low, f.b.add(points, sides[1])}, 2);
}

struct PpyoloeWriting {
  Laid boxes = Laid::kRows, scores = Laid::kColumnsFirst;
  int bins = 5;
  bool scores_first = false;
  bool coarse_first = true;
  double centre = 0.5;  // wrong on purpose, if not
  bool sigmoid = true;  // wrong on purpose, if not
};

inline Graph small_ppyoloe(const PpyoloeWriting& how) {
  constexpr int kClasses = 3;
  FamilyBuilder f({8, 16, 32});
  std::vector<std::string> boxes, scores;
  for (std::size_t i = 0; i < 3; ++i) {
    const std::size_t l = how.coarse_first ? 2 - i : i;
    auto distances = f.rows(f.map(l, 4 * how.bins), 1);
    const std::int64_t rows = f.b.shape(distances)[1];
    if (how.bins > 1) {
      const auto apart = f.b.reshape(distances, {1, rows, 4, how.bins});
      const auto shares =
          f.b.node("Softmax", {apart}, {f.b.shape(apart)}, {{"axis", std::int64_t{3}}})[0];
      std::vector<double> numbers;
      for (int bin = 0; bin < how.bins; ++bin) numbers.push_back(bin);
      const auto means =
          f.b.node("MatMul", {shares, f.floats({how.bins, 1}, numbers)}, {{1, rows, 4, 1}})[0];
      distances = f.b.reshape(means, {1, rows, 4});
    }
    const auto pixels = f.b.mul(distances, f.number(f.strides()[l]));
    boxes.push_back(corners(f, f.points(l, how.centre), pixels));
    scores.push_back(f.rows(f.map(l, kClasses), 1));
  }
  auto classes = f.b.concat(scores, 1);
  if (how.sigmoid) classes = f.b.sigmoid(classes);
  if (how.scores_first) f.output(classes, how.scores);
  f.output(f.b.concat(boxes, 1), how.boxes);
  if (!how.scores_first) f.output(classes, how.scores);
  return f.b.build();
}

struct Yolov4Writing {
  Laid boxes = Laid::kRowsOfOne, scores = Laid::kRows;
  bool shares = true;
  bool cells_first = false;
  std::vector<double> reach = {1.2, 1.1, 1.05};
  bool joint = true;  // wrong on purpose, if not: scores without the objectness
};

inline const std::vector<std::vector<std::array<double, 2>>> kYolov4Anchors = {
    {{{12, 16}, {19, 36}, {40, 28}}},
    {{{36, 75}, {76, 55}, {72, 146}}},
    {{{142, 110}, {192, 243}, {459, 401}}}};

inline Graph small_yolov4(const Yolov4Writing& how) {
  constexpr int kClasses = 2;
  FamilyBuilder f({8, 16, 32});
  std::vector<std::string> boxes, scores;
  for (std::size_t l = 0; l < 3; ++l) {
    const auto rows = f.rows(f.map(l, 3 * (5 + kClasses)), 3, how.cells_first);
    const auto parts = f.b.split(rows, {2, 2, 1, kClasses}, 2);
    const double stride = f.strides()[l];
    const auto moved = f.b.mul(f.b.sigmoid(parts[0]), f.number(how.reach[l] * stride));
    const auto centre = f.b.add(moved, f.points(l, -(how.reach[l] - 1) / 2, 3, how.cells_first));
    const std::int64_t cells = f.b.shape(rows)[1] / 3;
    std::vector<double> sides;
    for (std::int64_t row = 0; row < 3 * cells; ++row) {
      const auto a = static_cast<std::size_t>(how.cells_first ? row % 3 : row / cells);
      for (const double side : kYolov4Anchors[l][a]) sides.push_back(side);
    }
    const auto size = f.b.mul(f.apply("Exp", parts[1]), f.floats({1, 3 * cells, 2}, sides));
    const auto half = f.b.mul(size, f.number(0.5));
    const auto low = f.b.node("Sub", {centre, half}, {f.b.shape(half)})[0];
    auto box = f.b.concat({low, f.b.add(low, size)}, 2);
    if (how.shares) {
      box = f.b.mul(box, f.floats({1, 1, 4}, {1 / 128.0, 1 / 64.0, 1 / 128.0, 1 / 64.0}));
    }
    boxes.push_back(box);
    const auto classes = f.b.sigmoid(parts[3]);
    scores.push_back(how.joint ? f.b.mul(classes, f.b.sigmoid(parts[2])) : classes);
  }
  f.output(f.b.concat(boxes, 1), how.boxes);
  f.output(f.b.concat(scores, 1), how.scores);
  return f.b.build();
}

// Maps of each stride: scores, boxes, and maybe a centerness.
struct LevelWriting {
  Laid laid = Laid::kMaps;
  int anchors = 1;
  std::vector<int> strides = {8, 16, 32};
  bool centerness = false;
  bool sigmoid = false;
  bool by_kind = true;        // all scores first, otherwise stride by stride
  std::string function = {};  // of boxes: "", "Exp", "Relu"
  double weight = 1;          // before it
  bool by_stride = false;     // boxes are times the stride
  bool joined = false;        // rows of all strides
};

inline Graph small_levels(const LevelWriting& how) {
  constexpr int kClasses = 3;
  FamilyBuilder f(how.strides);
  std::vector<std::vector<std::string>> kinds(how.centerness ? 3 : 2);
  for (std::size_t l = 0; l < how.strides.size(); ++l) {
    std::vector<std::string> maps = {f.map(l, how.anchors * kClasses), f.map(l, how.anchors * 4)};
    if (how.centerness) maps.push_back(f.map(l, how.anchors));
    for (const std::size_t score : {0U, 2U}) {
      if (how.sigmoid && score < maps.size()) maps[score] = f.b.sigmoid(maps[score]);
    }
    if (how.weight != 1) maps[1] = f.b.mul(maps[1], f.number(how.weight));
    if (!how.function.empty()) maps[1] = f.apply(how.function, maps[1]);
    if (how.by_stride) maps[1] = f.b.mul(maps[1], f.number(how.strides[l]));
    for (std::size_t k = 0; k < maps.size(); ++k) {
      kinds[k].push_back(how.laid == Laid::kMaps ? maps[k] : f.rows(maps[k], how.anchors));
    }
  }
  const auto put = [&](const std::string& made) {
    if (how.laid == Laid::kMaps) {
      f.b.output(made);
    } else {
      f.output(made, how.laid);
    }
  };
  if (how.joined) {
    for (const auto& kind : kinds) put(f.b.concat(kind, 1));
  } else if (how.by_kind) {
    for (const auto& kind : kinds) {
      for (const std::string& made : kind) put(made);
    }
  } else {
    for (std::size_t l = 0; l < how.strides.size(); ++l) {
      for (const auto& kind : kinds) put(kind[l]);
    }
  }
  return f.b.build();
}

}  // namespace pare::engine::test
