// How many channels each group keeps.
//
// Widths drawn evenly ruin a detector: a plan of a hundred groups then always loses half of its
// channels.  So a draw narrows few groups and most often by little, or takes the widths of an
// allocation that `prepare` found to save much at little damage.
#include <algorithm>
#include <array>

#include "search/levers/levers.h"
#include "search/levers/steps.h"

namespace pare::search {
namespace {

constexpr double kWidthWeight = 6;
constexpr std::size_t kAllocationSeeds = 3;
constexpr std::array kUniformSeeds = {0.9, 0.75};  // of every group's channels

// Where nothing was measured: what is removed saves its share, and harms more the more it is.
std::vector<Expected> guessed(const ChannelGroup& group) {
  std::vector<Expected> expected;
  for (const int width : group.widths) {
    const double removed = 1 - static_cast<double>(width) / group.channels;
    expected.push_back({removed * removed, removed});
  }
  return expected;
}

// What each width of a group costs and saves; empty where others were measured and this was not.
std::vector<Expected> expected_of(const ChannelGroup& group, const Guidance& guidance) {
  if (guidance.groups.empty()) return guessed(group);
  const auto measured = std::ranges::find(guidance.groups, group.name, &GroupSensitivity::group);
  if (measured == guidance.groups.end()) return {};
  std::vector<Expected> expected(group.widths.size());
  for (std::size_t i = 0; i < group.widths.size(); ++i) {
    const auto at = std::ranges::find(measured->widths, group.widths[i]);
    if (at == measured->widths.end()) continue;  // the full width
    const auto k = static_cast<std::size_t>(at - measured->widths.begin());
    expected[i] = {measured->damage[k], static_cast<double>(measured->macs_saved[k])};
  }
  return expected;
}

std::vector<Decision> widths_to_decide(const SpaceInputs& inputs) {
  std::vector<Decision> decisions;
  for (const ChannelGroup& group : inputs.model.groups) {
    if (!inputs.limits.width || group.widths.size() < 2) continue;
    const int count = static_cast<int>(group.widths.size());
    decisions.push_back({.family = family::kWidth,
                         .name = group.name,
                         .choices = count,
                         .original = count - 1,
                         .ordered = true,
                         .values = group.widths,
                         .expected = expected_of(group, inputs.guidance)});
  }
  return decisions;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

// What a layer loses with each channel that a decision removes.
struct Lost {
  std::size_t decision = 0;  // of this lever
  double share = 0;          // of the layer's channels
};

struct LayerLosses {
  std::vector<Lost> outputs;
  std::vector<Lost> inputs;
};

class Width final : public Lever {
 public:
  Width(const SpaceInputs& inputs, std::size_t first)
      : Lever(first, widths_to_decide(inputs)), measured_(!inputs.guidance.groups.empty()) {
    for (const Layer& layer : inputs.model.layers) layers_.push_back(losses_of(layer, inputs));
    for (const Allocation& allocation : inputs.guidance.allocations) {
      if (allocation.skip.empty() && allocation.kernels.empty()) add(allocation);
    }
    // Trained weights bear more: every other one then, from the second on.
    if (inputs.inheritance.narrower) first_seed_ = 1, next_seed_ = 2;
  }

  void write(const Genome& genome, Plan& plan) const override {
    for (std::size_t i = 0; i < decisions().size(); ++i) {
      const Decision& d = decisions()[i];
      if (const int choice = genome[first() + i]; choice != d.original) {
        plan.widths[d.name] = d.values[static_cast<std::size_t>(choice)];
      }
    }
  }

  void read(const Plan& plan, Genome& genome) const override {
    for (std::size_t i = 0; i < decisions().size(); ++i) {
      const Decision& d = decisions()[i];
      const auto width = plan.widths.find(d.name);
      if (width == plan.widths.end()) continue;
      const auto at = std::ranges::find(d.values, width->second);
      genome[first() + i] = static_cast<int>(at - d.values.begin());
    }
  }

  void set_layers(const Genome& genome, std::span<LayerSetting> layers) const override {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      layers[i].outputs = left_of(layers_[i].outputs, genome);
      layers[i].inputs = left_of(layers_[i].inputs, genome);
    }
  }

  // What was guessed is none.
  double damage(const Genome& genome) const override {
    return measured_ ? Lever::damage(genome) : 0;
  }

  void draw(Genome& genome, Random& random, double intensity) const override {
    for (std::size_t i = 0; i < decisions().size(); ++i) {
      if (!random.chance(intensity)) continue;
      const double v = random.uniform();
      genome[first() + i] = narrower(decisions()[i], v * v * (0.2 + 0.6 * intensity));
    }
    // Widths drawn group by group know nothing of the groups; an allocation does.
    if (!allocations_.empty() && random.chance(0.5)) take_allocation(genome, random);
  }

  double weight(const Genome&) const override { return decisions().empty() ? 0 : kWidthWeight; }

  // One group, or a run of groups that follow each other: a stage of the network.
  void change(Genome& genome, Random& random) const override {
    if (!allocations_.empty() && random.chance(0.3)) return take_allocation(genome, random);
    const int count = static_cast<int>(decisions().size());
    const int begin = random.below(count);
    const int run = random.chance(0.3) ? 1 + random.below(8) : 1;
    for (int i = begin; i < std::min(count, begin + run); ++i) {
      const auto at = static_cast<std::size_t>(i);
      int& choice = genome[first() + at];
      choice = step(decisions()[at], choice, random);
    }
  }

  // Allocations lead on some detectors and not on others (yolov5n at a tenth of its MACs: .244 mAP
  // by allocation, .271 by the same share everywhere): both are tried.
  std::vector<Genome> seeds(const Genome& original) const override {
    std::vector<Genome> out;
    for (std::size_t i = first_seed_; i < allocations_.size(); i += next_seed_) {
      if (out.size() == kAllocationSeeds) break;
      out.push_back(with(original, allocations_[i]));
    }
    for (const double share : kUniformSeeds) out.push_back(uniform(original, share));
    return out;
  }

 private:
  LayerLosses losses_of(const Layer& layer, const SpaceInputs& inputs) const {
    LayerLosses losses;
    for (std::size_t i = 0; i < decisions().size(); ++i) {
      const auto group =
          std::ranges::find(inputs.model.groups, decisions()[i].name, &ChannelGroup::name);
      if (contains(group->producers, layer.name) && layer.out_channels > 0) {
        losses.outputs.push_back({i, 1.0 / layer.out_channels});
      }
      if (contains(group->consumers, layer.name) && layer.in_channels > 0) {
        losses.inputs.push_back({i, 1.0 / layer.in_channels});
      }
    }
    return losses;
  }

  // Widths that a group does not have go to its next wider ones.
  void add(const Allocation& allocation) {
    std::vector<int> choices;
    bool narrows = false;
    for (const Decision& d : decisions()) {
      choices.push_back(d.original);
      const auto wanted = allocation.widths.find(d.name);
      if (wanted == allocation.widths.end()) continue;
      const auto at = std::ranges::lower_bound(d.values, wanted->second);
      if (at != d.values.end()) choices.back() = static_cast<int>(at - d.values.begin());
      narrows = narrows || choices.back() != d.original;
    }
    if (narrows) allocations_.push_back(std::move(choices));
  }

  // A layer's channels that a plan keeps, as a share; never none.
  double left_of(const std::vector<Lost>& lost, const Genome& genome) const {
    double left = 1;
    double least = 1;
    for (const Lost& one : lost) {
      const std::vector<int>& widths = decisions()[one.decision].values;
      const int width = widths[static_cast<std::size_t>(genome[first() + one.decision])];
      left -= (widths.back() - width) * one.share;
      least = std::min(least, one.share);
    }
    return std::max(left, least);
  }

  // The widest choice that removes at least `share` of the channels, and at least one step.
  static int narrower(const Decision& d, double share) {
    const double most = d.values.back() * (1 - share);
    int choice = d.original - 1;
    while (choice > 0 && d.values[static_cast<std::size_t>(choice)] > most) --choice;
    return choice;
  }

  Genome with(Genome genome, const std::vector<int>& choices) const {
    std::ranges::copy(choices, genome.choices.begin() + static_cast<std::ptrdiff_t>(first()));
    return genome;
  }

  void take_allocation(Genome& genome, Random& random) const {
    const int count = static_cast<int>(allocations_.size());
    genome = with(std::move(genome), allocations_[static_cast<std::size_t>(random.below(count))]);
  }

  // Every group at the widest choice of at most `share` of its channels, the narrowest failing
  // that.
  Genome uniform(Genome genome, double share) const {
    for (std::size_t i = 0; i < decisions().size(); ++i) {
      const Decision& d = decisions()[i];
      int choice = d.original;
      while (choice > 0 && d.values[static_cast<std::size_t>(choice)] > d.values.back() * share) {
        --choice;
      }
      genome[first() + i] = choice;
    }
    return genome;
  }

  bool measured_;                               // what narrowing costs
  std::size_t first_seed_ = 0, next_seed_ = 1;  // of the allocations
  std::vector<LayerLosses> layers_;             // of the model
  std::vector<std::vector<int>> allocations_;   // the smallest saving first; choices of each
};

}  // namespace

LeverPointer width_lever(const SpaceInputs& inputs, std::size_t first) {
  return std::make_shared<Width>(inputs, first);
}

std::string words_of_width(const Plan& plan, const ModelSummary& model) {
  if (plan.widths.empty()) return "";
  return std::to_string(plan.widths.size()) + " of " + std::to_string(model.groups.size()) +
         " groups narrower";
}

}  // namespace pare::search
