// How the weights of layers that are not int8 stand in the file: fewer bytes at no gain in time, so
// only where bytes count.
#include <algorithm>
#include <array>
#include <optional>

#include "search/levers/levers.h"
#include "search/levers/steps.h"

namespace pare::search {
namespace {

constexpr double kStorageWeight = 1;

// From as they are to the fewest bits.  Of the grids of four bits the linear one costs least
// accuracy (docs/adr/0044).
constexpr std::array<std::optional<WeightStorage>, 4> kChoices = {
    std::nullopt, WeightStorage{.bits = 16}, WeightStorage{.bits = 8}, WeightStorage{.bits = 4}};

class Storage final : public Lever {
 public:
  explicit Storage(std::size_t first)
      : Lever(first, {{.family = family::kStorage,
                       .name = "storage",
                       .choices = static_cast<int>(kChoices.size()),
                       .ordered = true}}) {}

  void write(const Genome& genome, Plan& plan) const override {
    plan.storage = kChoices.at(static_cast<std::size_t>(genome[first()]));
  }

  void read(const Plan& plan, Genome& genome) const override {
    genome[first()] =
        static_cast<int>(std::ranges::find(kChoices, plan.storage) - kChoices.begin());
  }

  void draw(Genome& genome, Random& random, double) const override {
    genome[first()] = random.below(decisions().front().choices);
  }

  double weight(const Genome&) const override { return kStorageWeight; }

  void change(Genome& genome, Random& random) const override {
    genome[first()] = another(decisions().front(), genome[first()], random);
  }

  // Eight bits first: a quarter of the bytes for next to nothing.
  std::vector<Genome> seeds(const Genome& original) const override {
    std::vector<Genome> out;
    for (const int choice : {2, 3, 1}) {
      out.push_back(original);
      out.back()[first()] = choice;
    }
    return out;
  }
};

}  // namespace

LeverPointer storage_lever(const SpaceInputs& inputs, std::size_t first) {
  const bool wanted = inputs.limits.storage && inputs.limits.bytes_count;
  return wanted ? std::make_shared<Storage>(first) : nullptr;
}

std::string words_of_storage(const Plan& plan, const ModelSummary&) {
  std::string words;
  if (plan.storage) words = "weights stored as " + storage_words(*plan.storage);
  if (!plan.sparsity) return words;
  if (!words.empty()) words += ", ";
  const Sparsity& sparsity = *plan.sparsity;
  if (sparsity.of == 0) return words + std::to_string(sparsity.percent) + " % of weights zero";
  return words + std::to_string(sparsity.keep) + " of " + std::to_string(sparsity.of) +
         " weights left";
}

}  // namespace pare::search
