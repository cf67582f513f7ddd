// A small detector that ends in its raw maps, as YOLOv5 for devices without a decode tail.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "engine/graph/graph.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {

inline constexpr int kMapClasses = 2;
inline constexpr int kMapColumns = 5 + kMapClasses;

struct MapWriting {
  int opset = 13;
  int strides = 3;
  bool columns_last = false;  // (1, 3, ny, nx, columns)
  bool sigmoid = false;
  bool coarse_first = false;
  int anchors = 3;  // wrong on purpose, if not
};

inline Graph small_maps(const MapWriting& how) {
  GraphBuilder b(41, how.opset);
  auto x = b.conv(b.input({1, 3, 64, 128}), {.channels = 8, .stride = 4});
  std::vector<std::string> outputs;
  for (int i = 0; i < how.strides; ++i) {
    x = b.relu(b.conv(x, {.channels = 8, .stride = 2}));
    auto map = b.conv(x, {.channels = how.anchors * kMapColumns, .kernel = 1});
    const Shape shape = b.shape(map);
    if (how.sigmoid) map = b.sigmoid(map);
    if (how.columns_last) {
      map = b.reshape(map, {1, how.anchors, kMapColumns, shape[2], shape[3]});
      map = b.transpose(map, {0, 1, 3, 4, 2});
    }
    outputs.push_back(map);
  }
  if (how.coarse_first) std::ranges::reverse(outputs);
  for (const std::string& output : outputs) b.output(output);
  return b.build();
}

}  // namespace pare::engine::test
