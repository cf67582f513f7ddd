// NSGA-II, asynchronous and steady state: there are no generations.  Whenever a plan is asked for,
// two parents are chosen among the best plans told so far, mixed and changed a little.
//
// Source: Deb, Pratap, Agarwal and Meyarivan (2002); steady state after Durillo, Nebro, Luna and
// Alba, On the Effect of the Steady-State Selection Scheme in Multi-Objective Genetic Algorithms
// (2009).
#include <algorithm>

#include "search/draw.h"
#include "search/proposals.h"
#include "search/ranking.h"
#include "search/strategy.h"

namespace pare::search {
namespace {

constexpr std::size_t kPopulation = 24;
constexpr std::size_t kFewestParents = 6;  // told before evolution starts
constexpr double kFreshDraws = 0.15;       // plans at random, so that no region is given up
constexpr double kCrossover = 0.6;

class Nsga2 final : public Strategy {
 public:
  Nsga2(const Space& space, std::uint64_t seed) : proposals_(space, seed) {}

  std::vector<Genome> ask(int count) override {
    select();
    return proposals_.next(count, [&](Random& random) { return propose(random); });
  }

  void replay_ask(std::span<const Genome> genomes) override { proposals_.replay(genomes); }

  void tell(std::span<const Observation> observations) override {
    for (const Observation& observation : observations) {
      const bool measured = std::ranges::any_of(observation.targets, [](const auto& target) {
        return target.status == Status::kMeasured;
      });
      if (measured) told_.push_back(observation);
    }
    selected_ = false;
  }

 private:
  // The best of all that was told, best first.
  void select() {
    if (selected_) return;
    selected_ = true;
    const std::vector<Ranking> ranking = rank(told_);
    std::vector<std::size_t> order(told_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::stable_sort(
        order, [&](std::size_t a, std::size_t b) { return better(ranking[a], ranking[b]); });
    order.resize(std::min(order.size(), kPopulation));
    parents_.clear();
    for (const std::size_t i : order) parents_.push_back(told_[i].genome);
  }

  // Binary tournament: of two at random, the one that ranks higher.
  const Genome& parent(Random& random) const {
    const int count = static_cast<int>(parents_.size());
    const int a = random.below(count);
    const int b = random.below(count);
    return parents_[static_cast<std::size_t>(std::min(a, b))];
  }

  Genome propose(Random& random) const {
    const Space& space = proposals_.space();
    if (parents_.size() < kFewestParents || random.chance(kFreshDraws)) {
      return draw_mild(space, random);
    }
    Genome child = parent(random);
    if (random.chance(kCrossover)) child = cross(space, child, parent(random), random);
    return mutate(space, std::move(child), random);
  }

  Proposals proposals_;
  std::vector<Observation> told_;  // those measured on at least one target
  bool selected_ = false;
  std::vector<Genome> parents_;
};

}  // namespace

std::unique_ptr<Strategy> strategy_nsga2(const Space& space, std::uint64_t seed,
                                         WorstOfUse /*worst*/) {
  return std::make_unique<Nsga2>(space, seed);
}

}  // namespace pare::search
