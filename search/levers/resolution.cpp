// The size of the network's input.
#include <algorithm>

#include "search/levers/levers.h"
#include "search/levers/steps.h"

namespace pare::search {
namespace {

constexpr double kResolutionWeight = 1.5;
constexpr std::size_t kMostResolutions = 6;

// Why a size does not work, as far as it was tried; empty: it does, or nobody tried.
std::string why_not(const std::vector<TriedSize>& tried, InputSize size) {
  for (const TriedSize& one : tried) {
    if (one.height == size.height && one.width == size.width) return one.why_not;
  }
  return "";
}

// Multiples of the stride within the limits that can be made, at most six, counted down from the
// largest; smallest first.  Empty where the limits hold neither one of them nor the input's own
// size; `reason` then says why, if one of them was tried.
std::vector<InputSize> resolutions_of(const SpaceInputs& inputs, std::string& reason) {
  const ModelSummary& model = inputs.model;
  const InputSize own{model.card.height, model.card.width};
  const bool own_allowed = inputs.limits.min_scale <= 1 && inputs.limits.max_scale >= 1;
  if (model.stride == 0) {  // no other size can be made
    return own_allowed ? std::vector{own} : std::vector<InputSize>{};
  }
  const double low = own.height * inputs.limits.min_scale - 1e-9;
  const double high = own.height * inputs.limits.max_scale + 1e-9;
  const auto remove = [&](std::vector<InputSize>& sizes, const std::vector<TriedSize>& tried) {
    std::erase_if(sizes, [&](InputSize size) {
      const std::string why = why_not(tried, size);
      if (!why.empty()) reason = why;
      return !why.empty();
    });
  };
  std::vector<InputSize> sizes;
  for (int step = 1;; ++step) {
    sizes = sizes_between(model.card, model.stride, low, high, step);
    if (model.tried) remove(sizes, model.tried->sizes);
    if (sizes.size() <= kMostResolutions) break;
  }
  remove(sizes, inputs.guidance.left_out);  // of those chosen: no others were prepared
  const bool own_there = std::ranges::find(sizes, own) != sizes.end();
  if (!own_there && (own_allowed || !sizes.empty())) sizes.push_back(own);
  std::ranges::sort(sizes, {}, [](InputSize s) { return s.height; });
  return sizes;
}

std::vector<Decision> size_to_decide(const SpaceInputs& inputs,
                                     const std::vector<InputSize>& sizes) {
  if (sizes.size() < 2) return {};
  const InputSize own{inputs.model.card.height, inputs.model.card.width};
  Decision decision{.family = family::kResolution,
                    .name = "resolution",
                    .choices = static_cast<int>(sizes.size()),
                    .original = static_cast<int>(std::ranges::find(sizes, own) - sizes.begin()),
                    .only_in_original = inputs.limits.min_scale > 1 || inputs.limits.max_scale < 1,
                    .ordered = true};
  for (const InputSize size : sizes) decision.values.push_back(size.height);
  return {decision};
}

class Resolution final : public Lever {
 public:
  Resolution(const SpaceInputs& inputs, std::size_t first, std::vector<InputSize> sizes)
      : Lever(first, size_to_decide(inputs, sizes)),
        own_{inputs.model.card.height, inputs.model.card.width},
        sizes_(std::move(sizes)) {}

  void write(const Genome& genome, Plan& plan) const override {
    const InputSize size = size_of(genome);
    plan.height = size.height;
    plan.width = size.width;
  }

  void read(const Plan& plan, Genome& genome) const override {
    if (decisions().empty()) return;
    const auto at = std::ranges::find(sizes_, InputSize{plan.height, plan.width});
    genome[first()] = static_cast<int>(at - sizes_.begin());
  }

  void set_layers(const Genome& genome, std::span<LayerSetting> layers) const override {
    const InputSize size = size_of(genome);
    const double share = static_cast<double>(size.height) * size.width /
                         (static_cast<double>(own_.height) * own_.width);
    for (LayerSetting& layer : layers) layer.pixels = share;
  }

  void prepare(Preparation& preparation) const override { preparation.sizes = sizes_; }

  void draw(Genome& genome, Random& random, double) const override {
    if (decisions().empty() || !random.chance(0.5)) return;
    do change(genome, random);
    while (random.chance(0.4));
  }

  double weight(const Genome&) const override {
    return decisions().empty() ? 0 : kResolutionWeight;
  }

  void change(Genome& genome, Random& random) const override {
    genome[first()] = step(decisions().front(), genome[first()], random);
  }

  // Each smaller one, the largest first.
  std::vector<Genome> seeds(const Genome& original) const override {
    std::vector<Genome> out;
    for (int choice = static_cast<int>(sizes_.size()) - 2; choice >= 0; --choice) {
      out.push_back(original);
      out.back()[first()] = choice;
    }
    return out;
  }

  bool changes_the_order() const noexcept override { return true; }

 private:
  InputSize size_of(const Genome& genome) const {
    return decisions().empty() ? own_ : sizes_[static_cast<std::size_t>(genome[first()])];
  }

  InputSize own_;
  std::vector<InputSize> sizes_;
};

Error no_size_left(const SpaceInputs& inputs, const std::string& reason) {
  const ModelSummary& model = inputs.model;
  return {ErrorCode::kInvalidArgument,
          "no input size lies within the scales " + std::to_string(inputs.limits.min_scale) +
              " to " + std::to_string(inputs.limits.max_scale) + " of " +
              std::to_string(model.card.height) + " rows: " +
              (reason.empty() ? "the model's stride is " + std::to_string(model.stride) : reason)};
}

}  // namespace

Result<LeverPointer> resolution_lever(const SpaceInputs& inputs, std::size_t first) {
  std::string reason;
  std::vector<InputSize> sizes = resolutions_of(inputs, reason);
  if (sizes.empty()) return no_size_left(inputs, reason);
  return LeverPointer(std::make_shared<Resolution>(inputs, first, std::move(sizes)));
}

std::string words_of_resolution(const Plan& plan, const ModelSummary&) {
  return std::to_string(plan.height) + "x" + std::to_string(plan.width);
}

}  // namespace pare::search
