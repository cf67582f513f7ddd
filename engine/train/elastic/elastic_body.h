// What a super-network is made from: a detector's body and what `prepare` knows of it.
#pragma once

#include <span>

#include "engine/graph/graph.h"
#include "engine/graph/op_def.h"
#include "engine/heads/head.h"
#include "engine/prune/prune.h"
#include "engine/prune/statistics.h"

namespace pare::engine {

// Owned by whoever opened the detector, for longer than anything that is made from it.
struct ElasticBody {
  const Graph& graph;
  const Observation& observed;
  const Groups& groups;
  const HeadMatch& head;
  const Statistics& statistics;
  std::span<const OpDef> ops;
};

}  // namespace pare::engine
