#include "worker/task/pinning.h"

#include <algorithm>
#include <set>
#include <string>

namespace pare::worker {
namespace {

int threads_of(const wire::TaskParams& params) {
  return std::visit(
      [](const auto& p) {
        if constexpr (requires { p.threads; }) return p.threads;
        return 1;
      },
      params);
}

}  // namespace

Result<std::vector<int>> cores_for(const wire::TaskDocument& task, const std::vector<int>& allowed,
                                   const std::vector<host::Core>& usable) {
  if (usable.empty()) return allowed;  // the system does not say
  const auto threads = static_cast<std::size_t>(threads_of(task.params));
  std::vector<host::Core> free;
  for (const host::Core& core : usable) {
    const bool ours = allowed.empty() || std::ranges::find(allowed, core.number) != allowed.end();
    if (ours) free.push_back(core);
  }
  if (free.size() < threads) {
    return Error{ErrorCode::kUnsupported, std::to_string(threads) +
                                              " threads are asked for, and this worker has " +
                                              std::to_string(free.size()) + " cores"};
  }
  if (!policy_of(task.kind()).exclusive || free.size() == threads) return allowed;
  std::ranges::sort(free, std::greater<>(), &host::Core::number);
  std::set<int> physical;
  std::ranges::stable_partition(
      free, [&](const host::Core& core) { return physical.insert(core.physical).second; });
  std::vector<int> chosen;
  for (std::size_t i = 0; i < threads; ++i) chosen.push_back(free[i].number);
  std::ranges::sort(chosen);
  return chosen;
}

}  // namespace pare::worker
