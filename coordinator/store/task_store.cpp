#include "coordinator/store/task_store.h"

#include "coordinator/store/references.h"

namespace pare::coordinator {

Result<std::optional<Lease>> TaskStore::claim(std::string_view session) {
  const std::vector<std::string> sessions{std::string(session)};
  auto claims = claim_for(sessions);
  if (!claims) return claims.error();
  if (!claims.value().unknown.empty()) return not_found("worker", session);
  const auto& leases = claims.value().leases;
  if (leases.empty()) return std::optional<Lease>();
  return std::optional(leases.begin()->second);
}

Result<std::vector<TaskId>> TaskStore::heartbeat(std::string_view session,
                                                 std::span<const RunningTask> running) {
  const std::vector<SessionBeat> beats{{std::string(session), {running.begin(), running.end()}}};
  const auto seen = see(beats);
  if (!seen) return seen.error();
  if (!seen.value().unknown.empty()) return not_found("worker", session);
  std::vector<TaskId> lost;
  for (const LostTask& task : seen.value().lost) lost.push_back(task.task);
  return lost;
}

Result<ReportVerdict> TaskStore::report(const AttemptReport& report) {
  const auto verdicts = record(std::span(&report, 1));
  if (!verdicts) return verdicts.error();
  return verdicts.value().front();
}

}  // namespace pare::coordinator
