#include "engine/train/detect/sim_ota.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace pare::engine {
namespace {

constexpr std::array<int, 2> kStrides = {8, 16};

// Predictions that see nothing anywhere, with every box an anchor's own cell.
struct Blank {
  AnchorGrid grid = make_anchor_grid(64, kStrides);
  std::vector<float> boxes, objectness, classes;
  Blank() : objectness(grid.size(), -4.0F), classes(2 * grid.size(), -4.0F) {
    for (std::size_t a = 0; a < grid.size(); ++a) {
      boxes.insert(boxes.end(),
                   {(grid.x[a] + 0.5F) * grid.stride[a], (grid.y[a] + 0.5F) * grid.stride[a],
                    grid.stride[a], grid.stride[a]});
    }
  }
  Predictions view() const { return {boxes, objectness, classes, 2}; }
};

TEST(SimOta, the_grid_has_the_cells_of_every_stride_row_by_row) {
  const AnchorGrid grid = make_anchor_grid(64, kStrides);
  ASSERT_EQ(grid.size(), 8U * 8U + 4U * 4U);
  EXPECT_EQ(grid.x[9], 1);
  EXPECT_EQ(grid.y[9], 1);
  EXPECT_EQ(grid.stride[63], 8);
  EXPECT_EQ(grid.stride[64], 16);
}

TEST(SimOta, overlap_of_a_box_with_itself_is_one_and_with_one_apart_is_zero) {
  const ObjectBox box{20, 20, 10, 6, 0};
  EXPECT_FLOAT_EQ(intersection_over_union(box, box), 1.0F);
  EXPECT_FLOAT_EQ(intersection_over_union(box, {40, 20, 10, 6, 0}), 0.0F);
  EXPECT_FLOAT_EQ(intersection_over_union(box, {25, 20, 10, 6, 0}), 1.0F / 3.0F);
}

TEST(SimOta, every_object_gets_an_anchor_near_it) {
  const Blank blank;
  const std::vector<ObjectBox> objects = {{12, 12, 10, 10, 0}, {50, 44, 6, 12, 1}};
  std::array<int, 2> taken = {0, 0};
  for (const Assignment& a : assign_sim_ota(blank.grid, blank.view(), objects)) {
    const ObjectBox& o = objects[a.object];
    const float stride = blank.grid.stride[a.anchor];
    EXPECT_LT(std::abs((blank.grid.x[a.anchor] + 0.5F) * stride - o.centre_x), 1.5F * stride);
    ++taken[a.object];
  }
  EXPECT_GE(taken[0], 1);
  EXPECT_GE(taken[1], 1);
}

TEST(SimOta, an_anchor_wanted_twice_goes_to_the_object_that_it_predicts) {
  Blank blank;
  const std::vector<ObjectBox> objects = {{28, 28, 8, 8, 0}, {29, 28, 8, 8, 1}};
  const std::size_t shared = 3 * 8 + 3;  // the cell around (28, 28)
  blank.objectness[shared] = 4;
  blank.classes[2 * shared] = 4;  // says the first object's class, and has its very box
  bool given = false;
  for (const Assignment& a : assign_sim_ota(blank.grid, blank.view(), objects)) {
    if (a.anchor != shared) continue;
    EXPECT_EQ(a.object, 0U);
    given = true;
  }
  EXPECT_TRUE(given);
}

TEST(SimOta, an_image_without_objects_assigns_nothing) {
  const Blank blank;
  EXPECT_TRUE(assign_sim_ota(blank.grid, blank.view(), {}).empty());
}

}  // namespace
}  // namespace pare::engine
