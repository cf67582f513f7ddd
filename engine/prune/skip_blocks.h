// What of a network's depth can go: blocks whose output is read by convolutions alone, so that the
// best linear guess of it from an earlier tensor can be folded into them (skip_fit.h), and nothing
// is left of the block at run time.
//
// A stage is one such output with the blocks that lead to it, the last one first: a plan leaves out
// the first k.  Blocks are residual branches (y + f(y), one behind the other), else bottlenecks
// without a shortcut: layers up to a spatial one, then the pointwise one before it.  Between the
// output and the convolutions there may be concatenations, upsampling and movements of data.
// Stages are disjoint: any of them can go with any other, each fitted on its own.
//
// Cost: linear in nodes times depth of a block; offered_stages() as find_groups() for each block.
// Pure functions, any thread.
// Source: the elastic depth of once-for-all (Cai et al. 2020); regions from dominators as in NNCF's
// search for blocks; which can be folded is ours.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/graph/op_def.h"
#include "engine/prune/groups.h"

namespace pare::engine {

struct SkipBlock {
  std::string name;   // of its first layer
  std::string input;  // what is read instead of the stage's output when this one goes, too
};

// REQUIRES of all members: names and indices are those of the graph that was analysed.
struct SkipStage {
  std::string output;
  std::vector<SkipBlock> blocks;     // in the order in which they go
  std::vector<std::size_t> moves;    // nodes between the output and its readers, ascending
  std::vector<std::size_t> readers;  // convolutions, ascending
  bool rigid = false;                // the number of channels must not change on the way
};

// In the order of their outputs.
std::vector<SkipStage> find_stages(const Graph& graph, const Observation& observed,
                                   std::span<const OpDef> ops);

// Those whose every network is smaller by at least a thousandth of the MACs and has the groups
// that the original has, but for those that went.  Fails as find_groups() does.
Result<std::vector<SkipStage>> offered_stages(const Graph& graph, const Observation& observed,
                                              std::span<const OpDef> ops, const Groups& groups);

// How many blocks of each stage go.
using SkipLevels = std::vector<int>;

// Fails with kInvalidArgument, naming the block, for one that is not there, and for one whose
// stage keeps a block behind it.
Result<SkipLevels> skip_levels(const std::vector<SkipStage>& stages,
                               const std::set<std::string>& names);

// What a stage's readers read once `level` of its blocks went: the nodes between, over.
struct Detour {
  std::vector<Node> moves;              // in the order of SkipStage::moves
  std::map<std::string, Shape> shapes;  // of what they make
};
// REQUIRES: level is in [1, number of blocks].
Detour detour_of(const Graph& graph, const Observation& observed, const SkipStage& stage,
                 int level);

// The graph without those blocks, its readers' weights as they are: where the number of channels
// changes it does not run until they are replaced.  The observation follows.
struct Shortened {
  Graph graph;
  Observation observed;
};
// REQUIRES: a level for each stage, in range.
Shortened without_blocks(const Graph& graph, const Observation& observed,
                         const std::vector<SkipStage>& stages, const SkipLevels& levels);

}  // namespace pare::engine
