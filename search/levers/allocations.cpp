// Allocations of widths, blocks and kernels together, as `prepare` found them: nothing of its own
// to decide, but whole plans to begin with and to jump to.
#include <algorithm>
#include <utility>

#include "search/levers/levers.h"

namespace pare::search {
namespace {

constexpr double kAllocationsWeight = 0.5;
constexpr double kJumped = 0.3;
constexpr std::size_t kMixedSeeds = 3;

Plan plan_of(const Allocation& allocation) {
  Plan plan;
  plan.widths = allocation.widths;
  plan.skip = allocation.skip;
  plan.kernels = allocation.kernels;
  return plan;
}

class Allocations final : public Lever {
 public:
  // The first `worth_trying` plans are seeds.
  Allocations(std::size_t first, std::vector<LeverPointer> parts, std::vector<Plan> plans,
              std::size_t worth_trying)
      : Lever(first, {}),
        parts_(std::move(parts)),
        plans_(std::move(plans)),
        worth_trying_(worth_trying) {}

  void write(const Genome&, Plan&) const override {}
  void read(const Plan&, Genome&) const override {}

  void draw(Genome& genome, Random& random, double) const override {
    if (random.chance(kJumped)) change(genome, random);
  }

  double weight(const Genome&) const override { return kAllocationsWeight; }

  void change(Genome& genome, Random& random) const override {
    genome = with(std::move(genome),
                  plans_[static_cast<std::size_t>(random.below(static_cast<int>(plans_.size())))]);
  }

  std::vector<Genome> seeds(const Genome& original) const override {
    std::vector<Genome> out;
    for (std::size_t i = 0; i < worth_trying_; ++i) out.push_back(with(original, plans_[i]));
    return out;
  }

 private:
  // What the plan says of their parts, and the rest as it is.
  Genome with(Genome genome, const Plan& plan) const {
    for (const LeverPointer& part : parts_) {
      for (std::size_t i = 0; i < part->decisions().size(); ++i) {
        genome[part->first() + i] = part->decisions()[i].original;
      }
      part->read(plan, genome);
    }
    return genome;
  }

  std::vector<LeverPointer> parts_;
  std::vector<Plan> plans_;  // the smallest saving first
  std::size_t worth_trying_;
};

// Whether the levers can say all of it.
bool is_said(const Plan& plan, const std::vector<LeverPointer>& parts, std::size_t decisions) {
  Genome genome{std::vector<int>(decisions, 0)};
  Plan back;
  for (const LeverPointer& part : parts) {
    for (std::size_t i = 0; i < part->decisions().size(); ++i) {
      genome[part->first() + i] = part->decisions()[i].original;
    }
    part->read(plan, genome);
    for (std::size_t i = 0; i < part->decisions().size(); ++i) {
      if (genome[part->first() + i] >= part->decisions()[i].choices) return false;
    }
    part->write(genome, back);
  }
  return back == plan;
}

}  // namespace

LeverPointer allocations_lever(const SpaceInputs& inputs, std::size_t first,
                               std::vector<LeverPointer> parts) {
  std::vector<Plan> plans;
  std::size_t worth_trying = 0;
  for (const Allocation& allocation : inputs.guidance.allocations) {
    const Plan plan = plan_of(allocation);
    if (plan.skip.empty() && plan.kernels.empty()) continue;  // the widths' own
    if (!is_said(plan, parts, first)) continue;
    plans.push_back(plan);
    if (allocation.damage <= kBrokenDamage && worth_trying < kMixedSeeds) ++worth_trying;
  }
  if (plans.empty()) return nullptr;
  return std::make_shared<Allocations>(first, std::move(parts), std::move(plans), worth_trying);
}

}  // namespace pare::search
