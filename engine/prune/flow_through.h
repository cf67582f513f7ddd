// The channels of every tensor of a graph: each node's flow, in the order in which they run.
//
// Cost: linear in the tables of channels.  One thread.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/graph/op_def.h"
#include "engine/prune/channel_classes.h"

namespace pare::engine {

struct Flowed {
  std::map<std::string, Layout> layouts;  // of every tensor that a node computes from the image
  std::vector<std::vector<Cut>> cuts;     // of each node
  std::vector<std::vector<Contraction>> contractions;
};

// Channels of graph outputs, and those that meet an operator that is not understood, are frozen.
// Fails with kInvalidArgument, naming the tensor, if a shape was not observed.
Result<Flowed> flow_through(const Graph& graph, const Observation& observed,
                            std::span<const OpDef> ops, ChannelClasses& classes);

// "Conv /model.0/Conv", as reasons name it.
std::string titled(const Node& node);

}  // namespace pare::engine
