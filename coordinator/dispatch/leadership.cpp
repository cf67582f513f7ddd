#include "coordinator/dispatch/leadership.h"

#include <condition_variable>
#include <exception>
#include <mutex>

#include "coordinator/dispatch/holder.h"

namespace pare::coordinator {

Result<Leader> try_to_lead(LeaderStore& store, const std::string& holder) {
  auto led = store.lead(holder, kLeadLength, std::nullopt);
  if (led || led.error().code != ErrorCode::kConflict) return led;
  const auto other = store.leader();
  if (!other) return other.error();
  if (!other.value() || !is_gone(other.value()->holder)) return led;
  return store.lead(holder, kLeadLength, other.value()->term);
}

Leadership::Leadership(LeaderStore& store, Lost lost, std::chrono::milliseconds every)
    : store_(store),
      lost_(std::move(lost)),
      thread_([this, every](const std::stop_token& stop) { keep(stop, every); }) {}

Leadership::~Leadership() {
  thread_.request_stop();
  thread_.join();
  (void)store_.resign();  // if it cannot be said, the lease runs out
}

void Leadership::keep(const std::stop_token& stop, std::chrono::milliseconds every) {
  std::mutex mutex;
  std::condition_variable_any ended;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    ended.wait_for(lock, stop, every, [] { return false; });
    if (stop.stop_requested()) return;
    try {
      const auto stays = store_.stay_leader(kLeadLength);
      if (!stays && stays.error().code == ErrorCode::kConflict) {
        lost_(stays.error().message);
        return;
      }
    } catch (const std::exception&) {
      // As good as away: the lease runs out if it goes on, and the store fences us.
    }
  }
}

}  // namespace pare::coordinator
