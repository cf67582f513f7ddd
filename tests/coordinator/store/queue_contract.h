// What every queue must do: a TaskStore with a LeaderStore.  Each implementation's test includes
// the contracts and instantiates them with a factory, so that the one in memory, which the
// simulation runs on, cannot drift from the real one.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "coordinator/store/leader_store.h"
#include "coordinator/store/task_store.h"
#include "tests/support/one_by_one.h"
#include "tests/support/store_helpers.h"

namespace pare::coordinator {

// An empty queue, and how a test adds a task to it.
struct Queue {
  std::shared_ptr<void> owner;
  TaskStore& tasks;
  LeaderStore& lead;
  std::function<Result<TaskId>(const NewTask&)> add;
};
using MakeQueue = std::function<Queue(const StoreOptions&)>;

template <typename Store>
Queue queue_of(std::unique_ptr<Store> made) {
  const std::shared_ptr<Store> store = std::move(made);
  return {store, *store, *store,
          [&store = *store](const NewTask& t) { return queue_one(store, t); }};
}

class QueueContract : public testing::TestWithParam<MakeQueue>, protected StillClock {
 protected:
  TaskStore& store() { return queue_.tasks; }
  LeaderStore& lead() { return queue_.lead; }
  TaskId queue(const NewTask& task) { return ok(queue_.add(task)); }
  TaskId queue(TaskKind kind, std::string runtime = "", std::string pool = "") {
    return queue(task_of_kind(kind, std::move(runtime), std::move(pool)));
  }

 private:
  Queue queue_ = GetParam()(options());
};

}  // namespace pare::coordinator
