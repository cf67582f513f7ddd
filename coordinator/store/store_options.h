// What every store is opened with.
#pragma once

#include <chrono>
#include <functional>

#include "core/units.h"

namespace pare::coordinator {

struct StoreOptions {
  std::chrono::milliseconds lease_length{6000};
  // What time it is; empty: the database's clock, or the system's where there is no database.
  // Tests set it to move time by hand.
  std::function<TimePoint()> clock;
};

}  // namespace pare::coordinator
