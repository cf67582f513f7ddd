// Leaves blocks out of a network and folds the best linear guess of what they made into the
// convolutions that read it.
//
// A reader with weights W (bias as the last column) that read x and now reads x':
//   W' = (W E[x x''] + lambda W) (E[x' x''] + lambda I)^-1      ('' : transposed)
// with both moments in one Gram of x and x' side by side, gathered in the pass over the calibration
// images.  A block that is linear in what is read instead loses nothing.
//
// Cost: a Gram of twice the size for each block and reader; a factorisation each when left out.
// Pure functions, any thread.
// Source: least squares on block outputs as in Practise (Wang et al., CVPR 2023), folded.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/prune/reconstruct.h"
#include "engine/prune/skip_blocks.h"
#include "engine/prune/statistics.h"

namespace pare::engine {

// What has to be gathered for these stages: the graph with what readers would read instead beside
// what they read, and the moments of the two.
struct SkipProbe {
  Graph graph;
  std::vector<JointInput> joint;
};
// Fails as facts_of() does.
Result<SkipProbe> skip_probe(const Graph& graph, const Observation& observed,
                             const std::vector<SkipStage>& stages);

// The network without the blocks: all that is known of it, as if it had come so.  Groups have to
// be found anew.
struct SkippedBody {
  Graph graph;
  Observation observed;
  Statistics statistics;
  // Tensors that hold other channels than before: what they hold now, one behind the other.
  std::map<std::string, std::vector<std::string>> joined;
};
// Fails with kInvalidArgument, naming the block, if the statistics know nothing of it.
// REQUIRES: a level for each stage, in range.
Result<SkippedBody> skip_blocks(const Graph& graph, const Observation& observed,
                                const Statistics& statistics, const std::vector<SkipStage>& stages,
                                const SkipLevels& levels, const ReconstructOptions& options = {});

}  // namespace pare::engine
