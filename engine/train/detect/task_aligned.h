// Which anchor learns which object: task-aligned assignment.
//
// An anchor is as good for an object as both tasks are at it: t = s * u^6, s the score of the
// object's class and u the overlap of the predicted box.  Each object takes the 13 best of the
// anchors whose middle lies in its box (where none does, the nearest anchor); an anchor wanted
// twice goes to the object that it overlaps more.  What its score is to say is t, stretched so that
// an object's best anchor says the best overlap.
//
// Answers what assign_sim_ota() does, from the same inputs.  Plain numbers, no torch.
// Source: Feng et al. 2021, TOOD, section 3.2.  Cost: O(objects * anchors) an image.  Pure, any
// thread.
#pragma once

#include <span>
#include <vector>

#include "engine/train/detect/sim_ota.h"

namespace pare::engine {

// Sorted by anchor.
std::vector<Assignment> assign_task_aligned(const AnchorGrid& grid, const Predictions& predicted,
                                            std::span<const ObjectBox> objects);

}  // namespace pare::engine
