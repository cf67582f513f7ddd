// A model's own bytes on OpenVINO: not a graph that came through our importer.  What a rewritten
// graph is compared with.
//
// Cost: reading, compiling and running the model once.  One thread at a time.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

using NamedTensors = std::map<std::string, Tensor>;

// The file's outputs for each input, and those of `wanted` that OpenVINO has under that name.
// `graph` is the file as imported: it says what the input is called and how large it is where the
// file leaves that open.  Fails with kUnsupported, and OpenVINO's reason, if it cannot run the file
// or takes an operator of an old opset for what it became later.
Result<std::vector<NamedTensors>> run_file(std::span<const std::byte> onnx, const Graph& graph,
                                           const std::vector<Tensor>& inputs,
                                           const std::vector<std::string>& wanted = {});

}  // namespace pare::engine
