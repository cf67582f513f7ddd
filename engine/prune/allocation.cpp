#include "engine/prune/allocation.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/prune/layer_inputs.h"

namespace pare::engine {
namespace {

bool has_weights(const Node& node) {
  return node.domain.empty() && (node.op == "Conv" || node.op == "ConvTranspose" ||
                                 node.op == "Gemm" || node.op == "MatMul");
}

// Which group every unit is of, and at which place of its order.
struct Place {
  std::size_t group = 0;
  std::size_t rank = 0;
};

std::map<Symbol, Place> places_of(const Groups& groups, const UnitOrders& orders) {
  std::map<Symbol, Place> places;
  for (std::size_t g = 0; g < groups.groups.size(); ++g) {
    const Group& group = groups.groups[g];
    const std::vector<int>& order = orders.at(group.name);
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
      places[group.units[static_cast<std::size_t>(order[rank])]] = {g, rank};
    }
  }
  return places;
}

}  // namespace

Result<WidthCosts> WidthCosts::make(const Graph& graph, const Observation& observed,
                                    std::span<const OpDef> ops, const Groups& groups,
                                    const UnitOrders& orders) {
  WidthCosts costs;
  for (const Group& group : groups.groups) {
    costs.names_.push_back(group.name);
    costs.full_.push_back(static_cast<int>(group.units.size()));
  }
  costs.layers_of_.resize(groups.groups.size());
  const std::map<Symbol, Place> places = places_of(groups, orders);
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    const OpDef* const op = find_op(ops, node.op);
    if (!has_weights(node) || op == nullptr) continue;
    const Result<NodeFacts> facts = facts_of(node, graph, observed);
    if (!facts) return facts.error();
    Size size{op->macs(facts.value().view(node, graph.opset)), 1, {}};
    for (const Cut& cut : groups.cuts[n]) {
      if (cut.input != static_cast<int>(kWeightInput)) continue;
      Dimension dimension;
      for (const Symbol symbol : cut.symbols) {
        const auto place = places.find(symbol);
        if (place == places.end()) {
          ++dimension.fixed;
          continue;
        }
        const auto [group, rank] = place->second;
        auto& left = dimension.left[group];
        left.resize(groups.groups[group].units.size() + 1, 0);
        for (std::size_t width = rank + 1; width < left.size(); ++width) ++left[width];
      }
      size.size *= std::ssize(cut.symbols);
      size.dimensions.push_back(std::move(dimension));
    }
    costs.touch(costs.layers_.size(), size);
    costs.layers_.push_back({node.name, std::move(size), {}, {}});
  }
  return costs;
}

void WidthCosts::touch(std::size_t layer, const Size& size) {
  for (const Dimension& dimension : size.dimensions) {
    for (const auto& [group, left] : dimension.left) {
      auto& touched = layers_of_[group];
      if (std::ranges::find(touched, layer) == touched.end()) touched.push_back(layer);
    }
  }
}

void WidthCosts::add_stage(const std::vector<WidthCosts>& levels) {
  Stage stage;
  for (const WidthCosts& level : levels) {
    std::vector<std::size_t> own(level.names_.size());  // of its groups
    for (std::size_t g = 0; g < own.size(); ++g) {
      own[g] =
          static_cast<std::size_t>(std::ranges::find(names_, level.names_[g]) - names_.begin());
    }
    std::vector<std::size_t>& gone = stage.groups_gone.emplace_back();
    for (std::size_t g = 0; g < names_.size(); ++g) {
      if (std::ranges::find(own, g) == own.end()) gone.push_back(g);
    }
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      Variant variant{stages_.size(), static_cast<int>(stage.groups_gone.size()), {}};
      const auto same = std::ranges::find(level.layers_, layers_[l].name, &LayerCost::name);
      if (same != level.layers_.end()) {
        variant.size = {same->own.macs, same->own.size, {}};
        for (const Dimension& dimension : same->own.dimensions) {
          Dimension& here = variant.size.dimensions.emplace_back();
          here.fixed = dimension.fixed;
          for (const auto& [group, left] : dimension.left) here.left[own[group]] = left;
        }
        if (variant.size == layers_[l].own) continue;
      }
      touch(l, variant.size);
      layers_[l].variants.push_back(std::move(variant));
      if (stage.layers.empty() || stage.layers.back() != l) stage.layers.push_back(l);
    }
  }
  std::ranges::sort(stage.layers);
  stage.layers.erase(std::unique(stage.layers.begin(), stage.layers.end()), stage.layers.end());
  stages_.push_back(std::move(stage));
}

void WidthCosts::add_kernel(const std::string& layer, int side) {
  const auto at = std::ranges::find(layers_, layer, &LayerCost::name);
  PARE_CHECK(at != layers_.end(), "a kernel of no layer");
  at->kernel = kernels_.size();
  kernels_.push_back({static_cast<std::size_t>(at - layers_.begin()), side});
}

WidthCosts::Choice WidthCosts::whole() const {
  Choice choice{full_, std::vector<int>(stages_.size(), 0), {}};
  for (const Kernel& kernel : kernels_) choice.sides.push_back(kernel.side);
  return choice;
}

std::int64_t WidthCosts::layer_macs(const LayerCost& layer, const Choice& choice) const {
  const Size* size = &layer.own;
  for (const Variant& variant : layer.variants) {
    if (choice.skipped[variant.stage] != variant.level) continue;
    if (variant.size.macs == 0) return 0;
    size = &variant.size;
  }
  std::int64_t left = 1;
  for (const Dimension& dimension : size->dimensions) {
    std::int64_t slices = dimension.fixed;
    for (const auto& [group, by_width] : dimension.left) {
      slices += by_width[static_cast<std::size_t>(choice.widths[group])];
    }
    left *= slices;
  }
  const std::int64_t macs = size->macs / size->size * left;
  if (!layer.kernel) return macs;
  const std::int64_t side = kernels_[*layer.kernel].side, now = choice.sides[*layer.kernel];
  return macs / (side * side) * now * now;
}

std::int64_t WidthCosts::macs_of(const Choice& choice) const {
  std::int64_t total = 0;
  for (const LayerCost& layer : layers_) total += layer_macs(layer, choice);
  return total;
}

std::int64_t WidthCosts::macs(const std::map<std::string, int>& widths) const {
  Choice choice = whole();
  for (std::size_t g = 0; g < names_.size(); ++g) {
    if (const auto width = widths.find(names_[g]); width != widths.end()) {
      choice.widths[g] = width->second;
    }
  }
  return macs_of(choice);
}

// One descent from the whole network.
class Allocator {
 public:
  Allocator(const Groups& groups, const WidthCosts& costs, const Ranking& ranking,
            const AllocationOptions& options, const PartChoices& parts)
      : groups_(groups), costs_(costs), parts_(parts), now_(costs.whole()) {
    PARE_CHECK(parts.blocks.size() == costs.stages_.size(), "a damage for each stage");
    PARE_CHECK(parts.kernels.size() == costs.kernels_.size(), "a damage for each kernel");
    for (const Group& group : groups.groups) {
      const int full = static_cast<int>(group.units.size());
      const int least = std::max({1, static_cast<int>(std::ceil(options.keep_share * full)),
                                  static_cast<int>(group.covers.size())});
      choices_.emplace_back();
      for (int width = options.step; width < full; width += options.step) {
        if (width >= least) choices_.back().push_back(width);
      }
      damage_.push_back(&ranking.damage.at(group.name));
    }
    full_macs_ = macs_ = costs.macs_of(now_);
    total_ = damage_of(now_);
  }

  std::vector<Allocation> run(std::span<const double> savings) {
    std::vector<Allocation> allocations;
    auto target = savings.begin();
    while (target != savings.end()) {
      const Step step = cheapest();
      if (step.saved == 0) break;  // nothing is left to take
      const auto goal = [&] {
        return full_macs_ -
               static_cast<std::int64_t>(std::ceil(*target * static_cast<double>(full_macs_)));
      };
      for (; target != savings.end() && macs_ - step.saved <= goal(); ++target) {
        allocations.push_back(with(just_enough(step, goal())));
      }
      take(step);
    }
    return allocations;
  }

 private:
  enum class Kind : std::uint8_t { kWidth, kBlocks, kKernel };
  struct Step {
    Kind kind = Kind::kWidth;
    std::size_t index = 0;
    int value = 0;  // width, blocks or side
    std::int64_t saved = 0;
    double damage = 0;  // more than now
  };

  int& value_of(WidthCosts::Choice& choice, Kind kind, std::size_t index) const {
    if (kind == Kind::kWidth) return choice.widths[index];
    return kind == Kind::kBlocks ? choice.skipped[index] : choice.sides[index];
  }

  std::span<const std::size_t> touched_by(Kind kind, std::size_t index) const {
    if (kind == Kind::kWidth) return costs_.layers_of_[index];
    if (kind == Kind::kBlocks) return costs_.stages_[index].layers;
    return {&costs_.kernels_[index].layer, 1};
  }

  Step step_to(Kind kind, std::size_t index, int value) {
    int& place = value_of(now_, kind, index);
    const int before = place;
    Step step{kind, index, value, 0, -total_};
    for (const std::size_t layer : touched_by(kind, index)) {
      step.saved += costs_.layer_macs(costs_.layers_[layer], now_);
    }
    place = value;
    for (const std::size_t layer : touched_by(kind, index)) {
      step.saved -= costs_.layer_macs(costs_.layers_[layer], now_);
    }
    step.damage += damage_of(now_);
    place = before;
    return step;
  }

  // Of all that is chosen; what went with a block does no damage of its own.
  double damage_of(const WidthCosts::Choice& choice) const {
    double total = 0;
    for (std::size_t g = 0; g < choice.widths.size(); ++g) {
      if (choice.widths[g] < costs_.full_[g] && !is_gone(g, choice)) {
        total += (*damage_[g])[static_cast<std::size_t>(choice.widths[g])];
      }
    }
    for (std::size_t s = 0; s < choice.skipped.size(); ++s) {
      if (choice.skipped[s] > 0) {
        total += parts_.blocks[s].damage[static_cast<std::size_t>(choice.skipped[s]) - 1];
      }
    }
    for (std::size_t k = 0; k < choice.sides.size(); ++k) {
      const std::vector<int>& sizes = parts_.kernels[k].sizes;
      const auto at = std::ranges::find(sizes, choice.sides[k]);
      if (at == sizes.end() || costs_.layer_macs(layer_of(k), choice) == 0) continue;
      total += parts_.kernels[k].damage[static_cast<std::size_t>(at - sizes.begin())];
    }
    return total;
  }

  const WidthCosts::LayerCost& layer_of(std::size_t kernel) const {
    return costs_.layers_[costs_.kernels_[kernel].layer];
  }

  bool is_gone(std::size_t group, const WidthCosts::Choice& choice) const {
    for (std::size_t s = 0; s < choice.skipped.size(); ++s) {
      if (choice.skipped[s] == 0) continue;
      const auto& gone =
          costs_.stages_[s].groups_gone[static_cast<std::size_t>(choice.skipped[s]) - 1];
      if (std::ranges::find(gone, group) != gone.end()) return true;
    }
    return false;
  }

  Step cheapest() {
    Step best;
    double least = std::numeric_limits<double>::infinity();
    const auto consider = [&](Kind kind, std::size_t index, int value) {
      const Step step = step_to(kind, index, value);
      const double slope = step.damage / static_cast<double>(step.saved);
      if (step.saved > 0 && slope < least) {
        least = slope;
        best = step;
      }
    };
    for (std::size_t g = 0; g < now_.widths.size(); ++g) {
      for (const int width : choices_[g]) {
        if (width >= now_.widths[g]) break;
        consider(Kind::kWidth, g, width);
      }
    }
    for (std::size_t s = 0; s < now_.skipped.size(); ++s) {
      const int all = static_cast<int>(parts_.blocks[s].blocks.size());
      for (int level = now_.skipped[s] + 1; level <= all; ++level) {
        consider(Kind::kBlocks, s, level);
      }
    }
    for (std::size_t k = 0; k < now_.sides.size(); ++k) {
      for (const int side : parts_.kernels[k].sizes) {
        if (side < now_.sides[k]) consider(Kind::kKernel, k, side);
      }
    }
    return best;
  }

  // The same group, no narrower than the goal needs.
  Step just_enough(const Step& step, std::int64_t goal) {
    if (step.kind != Kind::kWidth) return step;
    for (auto width = choices_[step.index].rbegin(); *width > step.value; ++width) {
      if (*width >= now_.widths[step.index]) continue;
      const Step smaller = step_to(Kind::kWidth, step.index, *width);
      if (macs_ - smaller.saved <= goal) return smaller;
    }
    return step;
  }

  Allocation with(const Step& step) const {
    WidthCosts::Choice choice = now_;
    value_of(choice, step.kind, step.index) = step.value;
    Allocation allocation;
    allocation.damage = total_ + step.damage;
    allocation.macs_saved =
        static_cast<double>(full_macs_ - macs_ + step.saved) / static_cast<double>(full_macs_);
    for (std::size_t g = 0; g < choice.widths.size(); ++g) {
      if (choice.widths[g] < costs_.full_[g] && !is_gone(g, choice)) {
        allocation.widths[groups_.groups[g].name] = choice.widths[g];
      }
    }
    for (std::size_t s = 0; s < choice.skipped.size(); ++s) {
      const auto first = parts_.blocks[s].blocks.begin();
      allocation.skip.insert(first, first + choice.skipped[s]);
    }
    for (std::size_t k = 0; k < choice.sides.size(); ++k) {
      if (choice.sides[k] == costs_.kernels_[k].side) continue;
      if (costs_.layer_macs(layer_of(k), choice) == 0) continue;
      allocation.kernels[parts_.kernels[k].layer] = choice.sides[k];
    }
    return allocation;
  }

  void take(const Step& step) {
    value_of(now_, step.kind, step.index) = step.value;
    macs_ -= step.saved;
    total_ += step.damage;
  }

  const Groups& groups_;
  const WidthCosts& costs_;
  const PartChoices& parts_;
  WidthCosts::Choice now_;
  std::vector<std::vector<int>> choices_;           // of each group, ascending
  std::vector<const std::vector<double>*> damage_;  // of each group
  std::int64_t full_macs_ = 0, macs_ = 0;
  double total_ = 0;
};

std::vector<Allocation> allocate(const Groups& groups, const WidthCosts& costs,
                                 const Ranking& ranking, std::span<const double> savings,
                                 const AllocationOptions& options, const PartChoices& parts) {
  return Allocator(groups, costs, ranking, options, parts).run(savings);
}

std::vector<GroupSensitivity> sensitivities(const Groups& groups, const WidthCosts& costs,
                                            const Ranking& ranking, int step) {
  std::vector<GroupSensitivity> all;
  const std::int64_t full_macs = costs.macs({});
  for (const Group& group : groups.groups) {
    GroupSensitivity sensitivity{group.name, {}, {}, {}};
    for (int width = step; width < static_cast<int>(group.units.size()); width += step) {
      if (width < static_cast<int>(group.covers.size())) continue;
      sensitivity.widths.push_back(width);
      sensitivity.damage.push_back(ranking.damage.at(group.name)[static_cast<std::size_t>(width)]);
      sensitivity.macs_saved.push_back(full_macs - costs.macs({{group.name, width}}));
    }
    if (!sensitivity.widths.empty()) all.push_back(std::move(sensitivity));
  }
  return all;
}

}  // namespace pare::engine
