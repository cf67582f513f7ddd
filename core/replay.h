// Whether a plan that was found on one model can be replayed on another: the same detector with
// retrained weights, most of the time.
//
// A plan names groups and layers and says widths, nothing else of the model it was made for; so
// the original, where it is at hand, tells more.  Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/model_summary.h"
#include "core/plan.h"

namespace pare {

// One sentence each.
struct ReplayReport {
  std::vector<std::string> obstacles;  // the plan cannot be replayed
  std::vector<std::string> warnings;   // it can, and means something else than it did
};

// Obstacles: a group, layer or block that the plan names and the model has not, a kernel that the
// layer or a width that the group
// that the group cannot have, an input size that is no multiple of the stride.  Warnings: a group
// that is as wide as the plan wants it; and against `original`: another head, another number of
// layers, layers and groups that came or went, groups of another number of channels; and weights of
// a super-network, which nothing but its own model has.
ReplayReport check_replay(const Plan& plan, const ModelSummary& model,
                          const std::optional<ModelSummary>& original);

}  // namespace pare
