// Gates that are trained to close: which units a network misses least if many go at once.
//
// head_loss is made smaller by Adam under  sum over units of cost_u gate_u <= 1 - line,  where the
// line goes from 0 to `closed`: after each step the gates are projected onto that set, so all of
// them come nearer to 0 in proportion to their costs, and those come back that the loss asks for.
// Weights stay as they are.  A unit costs what its consumers and producers would do less without
// it, all together 1.
//
// Cost: a teacher's forward pass, and a forward and a backward pass of the gated network, an image
// of a batch and step.  Not thread-safe.
// Sources: network slimming (Liu et al., ICCV 2017), on gates behind frozen weights; Duchi et al.
// (ICML 2008) for projecting onto an L1 ball, whose radius is known here and a penalty is not.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/train/elastic/elastic_body.h"

namespace pare::engine {

struct GateOptions {
  std::int64_t steps = 200;
  double rate = 0.02;   // Adam's
  double closed = 0.3;  // share of the cost that has gone at the end
};

struct GateProgress {
  std::int64_t step = 0;
  double loss = 0;    // the head's
  double closed = 0;  // share of the cost
};

// By group, the size of each unit's gate.  `batch`: the inputs of a step.  Fails as
// UnitGates::make(), GraphModule::make() and forward(); with kUnsupported where the head is not
// known, and with kInvalidArgument where a loss is not finite.
Result<std::map<std::string, std::vector<double>>> learned_gates(
    const ElasticBody& body, const std::function<torch::Tensor(std::int64_t step)>& batch,
    const GateOptions& options, const std::function<void(const GateProgress&)>& report);

}  // namespace pare::engine
