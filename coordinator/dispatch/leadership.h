// Keeps the lead of the database for as long as this coordinator lives: one thread that extends it.
//
// Time without the database is waited for: nobody else can take the lead then either.  When another
// leads, `lost` is called once, from the thread, with the reason; the store refuses our changes
// already.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "coordinator/store/leader_store.h"

namespace pare::coordinator {

inline constexpr std::chrono::milliseconds kLeadLength{8000};

// Takes the lead if it is free, or its holder is known to be dead.  kConflict: another leads.
Result<Leader> try_to_lead(LeaderStore& store, const std::string& holder);

class Leadership {
 public:
  using Lost = std::function<void(const std::string& reason)>;

  // REQUIRES: lead() succeeded on this store, which outlives this.
  Leadership(LeaderStore& store, Lost lost,
             std::chrono::milliseconds every = std::chrono::milliseconds(2000));
  // Gives the lead back, so that the next needs not wait.
  ~Leadership();
  Leadership(const Leadership&) = delete;
  Leadership& operator=(const Leadership&) = delete;

 private:
  void keep(const std::stop_token& stop, std::chrono::milliseconds every);

  LeaderStore& store_;
  Lost lost_;
  std::jthread thread_;
};

}  // namespace pare::coordinator
