// Who leads: of several coordinators on one database one hands out tasks and moves jobs.
//
// The lead is a lease with a term.  Whoever leads extends it; when it ran out the next may take it,
// which raises the term.  Every change of the queue and every batch that this store makes after
// lead() names the term and is refused once another leads, so that one who slept through its lease
// changes nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/units.h"

namespace pare::coordinator {

struct Leader {
  std::int64_t term = 0;
  std::string holder;
  TimePoint until{};
};

class LeaderStore {
 public:
  virtual ~LeaderStore() = default;

  // kConflict, in words, if another leads.  `dead`: the term of a leader that is known to be dead;
  // its lease is not waited for.
  virtual Result<Leader> lead(std::string_view holder, std::chrono::milliseconds length,
                              std::optional<std::int64_t> dead) = 0;
  // Extends the lead.  kConflict: another leads.  REQUIRES: lead() succeeded.
  virtual Result<Leader> stay_leader(std::chrono::milliseconds length) = 0;
  // The next may lead at once.
  virtual Result<bool> resign() = 0;
  // Who leads, or led last; nullopt: nobody ever did.
  virtual Result<std::optional<Leader>> leader() = 0;
};

}  // namespace pare::coordinator
