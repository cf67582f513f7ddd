// The order of a group's units by ThiNet's greedy rule: what goes next is the unit whose removal,
// together with all that went before, changes the consumers' outputs the least, nothing repaired.
//
// For a consumer with weights W and Gram G, the squared error without the columns B is
// tr(W_B G_BB W_B'), so one matrix over pairs of units holds all that is needed.  Consumers count
// relative to their outputs' variance.
//
// Cost: d^2 x outputs for each consumer, units^2 for the greedy part.  Pure, any thread.
// Source: ThiNet (Luo, Wu and Lin, ICCV 2017), on the Gram instead of samples.
#pragma once

#include <vector>

#include "core/result.h"
#include "engine/prune/groups.h"
#include "engine/prune/statistics.h"

namespace pare::engine {

// Positions in Group::units, most important first.  Fails with kInvalidArgument, naming the
// consumer, if its Gram is missing or of another size.
// REQUIRES: the group has a consumer.
Result<std::vector<int>> thinet_order(const Graph& graph, const Groups& groups, const Group& group,
                                      const Statistics& statistics);

}  // namespace pare::engine
