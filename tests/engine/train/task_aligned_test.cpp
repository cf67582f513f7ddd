#include "engine/train/detect/task_aligned.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

namespace pare::engine {
namespace {

constexpr std::array<int, 2> kStrides = {8, 16};
constexpr std::size_t kClassCount = 3;

// What a network may say: random boxes near their anchors, random scores.
struct Guesses {
  AnchorGrid grid = make_anchor_grid(96, kStrides);
  std::vector<float> boxes, objectness, classes;

  explicit Guesses(unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> noise(0, 1);
    for (std::size_t a = 0; a < grid.size(); ++a) {
      const float stride = grid.stride[a];
      boxes.insert(boxes.end(), {(grid.x[a] + 0.5F + 0.3F * noise(random)) * stride,
                                 (grid.y[a] + 0.5F + 0.3F * noise(random)) * stride,
                                 stride * std::exp(0.4F * noise(random)),
                                 stride * std::exp(0.4F * noise(random))});
      objectness.push_back(noise(random));
      for (std::size_t c = 0; c < kClassCount; ++c) classes.push_back(noise(random));
    }
  }
  Predictions view() const { return {boxes, objectness, classes, kClassCount}; }
  ObjectBox box(std::size_t a) const {
    return {boxes[4 * a], boxes[4 * a + 1], boxes[4 * a + 2], boxes[4 * a + 3], 0};
  }
  float distance(std::size_t a, const ObjectBox& o) const {
    return std::hypot((grid.x[a] + 0.5F) * grid.stride[a] - o.centre_x,
                      (grid.y[a] + 0.5F) * grid.stride[a] - o.centre_y);
  }
};

std::vector<ObjectBox> objects_of(unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> place(10, 86), side(3, 40);
  std::vector<ObjectBox> objects;
  for (int i = 0; i < 6; ++i) {
    objects.push_back({place(random), place(random), side(random), side(random), i % 3});
  }
  return objects;
}

TEST(TaskAligned, assignments_hold_what_they_promise_for_any_predictions) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    const Guesses guesses(seed);
    const auto objects = objects_of(seed);
    const auto assigned = assign_task_aligned(guesses.grid, guesses.view(), objects);
    std::array<int, 6> taken{};
    for (std::size_t i = 0; i < assigned.size(); ++i) {
      const Assignment& a = assigned[i];
      if (i > 0) {
        EXPECT_LT(assigned[i - 1].anchor, a.anchor) << "an anchor twice, or out of order";
      }
      ++taken.at(a.object);
      EXPECT_GE(a.quality, 0);
      EXPECT_LE(a.quality, 1);
    }
    EXPECT_LE(*std::ranges::max_element(taken), 13) << seed;
    EXPECT_GE(std::ranges::count_if(taken, [](int n) { return n > 0; }), 5) << seed;
  }
}

TEST(TaskAligned, an_anchor_wanted_twice_goes_to_the_object_that_it_overlaps_more) {
  int shared = 0;
  for (unsigned seed = 1; seed <= 50; ++seed) {
    const Guesses guesses(seed);
    const std::vector<ObjectBox> objects = {{40, 40, 30, 30, 0}, {46, 44, 30, 30, 1}};
    const auto both = assign_task_aligned(guesses.grid, guesses.view(), objects);
    for (const std::size_t one : {0U, 1U}) {
      const std::vector<ObjectBox> alone = {objects[one]};
      for (const Assignment& a : assign_task_aligned(guesses.grid, guesses.view(), alone)) {
        const auto given = std::ranges::find(both, a.anchor, &Assignment::anchor);
        ASSERT_NE(given, both.end());
        if (given->object == one) continue;
        ++shared;
        const ObjectBox box = guesses.box(a.anchor);
        EXPECT_GE(intersection_over_union(box, objects[given->object]),
                  intersection_over_union(box, objects[one]));
      }
    }
  }
  EXPECT_GT(shared, 20);
}

TEST(TaskAligned, the_best_anchor_of_an_object_says_its_best_overlap) {
  const Guesses guesses(7);
  const std::vector<ObjectBox> objects = {{48, 40, 26, 22, 2}};
  const auto assigned = assign_task_aligned(guesses.grid, guesses.view(), objects);
  float best_quality = 0, best_overlap = 0;
  for (const Assignment& a : assigned) {
    best_quality = std::max(best_quality, a.quality);
    best_overlap =
        std::max(best_overlap, intersection_over_union(guesses.box(a.anchor), objects[0]));
  }
  EXPECT_GT(best_overlap, 0.1F);
  EXPECT_FLOAT_EQ(best_quality, best_overlap);
}

TEST(TaskAligned, an_object_between_all_anchors_takes_the_nearest) {
  const Guesses guesses(3);
  const std::vector<ObjectBox> objects = {{16.5F, 16, 1, 1, 0}};  // a corner of four cells
  const auto assigned = assign_task_aligned(guesses.grid, guesses.view(), objects);
  ASSERT_EQ(assigned.size(), 1U);
  for (std::size_t a = 0; a < guesses.grid.size(); ++a) {
    EXPECT_LE(guesses.distance(assigned[0].anchor, objects[0]), guesses.distance(a, objects[0]));
  }
}

TEST(TaskAligned, an_image_without_objects_assigns_nothing) {
  const Guesses guesses(3);
  EXPECT_TRUE(assign_task_aligned(guesses.grid, guesses.view(), {}).empty());
}

}  // namespace
}  // namespace pare::engine
