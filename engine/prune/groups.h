// What of a network's channels can go, derived from its graph: the channel groups.
//
// A unit is a class of united symbols: channels, here and there, that can only go together.  Units
// made by the same convolutions, and read alike where that cannot be refitted, form a group; a plan
// chooses how many units of a group stay.
// Channels that reach an output of the graph, or an operator that is not understood, are frozen.
// Data movements that spread channels over several dimensions (a channel shuffle between its two
// Reshapes) are proved to be a selection of channels, element by element; where the proof fails
// (the heads of attention), channels go together along all of these dimensions but the longest.
//
// Cost: near linear in the symbols (10 to 50 ms for a detector's body).  Pure, any thread.
// Source: DepGraph (Fang et al., CVPR 2023) for grouping; exact index tables are ours.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/model_summary.h"
#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/graph/op_def.h"

namespace pare::engine {

// REQUIRES of all members: names and indices are those of the graph that was analysed.
struct Group {
  std::string name;                    // of the first convolution that makes it; "name#2" if taken
  std::vector<Symbol> units;           // in the order of that convolution's outputs
  std::vector<std::size_t> producers;  // nodes whose weights make these channels
  std::vector<std::size_t> carriers;   // depthwise convolutions on the way
  std::vector<std::size_t> consumers;  // nodes whose weights read them and can be refitted
  std::vector<std::size_t> readers;    // nodes that read them, by weights or not, as they are
  // Sets of units (positions in `units`) of which one must stay, or some tensor would be empty.
  std::vector<std::vector<int>> covers;
};

// Nodes between one sliceable tensor and others that all hold a selection of its channels.
struct Shuffle {
  std::vector<std::size_t> nodes;
  std::string source;
  int axis = 0;
  struct Exit {
    std::string tensor;
    std::vector<std::int64_t> channels;  // of the source, along `axis`
  };
  std::vector<Exit> exits;
};

struct Frozen {
  std::size_t node = 0;  // a convolution
  int channels = 0;
  std::string reason;
};

struct Groups {
  std::vector<Group> groups;              // in the order in which they are made
  std::vector<Frozen> frozen;             // in the order of the nodes
  std::map<std::string, Layout> layouts;  // symbols are units' or kFixed; tensors not fixed only
  std::vector<std::vector<Cut>> cuts;     // of each node; symbols as in `layouts`
  std::vector<std::vector<Contraction>> contractions;  // the same
  std::vector<Shuffle> shuffles;
};

// `ops` is sorted by type (all_ops()).  Fails with kInvalidArgument if a shape was not observed.
Result<Groups> find_groups(const Graph& graph, const Observation& observed,
                           std::span<const OpDef> ops);

// As the search sees them.  Widths: the multiples of `step` below the full one, and the full one.
// A group without a narrower width is listed as frozen.  REQUIRES: step > 0.
struct GroupSummary {
  std::vector<ChannelGroup> groups;
  std::vector<FrozenChannels> frozen;
};
GroupSummary summarize(const Groups& groups, const Graph& graph, int step = 8);

}  // namespace pare::engine
