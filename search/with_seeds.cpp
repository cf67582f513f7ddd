#include <algorithm>
#include <iterator>

#include "search/strategy.h"

namespace pare::search {
namespace {

class Seeded final : public Strategy {
 public:
  Seeded(std::vector<Genome> seeds, std::unique_ptr<Strategy> inner)
      : left_(std::move(seeds)), inner_(std::move(inner)) {}

  std::vector<Genome> ask(int count) override {
    std::vector<Genome> asked;
    const auto taken = std::min<std::ptrdiff_t>(std::max(count, 0), std::ssize(left_));
    std::move(left_.begin(), left_.begin() + taken, std::back_inserter(asked));
    left_.erase(left_.begin(), left_.begin() + taken);
    inner_->replay_ask(asked);
    const int left = count - static_cast<int>(asked.size());
    if (left > 0) std::ranges::move(inner_->ask(left), std::back_inserter(asked));
    return asked;
  }

  void replay_ask(std::span<const Genome> genomes) override {
    // By what they are: the version that asked them may have had others, in another order.
    std::erase_if(left_, [&](const Genome& seed) {
      return std::ranges::find(genomes, seed) != genomes.end();
    });
    inner_->replay_ask(genomes);
  }

  void tell(std::span<const Observation> observations) override { inner_->tell(observations); }
  std::string trouble() const override { return inner_->trouble(); }

 private:
  std::vector<Genome> left_;
  std::unique_ptr<Strategy> inner_;
};

}  // namespace

std::unique_ptr<Strategy> with_seeds(std::vector<Genome> seeds, std::unique_ptr<Strategy> inner) {
  return std::make_unique<Seeded>(std::move(seeds), std::move(inner));
}

}  // namespace pare::search
