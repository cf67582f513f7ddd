// A non-maximum suppression at the end of a model that is a plug-in of TensorRT's: nothing else
// runs it, so the model ends before it, with the boxes and scores that it reads.
#pragma once

#include <string>
#include <vector>

#include "engine/graph/graph.h"

namespace pare::engine {

// The graph as it is, where it has none; otherwise without it and what follows it, and a note.
Graph without_plugin_nms(Graph graph, std::vector<std::string>& notes);

}  // namespace pare::engine
