// The element types at the edges of a detector's file, and where its image has its channels. Inside
// everything is float32, and channels are second; a candidate takes and gives what the original
// does, by a Cast and a Transpose at its edge.
//
// float16 and float64 numbers become float32: weights are widened exactly, and what a float16
// network rounded on its way it no longer rounds.  An integer image (uint8 pixels, say) is fed as
// float32 that holds the same integers.
//
// Pure functions, any thread.  Cost: linear, and one inference of types by libonnx where anything
// is not float32.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/model_summary.h"
#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

struct EdgeTypes {
  std::map<std::string, DType> inputs;   // of the file, where they are not float32
  std::map<std::string, DType> outputs;  // float16 and float64
  bool channels_last = false;            // the image is (1, height, width, 3)
  bool narrow = false;                   // some numbers of the network are float16
  friend bool operator==(const EdgeTypes&, const EdgeTypes&) = default;
};

struct FloatNetwork {
  Graph graph;
  EdgeTypes edges;
  std::vector<std::string> notes;
};

// The same network in float32.  Fails with kUnsupported where it cannot be: an image of booleans,
// float16 numbers beside subgraphs.
Result<FloatNetwork> in_float32(Graph graph);

// The same with an image of 1x3xHxW, where it was 1xHxWx3.  Fails with kUnsupported where a
// subgraph reads it.
Result<FloatNetwork> with_channels_second(FloatNetwork network);

// The network as the file has it at its edges.  REQUIRES: the edges are those of this network, or
// of one that it was made from, and no subgraph reads an output.
Graph with_edge_types(Graph graph, const EdgeTypes& edges);

// How images are prepared for an input of integers where nobody says: pixels as they are (uint8 and
// wider), or less 128 (int8).
Preprocessing for_integers(Preprocessing preset, DType input);

// Fails with kInvalidArgument if some pixel would not become an integer of the input's type.
Result<std::monostate> check_pixels_fit(const Preprocessing& how, const TensorInfo& input);

}  // namespace pare::engine
