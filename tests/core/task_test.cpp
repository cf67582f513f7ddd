#include "core/task.h"

#include <gtest/gtest.h>

namespace pare {
namespace {

static_assert(can_move(TaskState::kLeased, TaskState::kQueued), "a lost lease puts the task back");
static_assert(can_move(TaskState::kQueued, TaskState::kSucceeded),
              "a late result that nobody redid");
static_assert(!can_move(TaskState::kQueued, TaskState::kFailed), "what nobody runs cannot fail");

TEST(Task, every_kind_has_a_name_of_its_own_and_a_limit) {
  for (const TaskKind kind : kAllTaskKinds) {
    EXPECT_EQ(task_kind_of(name_of(kind)), kind);
    EXPECT_GT(policy_of(kind).time_limit.count(), 0) << name_of(kind);
    EXPECT_GT(policy_of(kind).attempts, 0) << name_of(kind);
  }
  EXPECT_EQ(task_kind_of("of_tomorrow"), std::nullopt);
}

// A worker that is gone is noticed only when its grace is over: who has to be alone waits so long.
TEST(Task, what_lasts_long_enough_to_have_grace_tells_where_to_go_on_from) {
  for (const TaskPolicy& policy : kTaskPolicies) {
    EXPECT_LE(policy.grace, policy.time_limit) << policy.name;
    EXPECT_TRUE(policy.grace.count() == 0 || policy.keeps_checkpoints) << policy.name;
  }
}

TEST(Task, a_final_task_never_moves_again) {
  for (const TaskState from : {TaskState::kSucceeded, TaskState::kFailed, TaskState::kCancelled}) {
    for (int to = 0; to <= static_cast<int>(TaskState::kCancelled); ++to) {
      EXPECT_FALSE(can_move(from, static_cast<TaskState>(to)));
    }
  }
}

}  // namespace
}  // namespace pare
