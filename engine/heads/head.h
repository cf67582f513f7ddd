// Heads: how a detector's raw outputs become boxes.  One file a head; the build makes the table.
//
// Two uses.  Compression: find_head() recognises the decode tail from the structure of the graph
// (never from names), cut() leaves the body, whose outputs are the raw convolutions of every
// stride, and attach() gives a body, pruned, quantized or resized, a decode tail again, so that the
// candidate has the outputs that the original had.  Scoring: decode() turns the outputs of a whole
// detector, the original or a candidate, into boxes.
//
// Pure functions, any thread.  Cost: linear in the nodes; decode() is linear in the output.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/model_summary.h"
#include "core/result.h"
#include "engine/detect/detection.h"
#include "engine/graph/graph.h"

namespace pare::engine {

// One feature map that boxes are predicted on.
struct HeadLevel {
  int stride = 0;
  // Raw outputs of its last convolutions.  yolov5: {prediction}; yolox: {box, objectness, classes}.
  std::vector<std::string> tensors;
  // Width and height in pixels of the input; empty for a head without anchors.
  std::vector<std::array<double, 2>> anchors = {};
};

struct HeadMatch {
  std::string head;
  int classes = 0;
  std::vector<HeadLevel> levels;  // in the order of the output's rows
  std::string output;             // the detector's one output, (1, rows, 5 + classes)
};

// Input sizes must be multiples of this.
int largest_stride(const HeadMatch& match);

struct HeadDef {
  std::string_view name;
  Preprocessing preset;  // what detectors with this head are fed with

  // `observed` is that of `graph`.  Fails with kUnsupported and the first reason why not.
  Result<HeadMatch> (*recognise)(const Graph& graph, const Observation& observed);

  // Adds the tail to a body and makes it the graph's only output.  The size is that of the body's
  // input.  Fails with kInvalidArgument if it is no multiple of the largest stride, or if a tensor
  // of a level does not exist.
  Result<Graph> (*attach)(Graph body, const HeadMatch& match);

  // Boxes in pixels of the network's input, scores above the threshold, one detection for each
  // class of a row that has one; NMS comes later.  Fails with kInvalidArgument, with the shape
  // seen, if these are not outputs of this head for an input of this size.
  Result<std::vector<Detection>> (*decode)(std::span<const Tensor> outputs, int height, int width,
                                           double score_threshold);
};

// Sorted by name.
std::span<const HeadDef> all_heads();

// Fails with kInvalidArgument, listing the heads there are.
Result<HeadDef> head_named(std::string_view name);

// The head called `named`; with an empty name the first one that recognises the graph.  Fails with
// kInvalidArgument on an unknown name, with kUnsupported and the reasons otherwise.
Result<HeadMatch> find_head(const Graph& graph, const Observation& observed,
                            std::string_view named = "");

// The graph without its tail: outputs are the levels' tensors in their order, with the shapes
// observed; nodes and constants that only the tail needed are gone.
// REQUIRES: `match` was found in `graph`.
Graph cut(const Graph& graph, const Observation& observed, const HeadMatch& match);

}  // namespace pare::engine
