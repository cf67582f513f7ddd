// Whether the store can be used, as it was found a moment ago.  A value: made without a query.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/names.h"
#include "core/units.h"

namespace pare::coordinator {

enum class StoreState : std::uint8_t {
  kOk,
  kAway,  // the database lets nobody in, or does not answer
  kFull,  // it answers, and has no room for what is to be stored
};

struct Health {
  StoreState state = StoreState::kOk;
  std::string reason;              // in words, when it is not ok
  std::optional<TimePoint> since;  // the same
  int workers = 0;                 // that are not lost, when it answered last
  int waiting = 0;                 // tasks that wait through nobody's fault, then
  std::string waiting_reason;      // why the one that waits longest does
};

// How much there is to do, and is done, when it is asked for.
struct WorkCounts {
  struct Tasks {
    std::string kind;   // as the wire calls it
    std::string state;  // "queued" or "leased"
    std::int64_t count = 0;
  };
  std::vector<Tasks> tasks;                  // those there are
  std::map<std::string, std::int64_t> jobs;  // by state; those there are
};

inline constexpr std::array kStoreStateNames = {
    Named<StoreState>{StoreState::kOk, "ok"},
    Named<StoreState>{StoreState::kAway, "away"},
    Named<StoreState>{StoreState::kFull, "full"},
};
constexpr std::string_view name_of(StoreState s) noexcept {
  return name_in(kStoreStateNames, s);
}

}  // namespace pare::coordinator
