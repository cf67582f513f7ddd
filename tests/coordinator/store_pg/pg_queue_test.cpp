#include "tests/coordinator/store/leader_contract.h"
#include "tests/coordinator/store/task_contract.h"
#include "tests/support/postgres_store.h"

namespace pare::coordinator {
namespace {

const MakeQueue kMake = [](const StoreOptions& options) { return queue_of(empty_store(options)); };

INSTANTIATE_TEST_SUITE_P(PgQueue, LeaderContract, testing::Values(kMake));
INSTANTIATE_TEST_SUITE_P(PgQueue, TaskContract, testing::Values(kMake));

}  // namespace
}  // namespace pare::coordinator
