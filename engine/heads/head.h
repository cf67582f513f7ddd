// Heads: how a detector's raw outputs become boxes.  One file a head; the build makes the table.
//
// Two uses.  Compression: find_head() recognises the decode tail from the structure of the graph
// (never from names), cut() leaves the body, whose outputs are the raw convolutions of every
// stride, and attach() gives a body, pruned, quantized or resized, a decode tail again, so that the
// candidate has the outputs that the original had.  Scoring: decode() turns the outputs of a whole
// detector, the original or a candidate, into boxes.
//
// A detector whose tail nobody here knows has the raw head: its tail is whatever follows its last
// convolutions, kept as it is and attached again node by node, so its input keeps its size and its
// outputs are never read as boxes.
//
// Pure functions, any thread.  Cost: linear in the nodes; decode() is linear in the output.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/head_description.h"
#include "core/label_source.h"
#include "core/model_summary.h"
#include "core/result.h"
#include "engine/detect/detection.h"
#include "engine/graph/graph.h"
#include "engine/heads/roles.h"

namespace pare::engine {

// Of a described head: the channels of a level's map that one part's columns are made from.
struct RawPart {
  std::size_t tensor = 0;  // position in HeadLevel::tensors
  int first = 0;           // channel of the first anchor
  int pitch = 0;           // from an anchor's to the next one's; of the last map's channels
  double weight = 1;       // of a raw number before its function, and behind it
  double scale = 1;
};

// One feature map that boxes are predicted on.
struct HeadLevel {
  int stride = 0;
  // Raw outputs of its last convolutions.  yolov5: {prediction}; yolox: {box, objectness, classes};
  // nanodet: {both}, or {scores, distances}; fastestdet: {objectness, box, classes}; yolov8,
  // yolov10: {distances, classes}, or {both}; ssd: {scores, boxes}; of a head with map_outputs each
  // map of that stride.
  std::vector<std::string> tensors;
  // Width and height in pixels of the input; empty for a head without anchors.
  std::vector<std::array<double, 2>> anchors = {};
  // Of a described head: as HeadForm::parts, those of other strides empty; behind them the
  // objectness of joint sigmoids.
  std::vector<RawPart> parts = {};
};

enum class MapLayout : std::uint8_t {
  kRows,          // (1, cells * anchors, columns): by cell, row-major, then by anchor
  kColumnsFirst,  // (1, columns, cells)
  kMap,           // (1, columns, ny, nx)
  kAnchorMaps,    // (1, anchors, ny, nx, columns)
};

// An output that comes from one raw map.
struct MapOutput {
  std::string name;
  std::string map = {};
  int stride = 0;
  int first_channel = 0;  // of the map
  int columns = 0;        // of one anchor
  int anchors = 1;
  bool sigmoid = false;
  double weight = 1;  // that the map is multiplied with, before the sigmoid
  MapLayout layout = MapLayout::kRows;
  bool batch = true;  // the first dimension of 1 is there
};

// How boxes are told from priors: of a cell's centre and an anchor, both moved a little.
struct PriorForm {
  double centre_variance = 0.1;  // of a prior's size, for a raw number of 1
  double size_variance = 0.2;    // of its logarithm
  bool normalised = true;        // boxes in shares of the input's sides, otherwise in pixels
  bool by_map = false;  // cells share the input out evenly, where it is no multiple of the stride
};

// The nodes of a tail as they were.
struct KeptTail {
  std::vector<Node> nodes;
  std::map<std::string, Tensor> constants;  // under names of their own
  std::vector<TensorInfo> outputs;          // of no shape where it varies
  std::vector<TensorInfo> reads = {};       // of a head it stands behind, as they were
};

struct HeadMatch {
  std::string head;
  int classes = 0;                          // 0 where the outputs are not understood
  std::vector<HeadLevel> levels = {};       // in the order of the output's rows, or finest first
  std::vector<std::string> outputs = {};    // the detector's, in its order
  int bins = 0;                             // of the distribution of one distance
  double reach = 1;                         // of a centre predicted with anchors, in cells
  bool anchors_last = false;                // rows of a level: by cell, then by anchor
  bool columns_first = false;               // an output of rows is (1, columns, rows)
  bool batch = true;                        // an output of rows has a first dimension of 1
  std::vector<MapOutput> map_outputs = {};  // of a head whose outputs come from one map each
  PriorForm priors = {};                    // ssd
  bool scores_first = true;                 // ssd: scores, then boxes
  int coarsest = 0;                         // stride of the coarsest map anywhere in the detector
  KeptTail tail = {};                       // raw only
  // Of a head that is described: by the card, or by who found it.  Complete, in the order of
  // `outputs`.
  std::optional<HeadDescription> description = {};
  // What the model hands out beside or made from this head's outputs, such as NMS; no outputs: they
  // are the model's own.
  KeptTail behind = {};
};

// Input sizes must be multiples of this; 0: there is no size but the detector's own.
int largest_stride(const HeadMatch& match);

// The head kRawHead, of a detector that no other fits.  Never found: asked for.
HeadMatch raw_head(const Graph& graph, const Observation& observed);

// Boxes of a detector's outputs (HeadDef::decode).
using HeadDecoder = std::function<Result<std::vector<Detection>>(
    std::span<const Tensor> outputs, int height, int width, double score_threshold)>;

struct HeadDef {
  std::string name;
  Preprocessing preset;  // what detectors with this head are fed with

  // `observed` is that of `graph`.  Fails with kUnsupported and the first reason why not.
  std::function<Result<HeadMatch>(const Graph& graph, const Observation& observed)> recognise;

  // Adds the tail to a body and makes the detector's outputs the graph's only ones, in their order.
  // The size is that of the body's input.  Fails with kInvalidArgument if it is no multiple of the
  // largest stride, or if a tensor of a level does not exist.
  std::function<Result<Graph>(Graph body, const HeadMatch& match)> attach;

  // Boxes in pixels of the network's input, scores above the threshold, one detection for each
  // class of a row that has one; NMS comes later.  Fails with kInvalidArgument, with the shapes
  // seen, if these are not outputs of this head for an input of this size.
  HeadDecoder decode;

  // How many classes the outputs tell apart.  REQUIRES: decode() takes them.
  std::function<int(std::span<const Tensor> outputs)> classes;

  // Every channel of a level's tensors.  REQUIRES: `level` is one of the match's.
  std::function<std::vector<ChannelRange>(const HeadMatch& match, const HeadLevel& level)> roles;
};

// Sorted by name.
std::span<const HeadDef> all_heads();

// Fails with kInvalidArgument, listing the heads there are.
Result<HeadDef> head_named(std::string_view name);

// The head of a card or a match: one of all_heads(), or, with a description, one that reads boxes
// by it.  Fails as head_named().
Result<HeadDef> head_for(std::string_view name, const std::optional<HeadDescription>& description);

// A head as a card describes it, the description completed: outputs by name, anchors where boxes
// are decoded.  An output may be any tensor of the model; what stands behind them is kept
// (HeadMatch::behind).  Fails with kInvalidArgument, naming the field and its value, where it does
// not fit the graph or contradicts itself.
Result<HeadMatch> find_described_head(const Graph& graph, const Observation& observed,
                                      std::string_view name, const HeadDescription& description);

// The head called `named` ("raw" included); with an empty name the first one that recognises the
// graph.  Fails with kInvalidArgument on an unknown name, with kUnsupported and the reasons
// otherwise.
Result<HeadMatch> find_head(const Graph& graph, const Observation& observed,
                            std::string_view named = "");

// The same for a model that goes on behind its head, with NMS, the best rows, or labels of their
// own: the head whose outputs are `tensors`, or, where there are none, the last tensor that is
// one's output.  What stands behind it is kept (HeadMatch::behind), and reads nothing else of the
// model. Fails with kInvalidArgument for a tensor that is not there, otherwise as find_head().
// Cost: a look at each head for every tensor behind the last convolution.
Result<HeadMatch> find_head_within(const Graph& graph, const Observation& observed,
                                   std::string_view named = "",
                                   const std::vector<std::string>& tensors = {});

// The graph without its tail: outputs are the levels' tensors in their order, with the shapes
// observed; nodes and constants that only the tail needed are gone.
// REQUIRES: `match` was found in `graph`.
Graph cut(const Graph& graph, const Observation& observed, const HeadMatch& match);

// HeadDef::roles of the head that was matched; none where the outputs are not understood.
std::vector<ChannelRange> roles_of(const HeadMatch& match, const HeadLevel& level);

// HeadDef::attach of the head that was matched, and what stood behind it; or the tail that a raw
// head kept.
Result<Graph> attach_head(Graph body, const HeadMatch& match);

}  // namespace pare::engine
