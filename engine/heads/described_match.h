// Described heads: found in a graph, attached, read.  Private to engine/heads.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/head_description.h"
#include "core/result.h"
#include "engine/heads/head.h"

namespace pare::engine {

// A head whose outputs the description names in the graph's order.  What it leaves open is found in
// the graph: strides (none) of outputs that hold the rows of all; bins (0), anchors and reach where
// boxes are decoded.  REQUIRES: check_description() passes but for what is open.
Result<HeadMatch> recognise_described(const std::string& head, const HeadDescription& description,
                                      const Graph& graph, const Observation& observed);

// The strides of a description that has outputs of rows and leaves them open, in the rows' order.
Result<std::vector<int>> open_strides(HeadDescription description, int classes, const Graph& graph,
                                      const Observation& observed);

// The bins of boxes that are decoded from distances, where the description leaves them open.
int open_bins(HeadDescription description, int classes, const Graph& graph,
              const Observation& observed);

// The others of a HeadDef, of a complete description.
Result<Graph> attach_described(Graph body, const HeadMatch& match);
std::vector<ChannelRange> roles_of_described(const HeadMatch& match, const HeadLevel& level);
Result<std::vector<Detection>> decode_described(const HeadDescription& description,
                                                std::span<const Tensor> outputs, int height,
                                                int width, double score_threshold);

}  // namespace pare::engine
