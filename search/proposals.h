// What strategies share: the number of the ask, and the promise that no plan is asked twice.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "core/random.h"
#include "search/space.h"

namespace pare::search {

class Proposals {
 public:
  Proposals(Space space, std::uint64_t seed) : space_(std::move(space)), seed_(seed) {}

  // A genome that was not asked before: draw(random) again and again, then bolder and bolder random
  // plans, then, in a small space, whatever is left.  nullopt: nothing is.
  std::optional<Genome> next(const std::function<Genome(Random&)>& draw);

  // Up to `count` of them; fewer where nothing is left.
  std::vector<Genome> next(int count, const std::function<Genome(Random&)>& draw);

  // These were asked before a restart, or by somebody else.
  void replay(std::span<const Genome> genomes);

  bool asked(const Genome& genome) const { return asked_.contains(genome); }

  // The generator of the next ask.
  Random random() const noexcept { return {seed_, number_}; }

  const Space& space() const noexcept { return space_; }

 private:
  std::optional<Genome> first_unasked() const;

  Space space_;
  std::uint64_t seed_;
  std::uint64_t number_ = 0;  // of the next ask
  std::set<Genome> asked_;
};

}  // namespace pare::search
