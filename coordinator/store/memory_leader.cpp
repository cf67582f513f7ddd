#include "coordinator/store/memory_store_impl.h"
#include "coordinator/store/references.h"

namespace pare::coordinator {

Result<Leader> MemoryStore::lead(std::string_view holder, std::chrono::milliseconds length,
                                 std::optional<std::int64_t> dead) {
  const std::scoped_lock lock(mutex_);
  std::optional<Leader>& leader = state_.leader;
  if (leader && leader->until > now() && leader->term != dead) {
    return conflict("another coordinator leads: " + leader->holder);
  }
  leader = Leader{leader ? leader->term + 1 : 1, std::string(holder), now() + length};
  return *leader;
}

Result<Leader> MemoryStore::stay_leader(std::chrono::milliseconds length) {
  const std::scoped_lock lock(mutex_);
  state_.leader->until = now() + length;
  return *state_.leader;
}

Result<bool> MemoryStore::resign() {
  const std::scoped_lock lock(mutex_);
  state_.leader->until = now();
  return true;
}

Result<std::optional<Leader>> MemoryStore::leader() {
  const std::scoped_lock lock(mutex_);
  return state_.leader;
}

}  // namespace pare::coordinator
