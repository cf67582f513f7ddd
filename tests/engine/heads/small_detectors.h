// Small detectors with the tails that exporters write, for tests of heads.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "core/check.h"
#include "engine/executor/observe.h"
#include "engine/executor/openvino_runner.h"
#include "engine/heads/head.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {

inline Observation observed(const Graph& graph) {
  auto seen = observe(graph);
  PARE_CHECK(seen.has_value(), seen.error().message);
  return std::move(seen).value();
}

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

// A body of strides 8, 16, 32 (and 64) and a NanoDet tail on it.
struct NanodetWriting {
  int opset = 13;
  int levels = 3;
  bool joint = true;         // one convolution a stride, parted by a Split
  bool interleaved = false;  // scores and distances of a stride side by side, not all scores first
  bool batch = true;
  int height = 64, width = 128;
  bool sigmoid = true;           // wrong on purpose, if not
  bool distances_first = false;  // wrong on purpose
  int other_classes = 0;         // wrong on purpose: so many more at the last stride
};

class SmallNanodet {
 public:
  static constexpr int kClasses = 3;
  static constexpr int kBins = 4;

  explicit SmallNanodet(const NanodetWriting& how) : b_(11, how.opset), how_(how) {
    auto x = b_.conv(b_.input({1, 3, how.height, how.width}), {.channels = 8, .stride = 4});
    std::vector<std::string> scores;
    std::vector<std::string> distances;
    for (int i = 0; i < how.levels; ++i) {
      x = b_.silu(b_.conv(x, {.channels = 8, .stride = 2}));
      const int classes = kClasses + (i + 1 == how.levels ? how.other_classes : 0);
      const auto [raw_scores, raw_distances] = raw(x, classes);
      scores.push_back(rows(how.sigmoid ? b_.sigmoid(raw_scores) : raw_scores));
      distances.push_back(rows(raw_distances));
    }
    if (how.distances_first) std::swap(scores, distances);
    for (std::size_t i = 0; i < scores.size(); ++i) {
      b_.output(scores[i]);
      if (how.interleaved) b_.output(distances[i]);
    }
    if (how.interleaved) return;
    for (const std::string& output : distances) b_.output(output);
  }
  Graph graph() const { return b_.build(); }

 private:
  std::pair<std::string, std::string> raw(const std::string& x, int classes) {
    if (!how_.joint) {
      const auto scores = b_.conv(x, {.channels = classes, .kernel = 1});
      return {scores, b_.conv(x, {.channels = 4 * kBins, .kernel = 1})};
    }
    const auto both = b_.conv(x, {.channels = classes + 4 * kBins, .kernel = 1});
    const std::vector<std::int64_t> sizes = {classes, 4 * kBins};
    if (how_.opset >= 13) {
      const auto parts = b_.split(both, sizes);
      return {parts[0], parts[1]};
    }
    std::vector<Shape> shapes(2, b_.shape(both));
    for (std::size_t i = 0; i < 2; ++i) shapes[i][1] = sizes[i];
    const auto parts =
        b_.node("Split", {both}, shapes, {{"axis", std::int64_t{1}}, {"split", sizes}});
    return {parts[0], parts[1]};
  }

  std::string rows(const std::string& map) {
    const Shape shape = b_.shape(map);
    const std::int64_t cells = shape[2] * shape[3];
    const auto turned = b_.transpose(b_.reshape(map, {1, shape[1], cells}), {0, 2, 1});
    return how_.batch ? turned : b_.reshape(turned, {cells, shape[1]});
  }

  GraphBuilder b_;
  NanodetWriting how_;
};

// A body whose coarsest map, of stride 32, is made finer again, and a FastestDet tail of stride 16.
struct FastestdetWriting {
  int opset = 13;
  std::vector<std::int64_t> there = {0, 3, 2, 1};  // Transpose around the softmax; empty: none
  std::vector<std::int64_t> back = {0, 3, 2, 1};
  std::int64_t axis = 3;
  bool sigmoid = true;  // wrong on purpose, if not
};

class SmallFastestdet {
 public:
  static constexpr int kClasses = 3;

  explicit SmallFastestdet(const FastestdetWriting& how) : b_(7, how.opset) {
    auto x = b_.conv(b_.input({1, 3, 64, 96}), {.channels = 8, .stride = 4});
    x = b_.relu(b_.conv(x, {.channels = 8, .stride = 4}));
    x = b_.concat({x, b_.upsample(b_.relu(b_.conv(x, {.channels = 8, .stride = 2})))});
    const auto objectness = b_.conv(x, {.channels = 1, .kernel = 1});
    const auto box = b_.conv(x, {.channels = 4, .kernel = 1});
    auto classes = b_.conv(x, {.channels = kClasses, .kernel = 1});
    if (!how.there.empty()) classes = b_.transpose(classes, how.there);
    classes = b_.node("Softmax", {classes}, {b_.shape(classes)}, {{"axis", how.axis}})[0];
    if (!how.back.empty()) classes = b_.transpose(classes, how.back);
    b_.output(
        b_.concat({how.sigmoid ? b_.sigmoid(objectness) : b_.relu(objectness), box, classes}));
  }
  Graph graph() const { return b_.build(); }

 private:
  GraphBuilder b_;
};

// Largest relative error of any output for a random image; infinite if the outputs differ in
// number, name or shape.
inline double difference(const Graph& expected, const Graph& actual) {
  auto run_expected = make_openvino_runner(expected);
  auto run_actual = make_openvino_runner(actual);
  PARE_CHECK(run_expected.has_value() && run_actual.has_value(), "both graphs run");
  const std::vector<Tensor> image = {random_tensor(expected.inputs[0].shape, 9, 0, 1)};
  const auto wanted = run_expected.value()->run(image);
  const auto made = run_actual.value()->run(image);
  PARE_CHECK(wanted.has_value() && made.has_value(), "both graphs run");
  if (run_expected.value()->output_names() != run_actual.value()->output_names()) return HUGE_VAL;
  double worst = 0;
  for (std::size_t i = 0; i < wanted.value().size(); ++i) {
    if (actual.outputs[i].shape != made.value()[i].shape()) return HUGE_VAL;  // as was declared
    worst = std::max(worst, relative_error(made.value()[i], wanted.value()[i]));
  }
  return worst;
}

struct SmallBody {
  Graph graph;
  std::vector<HeadLevel> levels;
};

// A body without any tail: three convolutions a stride, at 8, 16 and 32.
inline SmallBody small_yolox_body(int classes, int opset = 13) {
  GraphBuilder b(5, opset);
  auto x = b.conv(b.input({1, 3, 64, 96}), {.channels = 8, .stride = 4});
  std::vector<HeadLevel> levels;
  for (const int stride : {8, 16, 32}) {
    x = b.silu(b.conv(x, {.channels = 8, .stride = 2}));
    HeadLevel level{.stride = stride, .tensors = {}};
    for (const int channels : {4, 1, classes}) {
      level.tensors.push_back(b.conv(x, {.channels = channels, .kernel = 1}));
      b.output(level.tensors.back());
    }
    levels.push_back(level);
  }
  return {b.build(), levels};
}

}  // namespace pare::engine::test
