// Small detectors with distributions of distances, as exporters write them.
#pragma once

#include <string>
#include <vector>

#include "tests/engine/heads/small_detectors.h"

namespace pare::engine::test {

enum class MeanBy { kConv, kMatMul, kSum };

struct DflWriting {
  int opset = 13;
  std::vector<int> strides = {8, 16, 32};
  bool corners = false;       // as YOLOv10, not centre and size
  bool columns_first = true;  // as Ultralytics has it
  bool batch = true;
  int bins = 16;             // 1: distances are raw numbers
  bool ones = false;         // as YOLOv6
  bool joined_maps = false;  // distances and classes are one map before they are flat
  bool joint = false;        // and one convolution
  bool scaled_late = true;   // strides after centre and size, otherwise at once
  bool last_axis = false;    // the softmax is taken over the last axis
  MeanBy mean = MeanBy::kConv;
  double centre = 0.5;     // wrong on purpose, if not
  bool sigmoid = true;     // wrong on purpose, if not
  int swapped_class = -1;  // wrong on purpose: that class and the one before it change places
};

class SmallDfl {
 public:
  static constexpr int kClasses = 3;

  explicit SmallDfl(const DflWriting& how) : b_(21, how.opset), how_(how) {
    auto x = b_.silu(b_.conv(b_.input({1, 3, 64, 128}), {.channels = 8, .stride = 4}));
    int stride = 4;
    std::vector<std::string> distances, scores;
    for (const int wanted : how.strides) {
      for (; stride < wanted; stride *= 2) x = b_.silu(b_.conv(x, {.channels = 8, .stride = 2}));
      const auto [box, classes] = flat(x);
      distances.push_back(box);
      scores.push_back(classes);
      add_cells(wanted);
    }
    rows_ = static_cast<std::int64_t>(strides_.size());
    const auto boxes = how.scaled_late ? late(b_.concat(distances, 2)) : early(distances);
    auto classes = b_.concat(scores, 2);
    if (how.sigmoid) classes = b_.sigmoid(classes);
    if (how.swapped_class > 0) {
      const auto c = b_.split(classes, {1, 1, 1});
      classes = b_.concat({c[1], c[0], c[2]});
    }
    std::vector<std::string> columns = {boxes, classes};
    if (how.ones) {
      const std::vector<float> ones(static_cast<std::size_t>(rows_), 1);
      columns.insert(columns.begin() + 1, floats({1, 1, rows_}, ones));
    }
    auto out = b_.concat(columns, 1);
    if (!how.columns_first) out = b_.transpose(out, {0, 2, 1});
    if (!how.batch) out = b_.reshape(out, {b_.shape(out)[1], b_.shape(out)[2]});
    b_.output(out);
  }
  Graph graph() const { return b_.build(); }
  const std::string output() const { return b_.build().outputs[0].name; }

 private:
  std::int64_t of_box() const { return std::int64_t{4} * how_.bins; }

  std::string floats(const Shape& shape, const std::vector<float>& values) {
    return b_.constant(Tensor::of<float>(shape, values));
  }
  std::string cells_of(const std::string& map) {
    const Shape shape = b_.shape(map);
    height_ = shape[2];
    width_ = shape[3];
    return b_.reshape(map, {1, shape[1], shape[2] * shape[3]});
  }

  std::pair<std::string, std::string> flat(const std::string& x) {
    std::string both;
    if (how_.joint) {
      both = b_.conv(x, {.channels = int(of_box()) + kClasses, .kernel = 1});
    } else {
      const auto box =
          b_.conv(b_.silu(b_.conv(x, {.channels = 8})), {.channels = int(of_box()), .kernel = 1});
      const auto classes = b_.conv(x, {.channels = kClasses, .kernel = 1});
      if (!how_.joined_maps) return {cells_of(box), cells_of(classes)};
      both = b_.concat({box, classes}, 1);
    }
    const auto parts = b_.split(cells_of(both), {of_box(), kClasses});
    return {parts[0], parts[1]};
  }

  void add_cells(int stride) {
    for (std::int64_t i = 0; i < height_ * width_; ++i) {
      xs_.push_back(static_cast<float>(static_cast<double>(i % width_) + how_.centre));
      ys_.push_back(static_cast<float>(static_cast<double>(i / width_) + how_.centre));
      strides_.push_back(static_cast<float>(stride));
    }
  }

  // (1, 64, rows) to (1, 4, rows)
  std::string means(const std::string& distances) {
    if (how_.bins == 1) return distances;
    const std::int64_t rows = b_.shape(distances)[2];
    std::vector<float> bins;
    for (int i = 0; i < how_.bins; ++i) bins.push_back(static_cast<float>(i));
    const auto view = b_.reshape(distances, {1, 4, how_.bins, rows});
    const auto softmax = [&](const std::string& of, std::int64_t axis) {
      return b_.node("Softmax", {of}, {b_.shape(of)}, {{"axis", axis}})[0];
    };
    if (how_.mean == MeanBy::kMatMul) {
      const auto shares = softmax(b_.transpose(view, {0, 3, 1, 2}), 3);
      const auto mean = b_.node("MatMul", {shares, floats({how_.bins}, bins)}, {{1, rows, 4}})[0];
      return b_.transpose(mean, {0, 2, 1});
    }
    if (how_.mean == MeanBy::kSum) {
      const auto weighed = b_.mul(softmax(view, 2), floats({1, 1, how_.bins, 1}, bins));
      return b_.node("ReduceSum", {weighed, b_.ints({2})}, {{1, 4, rows}},
                     {{"keepdims", std::int64_t{0}}})[0];
    }
    const auto shares =
        how_.last_axis ? b_.transpose(softmax(b_.transpose(view, {0, 3, 1, 2}), 3), {0, 3, 2, 1})
                       : softmax(b_.transpose(view, {0, 2, 1, 3}), 1);
    const auto mean =
        b_.node("Conv", {shares, floats({1, how_.bins, 1, 1}, bins)}, {{1, 1, 4, rows}})[0];
    return b_.reshape(mean, {1, 4, rows});
  }

  std::string box_of(const std::string& first, const std::string& second) {
    if (how_.corners) return b_.concat({first, second}, 1);
    const auto both = b_.add(first, second);
    const auto centre = b_.node("Div", {both, floats({}, {2})}, {b_.shape(both)})[0];
    return b_.concat({centre, b_.node("Sub", {second, first}, {b_.shape(both)})[0]}, 1);
  }
  std::string grid() {
    std::vector<float> grid = xs_;
    grid.insert(grid.end(), ys_.begin(), ys_.end());
    return floats({1, 2, rows_}, grid);
  }

  std::string late(const std::string& distances) {
    const auto sides = means(distances);
    const auto near = b_.slice(sides, 1, 0, 2);
    const auto first = b_.node("Sub", {grid(), near}, {b_.shape(near)})[0];
    const auto second = b_.add(grid(), b_.slice(sides, 1, 2, 4));
    return b_.mul(box_of(first, second), floats({1, rows_}, strides_));
  }

  std::string early(const std::vector<std::string>& distances) {
    const auto strides = floats({1, 1, rows_}, strides_);
    const auto sides = b_.mul(means(b_.concat(distances, 2)), strides);
    const auto parts = b_.split(sides, {2, 2});
    const auto at = b_.mul(grid(), strides);
    const auto first = b_.node("Sub", {at, parts[0]}, {b_.shape(parts[0])})[0];
    return box_of(first, b_.add(parts[1], at));
  }

  GraphBuilder b_;
  DflWriting how_;
  std::int64_t height_ = 0, width_ = 0, rows_ = 0;
  std::vector<float> xs_, ys_, strides_;
};

}  // namespace pare::engine::test
