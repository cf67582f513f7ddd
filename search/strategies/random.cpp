// Mild plans at random: the yardstick for every other strategy.
#include "search/draw.h"
#include "search/proposals.h"
#include "search/strategy.h"

namespace pare::search {
namespace {

class RandomStrategy final : public Strategy {
 public:
  RandomStrategy(const Space& space, std::uint64_t seed) : proposals_(space, seed) {}

  std::vector<Genome> ask(int count) override {
    return proposals_.next(count, [&](Random& r) { return draw_mild(proposals_.space(), r); });
  }

  void replay_ask(std::span<const Genome> genomes) override { proposals_.replay(genomes); }

  void tell(std::span<const Observation>) override {}

 private:
  Proposals proposals_;
};

}  // namespace

std::unique_ptr<Strategy> strategy_random(const Space& space, std::uint64_t seed,
                                          WorstOfUse /*worst*/) {
  return std::make_unique<RandomStrategy>(space, seed);
}

}  // namespace pare::search
