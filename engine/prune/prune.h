// Takes channels out of a graph.
//
// The selection says which units go; everything that holds them follows: rows and columns of
// convolutions, biases, BatchNormalization vectors, per-channel constants, shapes, starts and sizes
// of Reshape, Slice and Split.  A channel shuffle stays one where what is left is even, and becomes
// Gathers where not.  Names of nodes and tensors stay, so that statistics of the original apply.
//
// Exact: the pruned graph computes what the original does whose consumers have zero weights for the
// removed channels (mute() makes that graph).
//
// Cost: one copy of the weights that change.  Pure functions, any thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/graph/op_def.h"
#include "engine/prune/groups.h"

namespace pare::engine {

// Positions in Group::units, most important first, by the group's name.
using UnitOrders = std::map<std::string, std::vector<int>>;

// Which units go: selection[symbol] is true for those.  Made by select_units().
using RemovedUnits = std::vector<bool>;

// The first widths[name] units of a group's order stay; a group not named keeps all.
// Fails with kInvalidArgument, naming the group and the value, for an unknown group, a width below
// 1 or above the group's, one that would empty a tensor, and an order that is missing or is no
// permutation of the group's units.
Result<RemovedUnits> select_units(const Groups& groups, const std::map<std::string, int>& widths,
                                  const UnitOrders& orders);

struct PrunedGraph {
  Graph graph;
  // Tensors with fewer channels than before: the original numbers of those kept.
  std::map<std::string, std::vector<int>> kept;
};

// `groups` is find_groups(graph, observed, ops).  Fails with kUnsupported, naming the tensor, if
// nothing would be left of one.
Result<PrunedGraph> prune(const Graph& graph, const Observation& observed,
                          std::span<const OpDef> ops, const Groups& groups,
                          const RemovedUnits& removed);

// The graph unchanged but for the weights that read removed channels, which become zero; where
// channels are multiplied by each other, what goes is multiplied by zero before.
// REQUIRES: those weights are constants of the graph (fold_constants()).
Graph mute(const Graph& graph, const Observation& observed, const Groups& groups,
           const RemovedUnits& removed);

}  // namespace pare::engine
