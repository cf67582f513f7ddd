// How wide every group should be so that a network saves so many multiply-accumulates at the least
// expected damage.
//
// Greedy: from full width, always the narrowing that costs the least damage for each MAC saved,
// over all groups and all narrower widths of each (so that a cheap second block behind a dear first
// one is found).  Widths are those that the search may choose; a share of every group stays.
// Damages of groups are summed, as if they were independent: they are not, which is why an
// allocation is an expectation.
//
// Cost: some thousand narrowings, milliseconds.  Pure functions, any thread.
// Source: the greedy knapsack on each group's convex hull; our own trials on YOLOX-nano.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/guidance.h"
#include "core/result.h"
#include "engine/prune/importance.h"
#include "engine/prune/prune.h"

namespace pare::engine {

// MACs of a network for any widths, exact: what a convolution costs is in proportion to the rows
// and columns that are left of its weights.
class WidthCosts {
 public:
  // Fails as facts_of() does.
  // REQUIRES: `orders` has a permutation of every group's units.
  static Result<WidthCosts> make(const Graph& graph, const Observation& observed,
                                 std::span<const OpDef> ops, const Groups& groups,
                                 const UnitOrders& orders);

  // A group that is not named keeps all.
  // REQUIRES: widths are in range.
  std::int64_t macs(const std::map<std::string, int>& widths) const;

 private:
  friend class Allocator;
  // A dimension of a layer's weights: left[g][w] of its slices are of group g at width w.
  struct Dimension {
    std::int64_t fixed = 0;
    std::map<std::size_t, std::vector<std::int64_t>> left;
  };
  struct LayerCost {
    std::int64_t macs = 0;  // at full width
    std::int64_t size = 1;  // product of the dimensions at full width
    std::vector<Dimension> dimensions;
  };
  std::int64_t layer_macs(const LayerCost& layer, const std::vector<int>& widths) const;

  std::vector<std::string> names_;
  std::vector<int> full_;
  std::vector<LayerCost> layers_;
  std::vector<std::vector<std::size_t>> layers_of_;  // by group: those that it touches
};

struct AllocationOptions {
  int step = 8;              // widths are its multiples
  double keep_share = 0.25;  // of every group's units, at least
};

// One for each of `savings` (shares of the network's MACs, ascending) that can be reached; each
// saves at least as much.
std::vector<Allocation> allocate(const Groups& groups, const WidthCosts& costs,
                                 const Ranking& ranking, std::span<const double> savings,
                                 const AllocationOptions& options = {});

// What each width of each group costs and saves alone, for groups that have a narrower width.
std::vector<GroupSensitivity> sensitivities(const Groups& groups, const WidthCosts& costs,
                                            const Ranking& ranking, int step = 8);

}  // namespace pare::engine
