// ONNX files in and out of the graph IR.
//
// Import takes any bytes: what is not one whole, sound model of one image is an Error that names
// what is wrong and where, never a crash.  Constant nodes and initializers become constants,
// weights listed as graph inputs stop being inputs, a node without a name, or with one that is no
// text, gets one (its type and a number), nodes are put into an order that runs, the batch becomes
// 1, inputs that say the image's size or scale become constants of their names. Initializers keep
// the type they have. Subgraphs (If, Loop) are carried as bytes; names they capture count as uses.
// Metadata, descriptions and producer are kept (Graph::about); what is changed or left out is said
// in notes.
//
// Export is deterministic: equal graphs give equal bytes.  import(export(g)) == g for every graph
// that was imported.
//
// Cost: linear in the file; the weights are copied once.  Pure functions, any thread.
// Source: ONNX IR specification (onnx/docs/IR.md); messages are libonnx's onnx.proto.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

struct ImportOptions {
  // Height and width given to an input that leaves them open; fixed sizes are not changed by it.
  std::optional<std::pair<int, int>> input_size;
};

struct ImportedModel {
  Graph graph;
  std::vector<std::string> notes;  // what was changed or left out, one sentence each
};

Result<ImportedModel> read_onnx(std::span<const std::byte> bytes,
                                const ImportOptions& options = {});

// The graph alone.
Result<Graph> import_onnx(std::span<const std::byte> bytes, const ImportOptions& options = {});

// What the file says of itself; fails only where the bytes are no ONNX model, or cannot be read.
Result<Provenance> provenance_of(std::span<const std::byte> bytes);
Result<Provenance> provenance_of_file(const std::filesystem::path& path);

// Fails with kNotFound if the file cannot be read, otherwise as import_onnx(), the path in front.
Result<Graph> import_onnx_file(const std::filesystem::path& path,
                               const ImportOptions& options = {});

// REQUIRES: verify(graph) holds, and the file stays below 2 GiB (protobuf's limit).
std::string export_onnx(const Graph& graph);

}  // namespace pare::engine
