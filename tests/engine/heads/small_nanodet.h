// A small detector with NanoDet's tail.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/graph/graph.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {

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

}  // namespace pare::engine::test
