// Which anchor learns which object: simplified optimal transport assignment.
//
// An anchor is a cell of one of the head's grids.  Each object takes, among the anchors near it,
// the k of least cost (classification and overlap with what is predicted now), k being how much
// overlap its ten best anchors have in sum; an anchor wanted twice goes where it costs less.
//
// Source: YOLOX (Ge et al. 2021), section 2.3; OTA (Ge et al. 2021).  Plain numbers, no torch.
// Cost: O(objects * anchors) an image.  Pure, any thread.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace pare::engine {

// The cells of all strides, in the order of the head's output.
struct AnchorGrid {
  std::vector<float> x, y;  // top-left corner, in cells
  std::vector<float> stride;
  std::size_t size() const { return x.size(); }
};

// REQUIRES: size is a multiple of every stride.
AnchorGrid make_anchor_grid(int size, std::span<const int> strides);

// In pixels of the network's input.
struct ObjectBox {
  float centre_x = 0, centre_y = 0, width = 0, height = 0;
  int category = 0;
};

float intersection_over_union(const ObjectBox& a, const ObjectBox& b);

// What the network says now, a row an anchor.
struct Predictions {
  std::span<const float> boxes;       // 4 each: centre x, centre y, width, height
  std::span<const float> objectness;  // logits
  std::span<const float> classes;     // logits, `class_count` each
  std::size_t class_count = 0;
};

struct Assignment {
  std::size_t anchor = 0;
  std::size_t object = 0;
  float quality = 0;  // what the score is to say: how well the predicted box overlaps
};

// Sorted by anchor.
std::vector<Assignment> assign_sim_ota(const AnchorGrid& grid, const Predictions& predicted,
                                       std::span<const ObjectBox> objects);

}  // namespace pare::engine
