// A model opened for compression: imported, its head recognised and cut off (where it has one that
// we know; otherwise the head is "raw" and its tail is kept as it is), its body simplified and
// observed, its channel groups found.  Where every task on a model begins.
//
// Cost: one compilation and run of the whole model and one of the body (1 to 4 s).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/model_summary.h"
#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/heads/head.h"
#include "engine/pipeline/edge_types.h"
#include "engine/pipeline/verify_written.h"
#include "engine/prune/groups.h"

namespace pare::engine {

struct Detector {
  ModelCard card;                  // complete
  CardOrigins origins;             // where what the card says comes from
  std::vector<std::string> notes;  // what was assumed, one sentence each
  bool was_int8 = false;           // the file is quantized, the body is not
  EdgeTypes edges;                 // body and head are float32, the file may be otherwise
  FileInterface file;              // at the card's size
  std::vector<ModelOutput> outputs = {};
  HeadMatch head;
  Graph body;            // BatchNorm folded, constants folded, no decode tail
  Observation observed;  // of the body at the card's size
  Groups groups;
};

// Fails as import does, with kUnsupported if the file is int8 in a way that is
// not known (dequantize.h), if the head is not the one
// that the card names or nothing that the model answers could be compared, with kInvalidArgument if
// the card contradicts the file.
Result<Detector> open_detector(std::span<const std::byte> onnx, const PartialCard& card);

// What the model offers to a search, nothing of it tried (try_out.h).  `onnx` is the file that
// `detector` was opened from.  Fails with kUnsupported where there is nothing to make smaller.
Result<ModelSummary> summarize(const Detector& detector, std::span<const std::byte> onnx);

// True for what a summary lists as a layer: convolutions and matrix products.
bool is_layer(const Node& node);

// Multiply-accumulates and parameters of the convolutions and matrix products of a graph.
struct Cost {
  std::int64_t macs = 0;
  std::int64_t parameters = 0;
};
Result<Cost> cost_of(const Graph& graph, const Observation& observed);

}  // namespace pare::engine
