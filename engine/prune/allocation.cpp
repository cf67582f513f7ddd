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
    LayerCost layer{op->macs(facts.value().view(node, graph.opset)), 1, {}};
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
      for (const auto& [group, left] : dimension.left) {
        auto& touched = costs.layers_of_[group];
        if (touched.empty() || touched.back() != costs.layers_.size()) {
          touched.push_back(costs.layers_.size());
        }
      }
      layer.size *= std::ssize(cut.symbols);
      layer.dimensions.push_back(std::move(dimension));
    }
    costs.layers_.push_back(std::move(layer));
  }
  return costs;
}

std::int64_t WidthCosts::layer_macs(const LayerCost& layer, const std::vector<int>& widths) const {
  std::int64_t left = 1;
  for (const Dimension& dimension : layer.dimensions) {
    std::int64_t slices = dimension.fixed;
    for (const auto& [group, by_width] : dimension.left) {
      slices += by_width[static_cast<std::size_t>(widths[group])];
    }
    left *= slices;
  }
  return layer.macs / layer.size * left;
}

std::int64_t WidthCosts::macs(const std::map<std::string, int>& widths) const {
  std::vector<int> all = full_;
  for (std::size_t g = 0; g < all.size(); ++g) {
    if (const auto width = widths.find(names_[g]); width != widths.end()) all[g] = width->second;
  }
  std::int64_t total = 0;
  for (const LayerCost& layer : layers_) total += layer_macs(layer, all);
  return total;
}

// One descent from full width.
class Allocator {
 public:
  Allocator(const Groups& groups, const WidthCosts& costs, const Ranking& ranking,
            const AllocationOptions& options)
      : groups_(groups), costs_(costs), widths_(costs.full_) {
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
    full_macs_ = macs_ = costs.macs({});
  }

  std::vector<Allocation> run(std::span<const double> savings) {
    std::vector<Allocation> allocations;
    auto target = savings.begin();
    while (target != savings.end()) {
      const Step step = cheapest();
      if (step.saved == 0) break;  // nothing is left to narrow
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
  struct Step {
    std::size_t group = 0;
    int width = 0;
    std::int64_t saved = 0;
    double damage = 0;  // more than now
  };

  Step step_to(std::size_t group, int width) {
    const int now = widths_[group];
    Step step{group, width, 0, damage_at(group, width) - damage_at(group, now)};
    for (const std::size_t layer : costs_.layers_of_[group]) {
      step.saved += costs_.layer_macs(costs_.layers_[layer], widths_);
    }
    widths_[group] = width;
    for (const std::size_t layer : costs_.layers_of_[group]) {
      step.saved -= costs_.layer_macs(costs_.layers_[layer], widths_);
    }
    widths_[group] = now;
    return step;
  }

  Step cheapest() {
    Step best;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t g = 0; g < widths_.size(); ++g) {
      for (const int width : choices_[g]) {
        if (width >= widths_[g]) break;
        const Step step = step_to(g, width);
        const double slope = step.damage / static_cast<double>(step.saved);
        if (step.saved > 0 && slope < least) {
          least = slope;
          best = step;
        }
      }
    }
    return best;
  }

  // The same group, no narrower than the goal needs.
  Step just_enough(const Step& step, std::int64_t goal) {
    for (auto width = choices_[step.group].rbegin(); *width > step.width; ++width) {
      if (*width >= widths_[step.group]) continue;
      const Step smaller = step_to(step.group, *width);
      if (macs_ - smaller.saved <= goal) return smaller;
    }
    return step;
  }

  Allocation with(const Step& step) const {
    Allocation allocation;
    allocation.damage = total_ + step.damage;
    allocation.macs_saved =
        static_cast<double>(full_macs_ - macs_ + step.saved) / static_cast<double>(full_macs_);
    for (std::size_t g = 0; g < widths_.size(); ++g) {
      const int width = g == step.group ? step.width : widths_[g];
      if (width < costs_.full_[g]) allocation.widths[groups_.groups[g].name] = width;
    }
    return allocation;
  }

  void take(const Step& step) {
    widths_[step.group] = step.width;
    macs_ -= step.saved;
    total_ += step.damage;
  }

  double damage_at(std::size_t group, int width) const {
    return (*damage_[group])[static_cast<std::size_t>(width)];
  }

  const Groups& groups_;
  const WidthCosts& costs_;
  std::vector<int> widths_;
  std::vector<std::vector<int>> choices_;           // of each group, ascending
  std::vector<const std::vector<double>*> damage_;  // of each group
  std::int64_t full_macs_ = 0, macs_ = 0;
  double total_ = 0;
};

std::vector<Allocation> allocate(const Groups& groups, const WidthCosts& costs,
                                 const Ranking& ranking, std::span<const double> savings,
                                 const AllocationOptions& options) {
  return Allocator(groups, costs, ranking, options).run(savings);
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
