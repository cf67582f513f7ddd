// Tasks and workers one at a time, as tests want them: the store speaks of many at once.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/store/memory_queue.h"
#include "coordinator/store/references.h"
#include "coordinator/store/store.h"

namespace pare::coordinator {

// Queues a task.  O(tasks), to find its id.
inline Result<TaskId> queue_one(Store& store, const NewTask& task) {
  const auto committed = store.commit({{}, {TaskAdded{task}}});
  if (!committed) return committed.error();
  constexpr int kPage = 1000;
  TaskId newest;
  while (true) {
    const auto page = store.tasks({}, {newest.value, kPage});
    if (!page) return page.error();
    if (!page.value().empty()) newest = page.value().back().id;
    if (page.value().size() < kPage) return newest;
  }
}

inline Result<TaskId> queue_one(MemoryQueue& queue, const NewTask& task) {
  return queue.queue(task);
}

// What an idle worker is given; nullopt: nothing to do.  kNotFound: unknown session.
inline Result<std::optional<Lease>> claim_one(TaskStore& store, std::string_view session) {
  const std::vector<std::string> sessions{std::string(session)};
  const auto claims = store.claim_for(sessions);
  if (!claims) return claims.error();
  if (!claims.value().unknown.empty()) return not_found("worker", session);
  const auto& leases = claims.value().leases;
  if (leases.empty()) return std::optional<Lease>();
  return std::optional(leases.begin()->second);
}

// The heartbeat of one worker: the tasks that are no longer its own.  kNotFound: unknown session.
inline Result<std::vector<TaskId>> beat_one(TaskStore& store, std::string_view session,
                                            std::span<const RunningTask> running) {
  const std::vector<SessionBeat> beats{{std::string(session), {running.begin(), running.end()}}};
  const auto seen = store.see(beats);
  if (!seen) return seen.error();
  if (!seen.value().unknown.empty()) return not_found("worker", session);
  std::vector<TaskId> lost;
  for (const LostTask& task : seen.value().lost) lost.push_back(task.task);
  return lost;
}

}  // namespace pare::coordinator
