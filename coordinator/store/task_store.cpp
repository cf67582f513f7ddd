#include "coordinator/store/task_store.h"

namespace pare::coordinator {

Result<ReportVerdict> TaskStore::report(const AttemptReport& report) {
  const auto verdicts = record(std::span(&report, 1));
  if (!verdicts) return verdicts.error();
  return verdicts.value().front();
}

}  // namespace pare::coordinator
