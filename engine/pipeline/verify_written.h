// The last look at a file before it is handed out: nobody is given an ONNX that does not load, or
// that answers something else than the detector it was made from.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

// What a file takes and gives.
struct FileInterface {
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;  // shapes are empty where they vary or are not known
};

// The edges of a file as imported; output shapes where declared and observed ones agree.
FileInterface interface_of(const Graph& graph, const Observation& observed);

// Fails with kInternal, naming what is wrong, if the file is not sound ONNX (the official checker),
// or has other inputs or outputs than `wanted` by name, order, type or shape, as it declares and as
// it computes them; as the executor does if it cannot run it.
// Cost: it is parsed, compiled and run once on zeros: 0.2 to 0.6 s for a detector.
Result<std::monostate> verify_written(std::span<const std::byte> onnx, const FileInterface& wanted);

}  // namespace pare::engine
