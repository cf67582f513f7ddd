#include "coordinator/store/pg_store.h"

#include "tests/coordinator/store/catalog_contract.h"
#include "tests/coordinator/store/job_contract.h"
#include "tests/coordinator/store/leader_contract.h"
#include "tests/coordinator/store/task_contract.h"
#include "tests/support/test_database.h"

namespace pare::coordinator {
namespace {

const MakeStore kMake = [](const StoreOptions& options) {
  static const TestDatabase database;
  auto opened = open_pg_store({database.url(), 8, options});
  if (!opened) throw std::runtime_error(opened.error().message);
  database.clear();
  return std::move(opened).value();
};

INSTANTIATE_TEST_SUITE_P(PgStore, CatalogContract, testing::Values(kMake));
INSTANTIATE_TEST_SUITE_P(PgStore, JobContract, testing::Values(kMake));
INSTANTIATE_TEST_SUITE_P(PgStore, LeaderContract, testing::Values(kMake));
INSTANTIATE_TEST_SUITE_P(PgStore, TaskContract, testing::Values(kMake));

}  // namespace
}  // namespace pare::coordinator
