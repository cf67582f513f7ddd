#include <algorithm>

#include "search/strategy.h"

namespace pare::search {
namespace {

class Seeded final : public Strategy {
 public:
  Seeded(std::vector<Genome> seeds, std::unique_ptr<Strategy> inner)
      : seeds_(std::move(seeds)), inner_(std::move(inner)) {}

  std::vector<Genome> ask(int count) override {
    std::vector<Genome> asked;
    for (; next_ < seeds_.size() && asked.size() < static_cast<std::size_t>(count); ++next_) {
      asked.push_back(seeds_[next_]);
    }
    inner_->replay_ask(asked);
    const int left = count - static_cast<int>(asked.size());
    if (left > 0) std::ranges::move(inner_->ask(left), std::back_inserter(asked));
    return asked;
  }

  void replay_ask(std::span<const Genome> genomes) override {
    next_ = std::min(seeds_.size(), next_ + genomes.size());
    inner_->replay_ask(genomes);
  }

  void tell(std::span<const Observation> observations) override { inner_->tell(observations); }
  std::string trouble() const override { return inner_->trouble(); }

 private:
  std::vector<Genome> seeds_;
  std::size_t next_ = 0;
  std::unique_ptr<Strategy> inner_;
};

}  // namespace

std::unique_ptr<Strategy> with_seeds(std::vector<Genome> seeds, std::unique_ptr<Strategy> inner) {
  return std::make_unique<Seeded>(std::move(seeds), std::move(inner));
}

}  // namespace pare::search
