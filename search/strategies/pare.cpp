// Pare's own: Gaussian processes say what plans would measure, and the plans that are expected to
// add most hypervolume to the fronts of all targets are asked for.
//
// The candidates are drawn at random, changed and mixed from the plans on the fronts, and bred for
// a few rounds from those that promise most.  A batch is chosen one by one, each counted as
// measured at its means before the next (kriging believer: Ginsbourger, Le Riche and Carraro,
// 2010).
#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <set>

#include "search/draw.h"
#include "search/proposals.h"
#include "search/ranking.h"
#include "search/strategy.h"
#include "search/surrogate/surrogates.h"

namespace pare::search {
namespace {

constexpr std::size_t kFewestLearnt = 8;  // trials at random before the first that is chosen: twice
constexpr std::size_t kMostUnlearnt = 16;  // the number of decisions, within these bounds
constexpr double kExploration = 0.05;      // plans at random, for ever
constexpr std::size_t kParents = 32;       // the best plans told, to breed candidates from
constexpr double kDrawn = 0.4;             // candidates at random instead
constexpr int kRounds = 3;                 // of breeding from the candidates that promise most
constexpr std::size_t kBred = 48;          // how many those are
constexpr double kWork = 3e7;              // candidates * rows^2 in the first round,
constexpr double kLeast = 64;              // but at least so many candidates and at most so many,
constexpr double kMost = 300;              // half as many more for each plan of the batch

class Pare final : public Strategy {
 public:
  Pare(const Space& space, std::uint64_t seed, WorstOfUse worst)
      : proposals_(space, seed), surrogates_(space, std::move(worst)) {}

  std::vector<Genome> ask(int count) override {
    Random random = proposals_.random();
    int chosen = 0;
    for (int i = 0; i < count; ++i) chosen += random.chance(kExploration) ? 0 : 1;
    std::vector<Genome> asked;
    learns_ = surrogates_.measured() < fewest_learnt() || surrogates_.learn();
    if (learns_ && surrogates_.measured() >= fewest_learnt()) asked = choose(chosen, random);
    const int left = count - static_cast<int>(asked.size());
    for (Genome& genome :
         proposals_.next(left, [&](Random& r) { return draw_sound(space(), r); })) {
      pending_.insert(genome);
      asked.push_back(std::move(genome));
    }
    return asked;
  }

  void replay_ask(std::span<const Genome> genomes) override {
    proposals_.replay(genomes);
    pending_.insert(genomes.begin(), genomes.end());
  }

  std::string trouble() const override { return learns_ ? "" : std::string(kCannotLearn); }

  void tell(std::span<const Observation> observations) override {
    for (const Observation& observation : observations) {
      pending_.erase(observation.genome);
      surrogates_.tell(observation);
    }
  }

 private:
  const Space& space() const { return proposals_.space(); }

  // Trials before anything is learnt from.
  std::size_t fewest_learnt() const {
    return std::clamp(2 * space().decisions().size(), kFewestLearnt, kMostUnlearnt);
  }

  std::vector<Genome> parents() const {
    const std::vector<Observation> told = surrogates_.representatives();
    const std::vector<Ranking> ranking = rank(told);
    std::vector<std::size_t> order(told.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(
        order, [&](std::size_t a, std::size_t b) { return better(ranking[a], ranking[b]); });
    std::vector<Genome> best;
    for (const std::size_t i : order) {
      if (best.size() < kParents) best.push_back(told[i].genome);
    }
    return best;
  }

  // New plans, none asked before: drawn, or changed and mixed from `parents`.
  void breed(const std::vector<Genome>& parents, double drawn, std::size_t count, Random& random,
             std::set<Genome>& into) const {
    const int last = static_cast<int>(parents.size());
    const auto any = [&]() -> const Genome& {
      return parents[static_cast<std::size_t>(random.below(last))];
    };
    for (std::size_t tries = 0; tries < count; ++tries) {
      Genome genome;
      if (random.chance(drawn)) {
        genome = draw_mild(space(), random);
      } else {
        genome = random.chance(0.3) ? cross(space(), any(), any(), random) : any();
        genome = mutate(space(), std::move(genome), random);
      }
      if (!proposals_.asked(genome)) into.insert(std::move(genome));
    }
  }

  // Plans and what is believed of them, by the same numbers.
  struct Considered {
    Candidates beliefs;
    std::vector<Genome> genomes;
    std::map<Genome, std::size_t> number_of;

    std::size_t number(const Genome& genome) {
      const auto [at, is_new] = number_of.try_emplace(genome, genomes.size());
      if (is_new) genomes.push_back(genome);
      return at->second;
    }
  };

  // Their numbers, the most promising first.  What was considered before is not thought of again.
  std::vector<std::size_t> consider(const std::set<Genome>& found, Considered& considered) const {
    const std::size_t known = considered.genomes.size();
    std::vector<std::size_t> numbers;
    numbers.reserve(found.size());
    for (const Genome& genome : found) numbers.push_back(considered.number(genome));
    surrogates_.add(std::span(considered.genomes).subspan(known), considered.beliefs);
    std::map<std::size_t, double> gain;
    for (const std::size_t i : numbers) gain[i] = considered.beliefs.gain(i);
    std::ranges::stable_sort(numbers, std::greater{}, [&](std::size_t i) { return gain.at(i); });
    return numbers;
  }

  // What to choose a batch from: the best of each round of breeding, and the last one whole.
  Considered bred(int count, Random& random, std::span<const Genome> pending) const {
    const auto rows = static_cast<double>(std::min(surrogates_.measured(), Representatives::kMost));
    const double most = kMost * (1 + 0.5 * count);
    const auto pool = static_cast<std::size_t>(std::clamp(kWork / (rows * rows), kLeast, most));
    Considered considered{surrogates_.consider({}, pending), {}, {}};
    for (const Genome& genome : pending) considered.number(genome);
    std::set<std::size_t> kept;
    std::set<Genome> found;
    breed(parents(), kDrawn, pool, random, found);
    for (int round = 0; round <= kRounds && !found.empty(); ++round) {
      std::vector<std::size_t> best = consider(found, considered);
      found.clear();
      if (round < kRounds) {
        best.resize(std::min(best.size(), kBred));
        std::vector<Genome> parents;
        parents.reserve(best.size());
        for (const std::size_t i : best) parents.push_back(considered.genomes[i]);
        breed(parents, 0, pool / 3, random, found);
      }
      kept.insert(best.begin(), best.end());
    }
    return only(kept, std::move(considered));
  }

  // In the order of the genomes: of two that promise the same, the first is chosen.
  static Considered only(const std::set<std::size_t>& kept, Considered considered) {
    std::vector<std::size_t> order(kept.begin(), kept.end());
    std::ranges::sort(order, {}, [&](std::size_t i) { return considered.genomes[i]; });
    considered.beliefs.keep(order);
    Considered out{std::move(considered.beliefs), {}, {}};
    for (const std::size_t i : order) out.number(considered.genomes[i]);
    return out;
  }

  std::vector<Genome> choose(int count, Random& random) {
    const std::vector<Genome> pending(pending_.begin(), pending_.end());
    Considered from = bred(count, random, pending);
    std::vector<Genome> asked;
    std::vector<std::size_t> taken;
    while (asked.size() < std::min(static_cast<std::size_t>(count), from.genomes.size())) {
      std::vector<double> gain = from.beliefs.gains(from.genomes.size());
      for (const std::size_t i : taken) gain[i] = -1;
      const auto best = static_cast<std::size_t>(std::ranges::max_element(gain) - gain.begin());
      const Genome& genome = from.genomes[best];
      taken.push_back(best);
      from.beliefs.take(best);
      proposals_.replay({&genome, 1});
      pending_.insert(genome);
      asked.push_back(genome);
    }
    return asked;
  }

  Proposals proposals_;
  Surrogates surrogates_;
  std::set<Genome> pending_;
  bool learns_ = true;  // at the last ask
};

}  // namespace

std::unique_ptr<Strategy> strategy_pare(const Space& space, std::uint64_t seed, WorstOfUse worst) {
  return std::make_unique<Pare>(space, seed, std::move(worst));
}

}  // namespace pare::search
