// Whether the store can be used, as it was found a moment ago.  A value: made without a query.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

constexpr std::string_view name_of(StoreState s) noexcept {
  constexpr std::string_view kNames[] = {"ok", "away", "full"};
  return kNames[static_cast<int>(s)];
}

}  // namespace pare::coordinator
