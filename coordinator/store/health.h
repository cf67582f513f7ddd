// Whether the store can be used, as it was found a moment ago.  A value: made without a query.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

inline constexpr std::array kStoreStateNames = {
    Named<StoreState>{StoreState::kOk, "ok"},
    Named<StoreState>{StoreState::kAway, "away"},
    Named<StoreState>{StoreState::kFull, "full"},
};
constexpr std::string_view name_of(StoreState s) noexcept {
  return name_in(kStoreStateNames, s);
}

}  // namespace pare::coordinator
