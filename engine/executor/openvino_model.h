// What the two users of OpenVINO here share: a graph read in with chosen tensors as its results.
//
// Private to engine/executor: it includes OpenVINO.
#pragma once

#include <memory>
#include <openvino/openvino.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

// The graph as OpenVINO understands it, uncompiled.  Its results are exactly the tensors of
// `exposed`, in that order; a tensor that OpenVINO merged with another answers to both names.
// REQUIRES: every name is made by a node of the graph.
Result<std::shared_ptr<ov::Model>> read_openvino_model(const Graph& graph,
                                                       const std::vector<std::string>& exposed);

// True for a graph of an old opset in which OpenVINO takes an operator for what it became later;
// read_openvino_model() gives it an upgraded one then.
bool openvino_misreads(const Graph& graph);

// OpenVINO's exception as our error: names the node that the message speaks of, where it names one
// or an operator type that only OpenVINO lacks.
Error openvino_error(const Graph& graph, std::string_view what);

std::optional<DType> dtype_from_openvino(const ov::element::Type& type);
ov::element::Type dtype_to_openvino(DType dtype);

}  // namespace pare::engine
