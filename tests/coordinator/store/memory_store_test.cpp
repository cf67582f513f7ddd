#include "coordinator/store/memory_store.h"

#include "tests/coordinator/store/catalog_contract.h"
#include "tests/coordinator/store/job_contract.h"
#include "tests/coordinator/store/leader_contract.h"
#include "tests/coordinator/store/task_contract.h"

namespace pare::coordinator {
namespace {

const MakeStore kMake = [](const StoreOptions& options) { return make_memory_store(options); };

INSTANTIATE_TEST_SUITE_P(MemoryStore, CatalogContract, testing::Values(kMake));
INSTANTIATE_TEST_SUITE_P(MemoryStore, JobContract, testing::Values(kMake));
INSTANTIATE_TEST_SUITE_P(MemoryStore, LeaderContract, testing::Values(kMake));
INSTANTIATE_TEST_SUITE_P(MemoryStore, TaskContract, testing::Values(kMake));

}  // namespace
}  // namespace pare::coordinator
