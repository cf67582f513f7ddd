// Which blocks stay: of every stage the last ones go first.
//
// Offered where `prepare` found what each costs.  Channels and kernels of layers that go with a
// block are nobody's choice any more.
#include <algorithm>

#include "search/levers/levers.h"
#include "search/levers/steps.h"

namespace pare::search {
namespace {

constexpr double kDepthWeight = 1.5;
constexpr std::size_t kDepthSeeds = 2;

// One stage as the summary and the guidance have it.
struct Stage {
  std::vector<DepthBlock> blocks;  // that are worth offering, in the order in which they go
  std::vector<Expected> expected;  // of each choice: none, the first, the first two, ...
};

std::vector<Stage> stages_of(const SpaceInputs& inputs) {
  std::vector<Stage> stages;
  if (!inputs.limits.depth) return stages;
  for (const DepthStage& known : inputs.model.stages) {
    const auto measured =
        std::ranges::find_if(inputs.guidance.blocks, [&](const StageSensitivity& s) {
          return !s.blocks.empty() && s.blocks.front() == known.blocks.front().name;
        });
    if (measured == inputs.guidance.blocks.end()) continue;
    Stage stage{{}, {Expected{}}};
    const std::size_t count = std::min(known.blocks.size(), measured->blocks.size());
    for (std::size_t k = 0; k < count && measured->damage[k] <= kBrokenDamage; ++k) {
      stage.blocks.push_back(known.blocks[k]);
      stage.expected.push_back({measured->damage[k], static_cast<double>(measured->macs_saved[k])});
    }
    if (!stage.blocks.empty()) stages.push_back(std::move(stage));
  }
  return stages;
}

std::vector<Decision> blocks_to_decide(const std::vector<Stage>& stages) {
  std::vector<Decision> decisions;
  for (const Stage& stage : stages) {
    Decision d{.family = family::kDepth,
               .name = "blocks skipped from " + stage.blocks.front().name,
               .choices = static_cast<int>(stage.blocks.size()) + 1,
               .ordered = true,
               .expected = stage.expected};
    for (int count = 0; count < d.choices; ++count) d.values.push_back(count);
    decisions.push_back(std::move(d));
  }
  return decisions;
}

class Depth final : public Lever {
 public:
  Depth(const SpaceInputs& inputs, std::size_t first, const Lever& width, std::vector<Stage> stages)
      : Lever(first, blocks_to_decide(stages)), stages_(std::move(stages)) {
    for (const Stage& stage : stages_) {
      std::vector<Gone>& gone = gone_.emplace_back();
      for (const DepthBlock& block : stage.blocks) {
        gone.push_back({layers_in(block, inputs.model), widths_in(block, width)});
      }
    }
  }

  // Channels that go with a block are at full width.
  void settle(Genome& genome) const override {
    each_gone(genome, [&](const Gone& gone) {
      for (const auto& [decision, original] : gone.widths) genome[decision] = original;
    });
  }

  void write(const Genome& genome, Plan& plan) const override {
    for (std::size_t s = 0; s < stages_.size(); ++s) {
      for (int k = 0; k < genome[first() + s]; ++k) {
        plan.skip.insert(stages_[s].blocks[static_cast<std::size_t>(k)].name);
      }
    }
  }

  void read(const Plan& plan, Genome& genome) const override {
    for (std::size_t s = 0; s < stages_.size(); ++s) {
      genome[first() + s] = static_cast<int>(std::ranges::count_if(
          stages_[s].blocks, [&](const DepthBlock& b) { return plan.skip.contains(b.name); }));
    }
  }

  void set_layers(const Genome& genome, std::span<LayerSetting> layers) const override {
    each_gone(genome, [&](const Gone& gone) {
      for (const std::size_t layer : gone.layers) layers[layer].gone = true;
    });
  }

  // One stage or two, mostly their last block.
  void draw(Genome& genome, Random& random, double intensity) const override {
    if (!random.chance(intensity)) return;
    do change(genome, random);
    while (random.chance(0.4));
  }

  double weight(const Genome&) const override { return kDepthWeight; }

  void change(Genome& genome, Random& random) const override {
    const auto at = static_cast<std::size_t>(random.below(static_cast<int>(decisions().size())));
    genome[first() + at] = another(decisions()[at], genome[first() + at], random);
  }

  // The blocks that cost least for what they save, each alone.
  std::vector<Genome> seeds(const Genome& original) const override {
    std::vector<std::size_t> order;
    for (std::size_t s = 0; s < stages_.size(); ++s) order.push_back(s);
    std::ranges::stable_sort(order, {}, [&](std::size_t s) { return price(stages_[s]); });
    std::vector<Genome> out;
    for (std::size_t i = 0; i < std::min(kDepthSeeds, order.size()); ++i) {
      out.push_back(original);
      out.back()[first() + order[i]] = 1;
    }
    return out;
  }

 private:
  // What goes with one block.
  struct Gone {
    std::vector<std::size_t> layers;                  // of the model
    std::vector<std::pair<std::size_t, int>> widths;  // decisions, and their originals
  };

  static double price(const Stage& stage) {
    const Expected& first = stage.expected[1];
    return first.damage / std::max(first.saving, 1.0);
  }

  static std::vector<std::size_t> layers_in(const DepthBlock& block, const ModelSummary& model) {
    std::vector<std::size_t> layers;
    for (const std::string& name : block.layers) {
      const auto at = std::ranges::find(model.layers, name, &Layer::name);
      if (at != model.layers.end()) {
        layers.push_back(static_cast<std::size_t>(at - model.layers.begin()));
      }
    }
    return layers;
  }

  static std::vector<std::pair<std::size_t, int>> widths_in(const DepthBlock& block,
                                                            const Lever& width) {
    std::vector<std::pair<std::size_t, int>> widths;
    for (std::size_t i = 0; i < width.decisions().size(); ++i) {
      const Decision& d = width.decisions()[i];
      if (std::ranges::find(block.groups, d.name) == block.groups.end()) continue;
      widths.emplace_back(width.first() + i, d.original);
    }
    return widths;
  }

  template <typename Use>
  void each_gone(const Genome& genome, Use use) const {
    for (std::size_t s = 0; s < stages_.size(); ++s) {
      const int skipped = genome[first() + s];
      for (int k = 0; k < skipped; ++k) use(gone_[s][static_cast<std::size_t>(k)]);
    }
  }

  std::vector<Stage> stages_;
  std::vector<std::vector<Gone>> gone_;  // of each block of each stage
};

}  // namespace

LeverPointer depth_lever(const SpaceInputs& inputs, std::size_t first, const Lever& width) {
  std::vector<Stage> stages = stages_of(inputs);
  if (stages.empty()) return nullptr;
  return std::make_shared<Depth>(inputs, first, width, std::move(stages));
}

std::string words_of_depth(const Plan& plan, const ModelSummary&) {
  if (plan.skip.empty()) return "";
  return std::to_string(plan.skip.size()) +
         (plan.skip.size() == 1 ? " block skipped" : " blocks skipped");
}

}  // namespace pare::search
