// Which layers of an int8 plan stay in floating point: those that int8 harms most, those that make
// the outputs, the depthwise ones, whose int8 is often the slower.
#include <algorithm>
#include <array>
#include <utility>

#include "search/levers/levers.h"
#include "search/levers/steps.h"

namespace pare::search {
namespace {

constexpr double kKeptLayersWeight = 1;
constexpr std::size_t kMostSegments = 7;  // beside the stem and the depthwise layers
constexpr std::array kLevels = {0, 1, 2, 3, 4, 6, 8, 10, 12, 16, 20};  // most harmed layers kept
constexpr int kBegun = 3;  // choice of the first decision in the first int8 plans
constexpr std::string_view kOutputs = "output layers";

bool is_depthwise(const Layer& layer) {
  return layer.groups > 1 && layer.groups == layer.in_channels;
}

// True for a layer that stays in fp32 whatever a plan says.
bool never_int8(const ModelSummary& model, const std::string& layer) {
  return model.tried && std::ranges::find(model.tried->fp32_layers, layer, &Fp32Layer::layer) !=
                            model.tried->fp32_layers.end();
}

// Layers that stay in floating point together, more with every choice: the first levels[choice].
struct Set {
  std::string name;
  std::vector<std::string> layers;
  std::vector<int> levels;  // ascending from 0
};

Set all_or_none(std::string name, std::vector<std::string> layers) {
  const int count = static_cast<int>(layers.size());
  return {std::move(name), std::move(layers), {0, count}};
}

// Without measured sensitivities: the stem, and the other dense layers in the order they run, cut
// in pieces of equal length.
std::vector<Set> segments_of(const ModelSummary& model) {
  std::vector<Set> segments;
  std::vector<std::string> dense;
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const Layer& layer = model.layers[i];
    if (never_int8(model, layer.name)) continue;
    if (i == 0) segments.push_back(all_or_none("stem", {layer.name}));
    if (i > 0 && !is_depthwise(layer)) dense.push_back(layer.name);
  }
  const std::size_t pieces = std::min(kMostSegments, dense.size());
  for (std::size_t i = 0; i < pieces; ++i) {
    const auto first = static_cast<std::ptrdiff_t>(dense.size() * i / pieces);
    const auto last = static_cast<std::ptrdiff_t>(dense.size() * (i + 1) / pieces);
    segments.push_back(
        all_or_none("part " + std::to_string(i + 1) + " of " + std::to_string(pieces),
                    {dense.begin() + first, dense.begin() + last}));
  }
  return segments;
}

// Never all of them.  Of one layer alone that leaves nothing to decide.
Set most_harmed(const Guidance& guidance) {
  Set set{.name = "most harmed layers", .layers = {}, .levels = {}};
  for (const LayerSensitivity& layer : guidance.int8_layers) set.layers.push_back(layer.layer);
  for (const int level : kLevels) {
    if (std::cmp_less(level, set.layers.size())) set.levels.push_back(level);
  }
  set.layers.resize(static_cast<std::size_t>(set.levels.back()));
  return set;
}

// With `guidance` in the order in which int8 harms them, without in segments.
std::vector<Set> sets_for(const SpaceInputs& inputs) {
  const ModelSummary& model = inputs.model;
  std::vector<Set> sets;
  if (inputs.guidance.int8_layers.empty()) {
    sets = segments_of(model);
  } else if (Set harmed = most_harmed(inputs.guidance); harmed.levels.size() > 1) {
    sets.push_back(std::move(harmed));
  }
  std::vector<std::string> outputs = model.output_layers;
  std::erase_if(outputs, [&](const std::string& layer) { return never_int8(model, layer); });
  if (!outputs.empty() && outputs.size() < model.layers.size()) {
    sets.push_back(all_or_none(std::string(kOutputs), std::move(outputs)));
  }
  std::vector<std::string> depthwise;
  for (const Layer& layer : model.layers) {
    if (is_depthwise(layer) && !never_int8(model, layer.name)) depthwise.push_back(layer.name);
  }
  if (!inputs.precision.depthwise_in_fp32 && !depthwise.empty()) {
    sets.push_back(all_or_none("depthwise", std::move(depthwise)));
  }
  return sets;
}

std::vector<Decision> sets_to_decide(const std::vector<Set>& sets) {
  std::vector<Decision> decisions;
  decisions.reserve(sets.size());
  for (const Set& set : sets) {
    decisions.push_back({.family = family::kKeptLayers,
                         .name = set.name,
                         .choices = static_cast<int>(set.levels.size()),
                         .ordered = true,
                         .values = set.levels});
  }
  return decisions;
}

// Where a layer stands in a set.
struct Place {
  std::size_t decision = 0;  // of this lever
  int level = 0;             // how many layers of the set come before it
};

struct KeepableLayer {
  std::string name;
  std::vector<Place> places;
  bool always = false;      // kept by every int8 plan
  bool never_int8 = false;  // whatever a plan says: it cannot be lowered
};

class KeptLayers final : public Lever {
 public:
  KeptLayers(const SpaceInputs& inputs, std::size_t first, std::size_t int8, std::vector<Set> sets)
      : Lever(first, sets_to_decide(sets)), int8_(int8), sets_(std::move(sets)) {
    for (const Layer& layer : inputs.model.layers) add(layer, inputs);
    for (const Set& set : sets_) indices_.push_back(indices_of(set));
  }

  bool speaks(const Genome& genome) const override { return genome[int8_] == 1; }

  // Sets may overlap: of the choices that keep the same layers, the first set's smallest stand for
  // all.  With every layer kept that could be int8, it is no int8 plan.
  void settle(Genome& genome) const override {
    if (!speaks(genome)) return;
    const std::vector<bool> kept = kept_by(genome);
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      genome[first() + i] = largest_within(i, kept);
    }
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      int& choice = genome[first() + i];
      while (choice > 0) {
        --choice;
        if (kept_by(genome) == kept) continue;
        ++choice;
        break;
      }
    }
    bool any_int8 = false;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      any_int8 = any_int8 || (!kept[i] && !layers_[i].never_int8);
    }
    if (!any_int8) genome[int8_] = 0;
  }

  void write(const Genome& genome, Plan& plan) const override {
    for (const KeepableLayer& layer : layers_) {
      if (is_kept(layer, genome)) plan.layers[layer.name].int8 = false;
    }
  }

  void read(const Plan& plan, Genome& genome) const override {
    if (!plan.quantization) return;
    std::vector<bool> kept;
    for (const KeepableLayer& layer : layers_) {
      const auto directive = plan.layers.find(layer.name);
      kept.push_back(directive != plan.layers.end() && !directive->second.int8);
    }
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      genome[first() + i] = largest_within(i, kept);
    }
  }

  void set_layers(const Genome& genome, std::span<LayerSetting> layers) const override {
    if (!speaks(genome)) return;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      layers[i].int8 = !layers_[i].never_int8 && !is_kept(layers_[i], genome);
    }
  }

  // Of two choices all or nothing, most often the outputs and seldom others; of many, any.
  void draw(Genome& genome, Random& random, double) const override {
    for (std::size_t i = 0; i < decisions().size(); ++i) {
      const Decision& d = decisions()[i];
      if (d.choices > 2) {
        genome[first() + i] = random.below(d.choices);
      } else {
        genome[first() + i] = random.chance(d.name == kOutputs ? 0.7 : 0.2) ? 1 : 0;
      }
    }
  }

  double weight(const Genome& genome) const override {
    return speaks(genome) && !decisions().empty() ? kKeptLayersWeight : 0;
  }

  void change(Genome& genome, Random& random) const override {
    const auto at = static_cast<std::size_t>(random.below(static_cast<int>(decisions().size())));
    genome[first() + at] = another(decisions()[at], genome[first() + at], random);
  }

  // With the layers kept that int8 harms most, and those that make the outputs.
  void begin(Genome& genome) const override {
    for (std::size_t i = 0; i < decisions().size(); ++i) {
      const Decision& d = decisions()[i];
      if (i == 0) genome[first()] = std::min(kBegun, d.choices - 1);
      if (d.name == kOutputs) genome[first() + i] = 1;
    }
  }

 private:
  void add(const Layer& layer, const SpaceInputs& inputs) {
    KeepableLayer& made = layers_.emplace_back();
    made.name = layer.name;
    made.never_int8 = never_int8(inputs.model, layer.name);
    made.always = inputs.precision.depthwise_in_fp32 && is_depthwise(layer) && !made.never_int8;
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      const auto at = std::ranges::find(sets_[i].layers, layer.name);
      if (at == sets_[i].layers.end()) continue;
      made.places.push_back({i, static_cast<int>(at - sets_[i].layers.begin())});
    }
  }

  // Up to the first that the model does not have.
  std::vector<std::size_t> indices_of(const Set& set) const {
    std::vector<std::size_t> indices;
    for (const std::string& name : set.layers) {
      const auto at = std::ranges::find(layers_, name, &KeepableLayer::name);
      if (at == layers_.end()) break;
      indices.push_back(static_cast<std::size_t>(at - layers_.begin()));
    }
    return indices;
  }

  bool is_kept(const KeepableLayer& layer, const Genome& genome) const {
    return layer.always || std::ranges::any_of(layer.places, [&](const Place& place) {
             const auto choice = static_cast<std::size_t>(genome[first() + place.decision]);
             return sets_[place.decision].levels[choice] > place.level;
           });
  }

  std::vector<bool> kept_by(const Genome& genome) const {
    std::vector<bool> kept;
    kept.reserve(layers_.size());
    for (const KeepableLayer& layer : layers_) kept.push_back(is_kept(layer, genome));
    return kept;
  }

  // The choice that keeps the most layers of those that all of `kept` holds.
  int largest_within(std::size_t set, const std::vector<bool>& kept) const {
    const auto out = std::ranges::find_if(indices_[set], [&](std::size_t i) { return !kept[i]; });
    const auto above = std::ranges::upper_bound(sets_[set].levels, out - indices_[set].begin());
    return static_cast<int>(above - sets_[set].levels.begin()) - 1;
  }

  std::size_t int8_;  // the decision whether a plan is int8
  std::vector<Set> sets_;
  std::vector<KeepableLayer> layers_;              // of the model
  std::vector<std::vector<std::size_t>> indices_;  // of each set's layers among them
};

}  // namespace

LeverPointer kept_layers_lever(const SpaceInputs& inputs, std::size_t first, std::size_t int8) {
  return std::make_shared<KeptLayers>(inputs, first, int8, sets_for(inputs));
}

std::string words_of_kept_layers(const Plan& plan, const ModelSummary& model) {
  const std::size_t kept = plan.quantization ? float_layers(plan).size() : 0;
  if (kept == 0) return "";
  return std::to_string(kept) + " of " + std::to_string(model.layers.size()) + " layers in " +
         std::string(name_of(plan.floats));
}

}  // namespace pare::search
