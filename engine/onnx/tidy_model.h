// What the importer does to a model's messages before it reads them: names that are no text are
// replaced, what the file says of itself is taken out.  Private to engine/onnx.
//
// A name here is text if it is UTF-8 without control characters: it goes into plans, JSON, a
// database and onto terminals.
#pragma once

#include <onnx/onnx_pb.h>

#include <set>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

using Notes = std::vector<std::string>;

// Gives nodes and inner tensors whose names are no text others, subgraphs included, and says so.
// Fails with kUnsupported for the name of an input or output: whoever uses the model knows it.
Result<std::monostate> tidy_names(onnx::ModelProto& model, Notes& notes);

// What is no text is left out, and said.
Provenance read_provenance(const onnx::ModelProto& model, Notes& notes);

void write_provenance(const Provenance& about, onnx::ModelProto& model);

// Says what a graph has no place for: constants that nothing reads, texts on nodes, training.
void note_what_is_dropped(const onnx::ModelProto& model, const Graph& graph, Notes& notes);

// `"a", "b" and 3 more`.
std::string some_of(const std::vector<std::string>& names);

}  // namespace pare::engine
