#include "core/task.h"

#include <gtest/gtest.h>

namespace pare {
namespace {

static_assert(can_move(TaskState::kLeased, TaskState::kQueued), "a lost lease puts the task back");
static_assert(can_move(TaskState::kQueued, TaskState::kSucceeded),
              "a late result that nobody redid");
static_assert(!can_move(TaskState::kQueued, TaskState::kFailed), "what nobody runs cannot fail");

TEST(Task, a_final_task_never_moves_again) {
  for (const TaskState from : {TaskState::kSucceeded, TaskState::kFailed, TaskState::kCancelled}) {
    for (int to = 0; to <= static_cast<int>(TaskState::kCancelled); ++to) {
      EXPECT_FALSE(can_move(from, static_cast<TaskState>(to)));
    }
  }
}

}  // namespace
}  // namespace pare
