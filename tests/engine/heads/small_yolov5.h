// A small detector with the tails of YOLOv3 and YOLOv5.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/graph/graph.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {

// How an exporter of YOLOv5 wrote the same arithmetic.
struct Writing {
  int opset = 13;
  bool slices = false;       // parts of the columns by Slice, not by Split
  bool split_first = false;  // split before the sigmoids
  bool old_grid = false;     // (2 s - 0.5 + cell) * stride, grid before the half is taken
  bool pow = true;           // (2 s) ^ 2, otherwise a product with itself
  bool exp = false;          // YOLOv3's size
  double reach = 2;          // of the centre, in cells
  bool anchors_last = false;
  bool columns_first = false;
  bool batch = true;
  bool square = true;      // wrong on purpose, if not
  double score_scale = 1;  // wrong on purpose, if not 1
  double grid_shift = 0;   // wrong on purpose
  double power_scale = 2;  // wrong on purpose, if not 2
  bool swap_box = false;   // wrong on purpose: size before centre
};

inline const std::vector<std::vector<std::array<double, 2>>> kAnchors = {
    {{{10, 13}, {16, 30}, {33, 23}}}, {{{30, 61}, {62, 45}, {59, 119}}}};

class SmallYolov5 {
 public:
  static constexpr int kClasses = 2;
  static constexpr std::int64_t kColumns = 5 + kClasses;

  explicit SmallYolov5(const Writing& how) : b_(3, how.opset), how_(how) {
    const auto stem = b_.silu(b_.conv(b_.input({1, 3, 32, 48}), {.channels = 8, .stride = 2}));
    const auto fine = b_.silu(b_.conv(stem, {.channels = 8, .stride = 2}));
    const auto coarse = b_.silu(b_.conv(fine, {.channels = 8, .stride = 2}));
    const auto rows = {level(fine, 4, kAnchors[0]), level(coarse, 8, kAnchors[1])};
    auto out = b_.concat(rows, 1);
    if (how.columns_first) out = b_.transpose(out, {0, 2, 1});
    if (!how.batch) out = b_.reshape(out, {b_.shape(out)[1], b_.shape(out)[2]});
    b_.output(out);
  }
  Graph graph() const { return b_.build(); }

 private:
  std::string number(double value) {
    const float one[] = {static_cast<float>(value)};
    return b_.constant(Tensor::of<float>({}, one));
  }

  std::vector<std::string> parts(const std::string& x) {
    if (!how_.slices) return b_.split(x, {2, 2, kColumns - 4}, 4);
    return {b_.slice(x, 4, 0, 2), b_.slice(x, 4, 2, 4), b_.slice(x, 4, 4, kColumns)};
  }

  std::string centre(const std::string& s, std::int64_t ny, std::int64_t nx, int stride) {
    const double before = (how_.reach - 1) / 2;
    const double half = how_.old_grid ? 0 : before;
    std::vector<float> cells;
    for (std::int64_t i = 0; i < ny * nx; ++i) {
      cells.push_back(static_cast<float>(double(i % nx) - half + how_.grid_shift));
      cells.push_back(static_cast<float>(double(i / nx) - half));
    }
    const Shape places = how_.anchors_last ? Shape{1, ny, nx, 1, 2} : Shape{1, 1, ny, nx, 2};
    const auto grid = b_.constant(Tensor::of<float>(places, cells));
    auto twice = b_.mul(s, number(how_.reach));
    if (how_.old_grid) twice = b_.node("Sub", {twice, number(before)}, {b_.shape(twice)})[0];
    return b_.mul(b_.add(twice, grid), number(stride));
  }

  std::string size(const std::string& s, const std::vector<std::array<double, 2>>& anchors) {
    std::vector<float> sides;
    for (const auto& anchor : anchors) sides.insert(sides.end(), anchor.begin(), anchor.end());
    const auto count = std::int64_t(anchors.size());
    const Shape shape = how_.anchors_last ? Shape{1, 1, 1, count, 2} : Shape{1, count, 1, 1, 2};
    const auto sizes = b_.constant(Tensor::of<float>(shape, sides));
    if (how_.exp) return b_.mul(b_.node("Exp", {s}, {b_.shape(s)})[0], sizes);
    const auto twice = b_.mul(s, number(how_.power_scale));
    if (!how_.square) return b_.mul(twice, sizes);
    const auto squared =
        how_.pow ? b_.node("Pow", {twice, number(2)}, {b_.shape(s)})[0] : b_.mul(twice, twice);
    return b_.mul(squared, sizes);
  }

  std::string level(const std::string& x, int stride,
                    const std::vector<std::array<double, 2>>& anchors) {
    const auto count = std::int64_t(anchors.size());
    const auto raw = b_.conv(x, {.channels = int(count * kColumns), .kernel = 1});
    const std::int64_t ny = b_.shape(raw)[2];
    const std::int64_t nx = b_.shape(raw)[3];
    const auto view = b_.reshape(raw, {1, count, kColumns, ny, nx});
    using Order = std::vector<std::int64_t>;
    const auto cells =
        b_.transpose(view, how_.anchors_last ? Order{0, 3, 4, 1, 2} : Order{0, 1, 3, 4, 2});
    std::vector<std::string> s;
    if (how_.split_first || how_.exp) {
      for (const auto& part : parts(cells)) s.push_back(part);
      for (const std::size_t i : {0, 1, 2}) {
        if (i != 1 || !how_.exp) s[i] = b_.sigmoid(s[i]);
      }
    } else {
      s = parts(b_.sigmoid(cells));
    }
    std::vector<std::string> box = {centre(s[0], ny, nx, stride), size(s[1], anchors)};
    if (how_.swap_box) std::swap(box[0], box[1]);
    if (how_.score_scale != 1) s[2] = b_.mul(s[2], number(how_.score_scale));
    return b_.reshape(b_.concat({box[0], box[1], s[2]}, 4), {1, count * ny * nx, kColumns});
  }

  GraphBuilder b_;
  Writing how_;
};

}  // namespace pare::engine::test
