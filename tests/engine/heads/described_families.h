// Known families as a card would describe them.
#pragma once

#include <utility>
#include <vector>

#include "core/head_description.h"
#include "tests/engine/heads/small_nanodet.h"

namespace pare::engine::test {

using enum HeadFunction;
using enum HeadLayout;
using enum HeadPart;

inline HeadOutput map_of(int index, int stride, HeadLayout layout,
                         std::vector<HeadColumns> columns) {
  return {.index = index, .layout = layout, .stride = stride, .columns = std::move(columns)};
}

inline HeadDescription yolov5_maps(bool sigmoid, HeadLayout layout) {
  HeadDescription head{.strides = {8, 16, 32},
                       .anchors = {{{10, 13}, {16, 30}, {33, 23}},
                                   {{30, 61}, {62, 45}, {59, 119}},
                                   {{116, 90}, {156, 198}, {373, 326}}}};
  for (int i = 0; i < 3; ++i) {
    head.outputs.push_back(map_of(
        i, 8 << i, layout,
        {{kBox, kNone, false}, {kObjectness, kSigmoid, sigmoid}, {kClasses, kSigmoid, sigmoid}}));
    head.outputs.back().columns[0].applied = sigmoid;
  }
  head.box = {.from = BoxFrom::kCentreSize,
              .unit = BoxUnit::kAnchor,
              .centre = kSigmoid,
              .size = kSquaredSigmoid,
              .reach = {2}};
  return head;
}

inline HeadDescription nanodet() {
  HeadDescription head{.strides = {8, 16, 32}};
  for (int i = 0; i < 3; ++i) {
    head.outputs.push_back(map_of(i, 8 << i, kRows, {{kClasses, kSigmoid}}));
  }
  for (int i = 0; i < 3; ++i) head.outputs.push_back(map_of(3 + i, 8 << i, kRows, {{kBox}}));
  head.box = {.bins = SmallNanodet::kBins, .origin = 0.5};
  return head;
}

inline HeadDescription yolox() {
  return {.strides = {8, 16, 32},
          .outputs =
              {{.name = "boxes",
                .columns = {{kBox, kNone, false}, {kObjectness, kSigmoid}, {kClasses, kSigmoid}}}},
          .box = {.from = BoxFrom::kCentreSize}};
}

inline HeadDescription yolov5() {
  return {.strides = {4, 8},
          .boxes_per_cell = 3,
          .cells_first = false,
          .outputs = {{.columns = {{kBox}, {kObjectness, kSigmoid}, {kClasses, kSigmoid}}}},
          .box = {.from = BoxFrom::kCentreSize,
                  .unit = BoxUnit::kAnchor,
                  .held = BoxHeld::kCentreSize,
                  .centre = kSigmoid,
                  .size = kSquaredSigmoid,
                  .reach = {2}}};
}

inline HeadDescription yolov8(HeadLayout layout, BoxHeld held) {
  return {.strides = {8, 16, 32},
          .outputs = {{.layout = layout, .columns = {{kBox}, {kClasses, kSigmoid}}}},
          .box = {.held = held, .bins = 16, .origin = 0.5}};
}

}  // namespace pare::engine::test
