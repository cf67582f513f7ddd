// Small detectors of faces, whose strides have outputs of their own.
#pragma once

#include <string>
#include <vector>

#include "tests/engine/heads/small_detectors.h"

namespace pare::engine::test {

struct FaceWriting {
  int opset = 13;
  int height = 64, width = 96;
  int anchors = 1;      // boxes a cell
  int scores = 2;       // YuNet's two, SCRFD's one
  int key_points = 10;  // columns; 0: none
  bool batch = true;
  bool by_kind = true;         // all scores first, otherwise stride by stride
  double scale = 1;            // of the boxes' maps, learned for each stride
  bool sigmoid_late = true;    // after the rows were made, otherwise of the map
  bool columns_first = false;  // (1, columns, cells)
  bool sigmoid = true;         // wrong on purpose, if not
};

class SmallFaces {
 public:
  explicit SmallFaces(const FaceWriting& how) : b_(17, how.opset), how_(how) {
    auto x = b_.conv(b_.input({1, 3, how.height, how.width}), {.channels = 8, .stride = 4});
    std::vector<std::vector<std::string>> kinds;
    for (int i = 0; i < 3; ++i) {
      x = b_.relu(b_.conv(x, {.channels = 8, .stride = 2}));
      std::vector<std::string> here;
      for (int score = 0; score < how.scores; ++score) here.push_back(output(x, 1, how.sigmoid));
      here.push_back(output(x, 4, false));
      if (how.key_points > 0) here.push_back(output(x, how.key_points, false));
      kinds.push_back(here);
    }
    for (std::size_t k = 0; how.by_kind && k < kinds[0].size(); ++k) {
      for (const auto& here : kinds) b_.output(here[k]);
    }
    if (how.by_kind) return;
    for (const auto& here : kinds) {
      for (const std::string& name : here) b_.output(name);
    }
  }
  Graph graph() const { return b_.build(); }

 private:
  std::string output(const std::string& x, int columns, bool sigmoid) {
    auto map = b_.conv(x, {.channels = columns * how_.anchors, .kernel = 1});
    if (columns == 4 && how_.scale != 1) {
      const float scale[] = {static_cast<float>(how_.scale)};
      map = b_.mul(map, b_.constant(Tensor::of<float>({1}, scale)));
    }
    if (sigmoid && !how_.sigmoid_late) map = b_.sigmoid(map);
    const Shape shape = b_.shape(map);
    const std::int64_t rows = shape[2] * shape[3] * how_.anchors;
    Shape made = how_.columns_first ? Shape{columns, rows} : Shape{rows, columns};
    if (how_.batch) made.insert(made.begin(), 1);
    if (!how_.columns_first) map = b_.transpose(map, {0, 2, 3, 1});
    const auto flat = b_.reshape(map, made);
    return sigmoid && how_.sigmoid_late ? b_.sigmoid(flat) : flat;
  }

  GraphBuilder b_;
  FaceWriting how_;
};

}  // namespace pare::engine::test
