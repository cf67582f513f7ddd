// Which trials the surrogates learn from, once there are too many for all of them.
//
// Up to kMost all.  Whenever there are so many, kBest of them are kept by rank and crowding
// (ranking.h), for the front is where the search looks, and kOthers at random, for the shape of the
// rest; what is told next joins them until there are kMost again.  A function of the trials told
// and their order, and of nothing else.  O(targets * kMost^2) every kMost - kBest - kOthers trials.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "search/strategy.h"

namespace pare::search {

class Representatives {
 public:
  static constexpr std::size_t kMost = 512;
  static constexpr std::size_t kBest = 320;
  static constexpr std::size_t kOthers = 128;

  // `told`: all trials so far, of which the last one is new.
  void tell(std::span<const Observation> told);

  // Their indices, ascending.
  std::span<const std::size_t> chosen() const noexcept { return chosen_; }

 private:
  std::vector<std::size_t> chosen_;
};

}  // namespace pare::search
