// How wide every group should be, which blocks stay and how large kernels are, so that a network
// saves so many multiply-accumulates at the least expected damage.
//
// Greedy: from the whole network, always the step that costs the least damage for each MAC saved,
// over all groups and all narrower widths of each (so that a cheap second block behind a dear first
// one is found), all stages and kernels.  A block that goes takes the damage of its own groups with
// it.  Widths are those that the search may choose; a share of every group stays.
// Damages of groups are summed, as if they were independent: they are not, which is why an
// allocation is an expectation.
//
// Cost: some thousand narrowings, milliseconds.  Pure functions, any thread.
// Source: the greedy knapsack on each group's convex hull; our own trials on YOLOX-nano.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/guidance.h"
#include "core/result.h"
#include "engine/prune/importance.h"
#include "engine/prune/prune.h"

namespace pare::engine {

// MACs of a network for any widths, exact: what a convolution costs is in proportion to the rows
// and columns that are left of its weights.  With stages and kernels added, also for any of those.
class WidthCosts {
 public:
  // Fails as facts_of() does.
  // REQUIRES: `orders` has a permutation of every group's units.
  static Result<WidthCosts> make(const Graph& graph, const Observation& observed,
                                 std::span<const OpDef> ops, const Groups& groups,
                                 const UnitOrders& orders);

  // One more stage; `levels`: the costs of the network without its first 1, 2, ... blocks.
  void add_stage(const std::vector<WidthCosts>& levels);
  // One more layer that may have a smaller kernel; `side`: its own.  REQUIRES: it is one of these.
  void add_kernel(const std::string& layer, int side);

  // What of the network is chosen.  Stages and kernels stand in the order in which they were added.
  struct Choice {
    std::vector<int> widths;   // of each group
    std::vector<int> skipped;  // blocks of each stage
    std::vector<int> sides;    // of each kernel
  };
  Choice whole() const;
  std::int64_t macs_of(const Choice& choice) const;
  // A group that is not named keeps all.
  // REQUIRES: widths are in range.
  std::int64_t macs(const std::map<std::string, int>& widths) const;

 private:
  friend class Allocator;
  // A dimension of a layer's weights: left[g][w] of its slices are of group g at width w.
  struct Dimension {
    std::int64_t fixed = 0;
    std::map<std::size_t, std::vector<std::int64_t>> left;
    friend bool operator==(const Dimension&, const Dimension&) = default;
  };
  struct Size {
    std::int64_t macs = 0;  // at full width; 0: it is not there
    std::int64_t size = 1;  // product of the dimensions at full width
    std::vector<Dimension> dimensions;
    friend bool operator==(const Size&, const Size&) = default;
  };
  // What a layer is when so many blocks of a stage go, if that changes it.
  struct Variant {
    std::size_t stage = 0;
    int level = 0;
    Size size;
  };
  struct LayerCost {
    std::string name;
    Size own;
    std::vector<Variant> variants;
    std::optional<std::size_t> kernel;
  };
  struct Stage {
    std::vector<std::size_t> layers;                    // that it changes
    std::vector<std::vector<std::size_t>> groups_gone;  // with the first 1, 2, ... blocks
  };
  struct Kernel {
    std::size_t layer = 0;
    int side = 0;
  };
  std::int64_t layer_macs(const LayerCost& layer, const Choice& choice) const;
  void touch(std::size_t layer, const Size& size);

  std::vector<std::string> names_;
  std::vector<int> full_;
  std::vector<LayerCost> layers_;
  std::vector<std::vector<std::size_t>> layers_of_;  // by group: those that it touches
  std::vector<Stage> stages_;
  std::vector<Kernel> kernels_;
};

struct AllocationOptions {
  int step = 8;              // widths are its multiples
  double keep_share = 0.25;  // of every group's units, at least
};

// One for each of `savings` (shares of the network's MACs, ascending) that can be reached; each
// saves at least as much.  `parts`: in the order in which `costs` got them.
std::vector<Allocation> allocate(const Groups& groups, const WidthCosts& costs,
                                 const Ranking& ranking, std::span<const double> savings,
                                 const AllocationOptions& options = {},
                                 const PartChoices& parts = {});

// What each width of each group costs and saves alone, for groups that have a narrower width.
std::vector<GroupSensitivity> sensitivities(const Groups& groups, const WidthCosts& costs,
                                            const Ranking& ranking, int step = 8);

}  // namespace pare::engine
