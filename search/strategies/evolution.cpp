// Once-for-all's search: evolution on predictors.  For a limit on the second objective drawn anew
// for each plan, a population is bred that is predicted to keep it and to be best at the first; the
// best plan not asked before is asked for.
//
// Source: Cai, Gan, Wang, Zhang and Han, Once-for-All (2020): population 100, a quarter are
// parents, half of the children mutated and half crossed.  Their predictor of accuracy learns from
// 16,000 sub-networks beforehand; here the predictors are the means of the surrogates, on what was
// told.
#include <algorithm>
#include <limits>

#include "search/draw.h"
#include "search/proposals.h"
#include "search/strategy.h"
#include "search/surrogate/normal.h"
#include "search/surrogate/surrogates.h"

namespace pare::search {
namespace {

constexpr std::size_t kFewestLearnt = 16;
constexpr std::size_t kPopulation = 100;
constexpr std::size_t kParents = 25;
constexpr int kGenerations = 8;

struct Individual {
  Genome genome;
  double score = 0;  // lower is better
};

class Evolution final : public Strategy {
 public:
  Evolution(const Space& space, std::uint64_t seed) : proposals_(space, seed), surrogates_(space) {}

  std::vector<Genome> ask(int count) override {
    const bool enough = surrogates_.measured() >= kFewestLearnt;
    const bool predicts = enough && surrogates_.learn();
    learns_ = predicts || !enough;
    std::vector<Genome> asked;
    for (int i = 0; i < count; ++i) {
      std::vector<Individual> best;
      if (predicts) {
        Random random = proposals_.random();
        best = evolve(random);
      }
      std::size_t next = 0;
      auto genome = proposals_.next([&](Random& random) {
        return next < best.size() ? best[next++].genome : draw_mild(proposals_.space(), random);
      });
      if (!genome) break;
      asked.push_back(std::move(*genome));
    }
    return asked;
  }

  void replay_ask(std::span<const Genome> genomes) override { proposals_.replay(genomes); }

  std::string trouble() const override { return learns_ ? "" : std::string(kCannotLearn); }

  void tell(std::span<const Observation> observations) override {
    for (const Observation& observation : observations) surrogates_.tell(observation);
  }

 private:
  // By what is predicted on one target: plans over the limit behind all that keep it.
  void score(std::vector<Individual>& people, int target, double limit) const {
    std::vector<Genome> genomes;
    for (const Individual& one : people) genomes.push_back(one.genome);
    const Candidates predicted = surrogates_.consider(genomes, {});
    const auto on = static_cast<std::size_t>(target) % predicted.targets();
    for (std::size_t i = 0; i < people.size(); ++i) {
      const std::vector<NormalValue> values = predicted.objectives(on, i);
      people[i].score = values.front().mean;
      if (values.back().mean > limit) people[i].score = 1e3 + values.back().mean;
    }
    std::ranges::stable_sort(people, {}, &Individual::score);
  }

  // The last population, best first, without plans asked before.
  std::vector<Individual> evolve(Random& random) const {
    const Space& space = proposals_.space();
    const double limit = normal_quantile(0.02 + 0.96 * random.uniform());  // a score
    const int target = random.below(std::numeric_limits<int>::max());
    std::vector<Individual> people;
    while (people.size() < kPopulation) people.push_back({draw_mild(space, random)});
    score(people, target, limit);
    for (int generation = 0; generation < kGenerations; ++generation) {
      people.resize(kParents);
      const auto parent = [&]() -> const Genome& {
        return people[static_cast<std::size_t>(random.below(kParents))].genome;
      };
      std::vector<Individual> children;
      for (std::size_t i = 0; i < kPopulation - kParents; ++i) {
        children.push_back({i % 2 == 0 ? mutate(space, parent(), random)
                                       : cross(space, parent(), parent(), random)});
      }
      people.insert(people.end(), children.begin(), children.end());
      score(people, target, limit);
    }
    std::erase_if(people, [&](const Individual& one) { return proposals_.asked(one.genome); });
    return people;
  }

  Proposals proposals_;
  Surrogates surrogates_;
  bool learns_ = true;  // at the last ask
};

}  // namespace

std::unique_ptr<Strategy> strategy_evolution(const Space& space, std::uint64_t seed,
                                             WorstOfUse /*worst*/) {
  return std::make_unique<Evolution>(space, seed);
}

}  // namespace pare::search
