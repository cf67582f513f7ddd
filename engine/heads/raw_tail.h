// Puts the tail that raw_head() kept back on a body.  Private to engine/heads.
#pragma once

#include "core/result.h"
#include "engine/heads/head.h"

namespace pare::engine {

// Fails with kInvalidArgument if a tensor that the tail reads is not there.
Result<Graph> attach_kept(Graph body, const KeptTail& tail);

}  // namespace pare::engine
