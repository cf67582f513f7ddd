// A network as a picture that people read: Graphviz's language, `dot` makes a file of it.
//
// Drawn are the layers and whatever joins or changes what flows: a node with inputs from several
// places, or with another shape than its input.  Activations and the like are part of the node that
// they follow.  A layer's colour is what narrowing its channels to three quarters is expected to
// cost, green to red, where that is known; without it, its share of the MACs.  Grey: its channels
// cannot go (why is its tooltip).  The head is one node.
//
// Linear in the network.  Pure.
#pragma once

#include <optional>
#include <string>

#include "core/guidance.h"
#include "core/model_summary.h"
#include "engine/pipeline/detector.h"

namespace pare::engine {

// `summary` is the detector's; `guidance` what preparing found of it.
std::string draw_network(const Detector& detector, const ModelSummary& summary,
                         const std::optional<Guidance>& guidance);

}  // namespace pare::engine
