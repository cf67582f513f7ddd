// Finds the places where channels are spread over several dimensions, and proves what they do.
//
// A set of data movements that begins at one tensor whose channels lie along one dimension, and
// ends in such tensors, is a selection of channels if every element of what comes out is the
// element at the same place of one channel of what went in.  That is checked for every element.
//
// Cost: linear in the elements of the tensors involved.  One thread.
#pragma once

#include <span>
#include <vector>

#include "core/result.h"
#include "engine/prune/flow_through.h"
#include "engine/prune/groups.h"

namespace pare::engine {

// Where that is no selection, channels are united along all dimensions but the longest, so that
// each tensor of the set can lose slices.  Fails as facts_of() does.
Result<std::vector<Shuffle>> find_shuffles(const Graph& graph, const Observation& observed,
                                           std::span<const OpDef> ops, const Flowed& flowed,
                                           ChannelClasses& classes);

}  // namespace pare::engine
