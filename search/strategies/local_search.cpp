// Pareto local search: a plan on a front, changed a little; asked of every front member in turn.
//
// Source: Paquete, Chiarandini and Stützle, Pareto Local Optimum Sets in the Biobjective Traveling
// Salesman Problem (2004), with neighbours drawn at random, since there are too many to go through.
#include <algorithm>

#include "search/draw.h"
#include "search/proposals.h"
#include "search/ranking.h"
#include "search/strategy.h"

namespace pare::search {
namespace {

constexpr std::size_t kStarts = 8;  // plans at random before the first change

class LocalSearch final : public Strategy {
 public:
  LocalSearch(const Space& space, std::uint64_t seed) : proposals_(space, seed) {}

  std::vector<Genome> ask(int count) override {
    select();
    return proposals_.next(count, [&](Random& random) { return neighbour(random); });
  }

  void replay_ask(std::span<const Genome> genomes) override { proposals_.replay(genomes); }

  void tell(std::span<const Observation> observations) override {
    told_.insert(told_.end(), observations.begin(), observations.end());
    selected_ = false;
  }

 private:
  void select() {
    if (selected_) return;
    selected_ = true;
    const std::vector<Ranking> ranking = rank(told_);
    front_.clear();
    for (std::size_t i = 0; i < told_.size(); ++i) {
      if (ranking[i].rank == 0) front_.push_back(told_[i].genome);
    }
  }

  Genome neighbour(Random& random) const {
    const Space& space = proposals_.space();
    if (told_.size() < kStarts || front_.empty()) return draw_mild(space, random);
    const auto at = static_cast<std::size_t>(random.below(static_cast<int>(front_.size())));
    return mutate(space, front_[at], random);
  }

  Proposals proposals_;
  std::vector<Observation> told_;
  bool selected_ = false;
  std::vector<Genome> front_;  // of all targets
};

}  // namespace

std::unique_ptr<Strategy> strategy_local_search(const Space& space, std::uint64_t seed,
                                                WorstOfUse /*worst*/) {
  return std::make_unique<LocalSearch>(space, seed);
}

}  // namespace pare::search
