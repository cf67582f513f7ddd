// How heads are looked for.  Private to engine/heads.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/heads/head.h"

namespace pare::engine {

// Whether the graph is a detector with this head.
Result<HeadMatch> recognise_head(const HeadDef& head, const Graph& graph,
                                 const Observation& observed);

// `find` looks at the graph that makes these tensors and nothing else; what stands behind them is
// kept in its match.  Fails with kInvalidArgument for a tensor that is not there, with kUnsupported
// where the outputs are made from more than these.
Result<HeadMatch> match_before(const Graph& graph, const Observation& observed,
                               const std::vector<std::string>& tensors,
                               const std::function<Result<HeadMatch>(const Graph& front)>& find);

}  // namespace pare::engine
