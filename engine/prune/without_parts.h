// A network without some of its blocks and of the taps of its kernels: what stands before the
// choice of channels, and all that comes after takes it as if the network had come so.
//
// Cost: a factorisation for each reader of a block and each smaller kernel, and a copy of the
// statistics.  Pure, any thread.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/graph/op_def.h"
#include "engine/prune/groups.h"
#include "engine/prune/kernel_taps.h"
#include "engine/prune/layer_map.h"
#include "engine/prune/statistics.h"

namespace pare::engine {

struct PartsToGo {
  std::set<std::string> blocks;
  KernelSizes kernels;
  bool empty() const { return blocks.empty() && kernels.empty(); }
};

struct WithoutParts {
  Graph graph;
  Observation observed;
  Groups groups;
  Statistics statistics;
  // Tensors that hold other channels than before: what they hold now, one behind the other.
  std::map<std::string, std::vector<std::string>> joined;
  LayerMaps maps;  // where they are wanted
};

enum class Maps : bool { kNone, kMade };

// Fails with kInvalidArgument, naming it, for a block, layer or kernel that is not there, or that
// the statistics know nothing of.
Result<WithoutParts> without_parts(const Graph& graph, const Observation& observed,
                                   const Groups& groups, const Statistics& statistics,
                                   std::span<const OpDef> ops, const PartsToGo& parts,
                                   Maps maps = Maps::kNone);

}  // namespace pare::engine
