// A small detector with FastestDet's tail.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/graph/graph.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {

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

}  // namespace pare::engine::test
