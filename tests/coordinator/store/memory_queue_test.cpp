#include "coordinator/store/memory_queue.h"

#include "tests/coordinator/store/leader_contract.h"
#include "tests/coordinator/store/task_contract.h"

namespace pare::coordinator {
namespace {

const MakeQueue kMake = [](const StoreOptions& options) {
  return queue_of(make_memory_queue(options));
};

INSTANTIATE_TEST_SUITE_P(MemoryQueue, LeaderContract, testing::Values(kMake));
INSTANTIATE_TEST_SUITE_P(MemoryQueue, TaskContract, testing::Values(kMake));

}  // namespace
}  // namespace pare::coordinator
