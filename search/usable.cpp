#include "search/usable.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pare::search {
namespace {

// Below, the difference of two values could be the smallest of numbers: nothing divides by it.
constexpr double kSmallest = 1e-200;

bool says_nothing(double x) {
  return !std::isfinite(x) || std::abs(x) > kLargest;
}

TargetObservation usable(TargetObservation seen) {
  if (seen.layers && std::ranges::any_of(seen.layers->ms, says_nothing)) seen.layers.reset();
  const bool none = std::ranges::any_of(seen.objectives, says_nothing) ||
                    std::ranges::any_of(seen.violations, [](double v) { return std::isnan(v); });
  if (none) return {.status = Status::kInfeasible, .objectives = {}, .violations = {}};
  for (double& x : seen.objectives) {
    if (std::abs(x) < kSmallest) x = 0;
  }
  for (double& v : seen.violations) v = std::clamp(v, -kLargest, kLargest);
  return seen;
}

class ToldUsable final : public Strategy {
 public:
  explicit ToldUsable(std::unique_ptr<Strategy> inner) : inner_(std::move(inner)) {}

  std::vector<Genome> ask(int count) override { return inner_->ask(count); }
  void replay_ask(std::span<const Genome> genomes) override { inner_->replay_ask(genomes); }
  std::string trouble() const override { return inner_->trouble(); }

  void tell(std::span<const Observation> observations) override {
    for (const Observation& seen : observations) {
      const Observation taken = search::usable(seen);
      inner_->tell({&taken, 1});
    }
  }

 private:
  std::unique_ptr<Strategy> inner_;
};

}  // namespace

Observation usable(Observation seen) {
  for (TargetObservation& on : seen.targets) on = usable(std::move(on));
  return seen;
}

std::unique_ptr<Strategy> told_usable(std::unique_ptr<Strategy> inner) {
  return std::make_unique<ToldUsable>(std::move(inner));
}

}  // namespace pare::search
