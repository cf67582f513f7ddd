// SSD's tail: found in a graph, and attached.  Private to engine/heads.
#pragma once

#include "core/result.h"
#include "engine/heads/head.h"

namespace pare::engine {

Result<HeadMatch> recognise_ssd(const Graph& graph, const Observation& observed);
Result<Graph> attach_ssd(Graph body, const HeadMatch& match);

}  // namespace pare::engine
