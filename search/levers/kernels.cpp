// How large the kernels of single layers are.
//
// Offered where `prepare` found what a smaller one costs.
#include <algorithm>

#include "search/levers/levers.h"
#include "search/levers/steps.h"

namespace pare::search {
namespace {

constexpr double kKernelsWeight = 1;

struct LayerKernel {
  std::string layer;
  std::size_t index = 0;   // of the model's layers
  std::vector<int> sizes;  // ascending, the last is the layer's own
  std::vector<Expected> expected;
};

std::vector<LayerKernel> kernels_of(const SpaceInputs& inputs) {
  std::vector<LayerKernel> kernels;
  if (!inputs.limits.kernels) return kernels;
  for (const KernelSensitivity& measured : inputs.guidance.kernels) {
    const auto layer = std::ranges::find(inputs.model.layers, measured.layer, &Layer::name);
    const auto known =
        std::ranges::find(inputs.model.kernels, measured.layer, &KernelChoice::layer);
    if (layer == inputs.model.layers.end() || known == inputs.model.kernels.end()) continue;
    LayerKernel kernel{measured.layer,
                       static_cast<std::size_t>(layer - inputs.model.layers.begin()),
                       {layer->kernel.front()},
                       {Expected{}}};
    for (std::size_t i = 0; i < measured.sizes.size(); ++i) {
      if (measured.damage[i] > kBrokenDamage) break;
      kernel.sizes.insert(kernel.sizes.begin(), measured.sizes[i]);
      kernel.expected.insert(kernel.expected.begin(),
                             {measured.damage[i], static_cast<double>(measured.macs_saved[i])});
    }
    if (kernel.sizes.size() > 1) kernels.push_back(std::move(kernel));
  }
  return kernels;
}

std::vector<Decision> sizes_to_decide(const std::vector<LayerKernel>& kernels) {
  std::vector<Decision> decisions;
  for (const LayerKernel& kernel : kernels) {
    const int count = static_cast<int>(kernel.sizes.size());
    decisions.push_back({.family = family::kKernel,
                         .name = "kernel of " + kernel.layer,
                         .choices = count,
                         .original = count - 1,
                         .ordered = true,
                         .values = kernel.sizes,
                         .expected = kernel.expected});
  }
  return decisions;
}

class Kernels final : public Lever {
 public:
  Kernels(std::size_t first, std::size_t layers, LeverPointer depth,
          std::vector<LayerKernel> kernels)
      : Lever(first, sizes_to_decide(kernels)),
        layers_(layers),
        depth_(std::move(depth)),
        kernels_(std::move(kernels)) {}

  // A layer that went with a block has no kernel to choose.
  void settle(Genome& genome) const override {
    if (depth_ == nullptr) return;
    std::vector<LayerSetting> layers(layers_);
    depth_->set_layers(genome, layers);
    for (std::size_t k = 0; k < kernels_.size(); ++k) {
      if (layers[kernels_[k].index].gone) genome[first() + k] = decisions()[k].original;
    }
  }

  void write(const Genome& genome, Plan& plan) const override {
    for (std::size_t k = 0; k < kernels_.size(); ++k) {
      const int choice = genome[first() + k];
      if (choice != decisions()[k].original) {
        plan.kernels[kernels_[k].layer] = kernels_[k].sizes[static_cast<std::size_t>(choice)];
      }
    }
  }

  void read(const Plan& plan, Genome& genome) const override {
    for (std::size_t k = 0; k < kernels_.size(); ++k) {
      const auto wanted = plan.kernels.find(kernels_[k].layer);
      if (wanted == plan.kernels.end()) continue;
      const auto at = std::ranges::find(kernels_[k].sizes, wanted->second);
      genome[first() + k] = static_cast<int>(at - kernels_[k].sizes.begin());
    }
  }

  void set_layers(const Genome& genome, std::span<LayerSetting> layers) const override {
    for (std::size_t k = 0; k < kernels_.size(); ++k) {
      const std::vector<int>& sizes = kernels_[k].sizes;
      const double side = sizes[static_cast<std::size_t>(genome[first() + k])];
      layers[kernels_[k].index].taps = side * side / (sizes.back() * sizes.back());
    }
  }

  void draw(Genome& genome, Random& random, double intensity) const override {
    if (!random.chance(intensity)) return;
    do change(genome, random);
    while (random.chance(0.5));
  }

  double weight(const Genome&) const override { return kKernelsWeight; }

  void change(Genome& genome, Random& random) const override {
    const auto at = static_cast<std::size_t>(random.below(static_cast<int>(decisions().size())));
    genome[first() + at] = another(decisions()[at], genome[first() + at], random);
  }

  // The one that costs least for what it saves.
  std::vector<Genome> seeds(const Genome& original) const override {
    const auto price = [](const LayerKernel& kernel) {
      const Expected& next = kernel.expected[kernel.expected.size() - 2];
      return next.damage / std::max(next.saving, 1.0);
    };
    const auto cheapest = std::ranges::min_element(kernels_, {}, price);
    Genome seed = original;
    --seed[first() + static_cast<std::size_t>(cheapest - kernels_.begin())];
    return {seed};
  }

 private:
  std::size_t layers_;  // of the model
  LeverPointer depth_;  // null: no block can go
  std::vector<LayerKernel> kernels_;
};

}  // namespace

LeverPointer kernels_lever(const SpaceInputs& inputs, std::size_t first, LeverPointer depth) {
  std::vector<LayerKernel> kernels = kernels_of(inputs);
  if (kernels.empty()) return nullptr;
  return std::make_shared<Kernels>(first, inputs.model.layers.size(), std::move(depth),
                                   std::move(kernels));
}

std::string words_of_kernels(const Plan& plan, const ModelSummary&) {
  if (plan.kernels.empty()) return "";
  return std::to_string(plan.kernels.size()) +
         (plan.kernels.size() == 1 ? " kernel smaller" : " kernels smaller");
}

}  // namespace pare::search
