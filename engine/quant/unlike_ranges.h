// Where activations of very unlike ranges would come under one scale: a Concat of boxes in pixels
// and scores in [0, 1] leaves nothing of the scores.
//
// Such a node is kept apart: it computes in fp32 and its inputs keep scales of their own.
//
// Cost: a percentile of each input of a Concat or Add.  Pure, any thread.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/quant/sources.h"

namespace pare::engine {

struct UnlikeRanges {
  std::string node;  // a Concat or an Add
  std::string op;
  double narrowest = 0;  // length of the range of an input
  double widest = 0;
};

// Nodes whose widest input covers more than 32 times the range of the narrowest: of 255 levels
// fewer than 8 are left for that one.  Inputs without statistics, and those that are constantly
// zero, do not count.  In the graph's order.
std::vector<UnlikeRanges> find_unlike_ranges(const Graph& graph,
                                             const QuantizationSources& sources);

// "Concat /m/cat joins ranges of 0.9 and 640 (711 times): it stays in fp32 ..."
std::string sentence_of(const UnlikeRanges& found);

}  // namespace pare::engine
