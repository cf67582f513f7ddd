// Times of a runtime's own layers, told as times of the candidate's: those of its summary, its
// convolutions for the most part.
//
// A runtime fuses, splits and renames layers, and puts reorders between them.  Its names begin with
// that of a node or of a tensor of the file; what it made of a node without weights counts for the
// layer whose outputs that works on, what is named after nothing for what ran before it.  So all of
// the time is some layer's, which is what goes where the layer gets narrower.  Pure.
#pragma once

#include <map>
#include <span>
#include <string>

#include "engine/graph/graph.h"
#include "engine/harness/harness.h"

namespace pare::engine {

// Milliseconds by the layer's name; empty where the graph has none, or nothing was timed.  `times`
// are in the order in which they ran.
std::map<std::string, double> times_of_layers(const Graph& candidate,
                                              std::span<const LayerTime> times);

}  // namespace pare::engine
