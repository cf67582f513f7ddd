// Detectors to train from scratch: a backbone, a neck and a head of the tables, put together.
//
// The build finds the parts: backbones/, necks/ and heads/ hold one file each.  What comes out is
// the form that is trained: batch normalisation stands apart, a RepVGG block has its branches, a
// share of a weighted sum is computed from what is learned.  deployed() in engine/passes makes of
// it what is shipped.  Input BGR 0..255.
//
// Pure functions, any thread.  Cost: drawing the weights (0.1 to 0.5 s for the largest).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/model_summary.h"
#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/heads/head.h"
#include "engine/zoo/neck.h"
#include "engine/zoo/rows.h"

namespace pare::engine {

struct ZooDetector {
  Graph graph;
  std::vector<HeadLevel> levels;  // what a loss reads: raw outputs of the last convolutions
  std::string head = "yolox";     // as in engine/heads
};

struct ZooHeadDef {
  std::string_view name;  // as in engine/heads
  std::string_view description;
  int finest;  // stride that it wants of a neck
  // Fails with kInvalidArgument, naming the strides, if these are not maps that it reads.
  Result<ZooDetector> (*build)(GraphBuilder net, const Maps& maps, int classes,
                               Activation activation);
};

// Each sorted by name.
std::span<const BackboneDef> all_backbones();
std::span<const NeckDef> all_necks();
std::span<const ZooHeadDef> all_zoo_heads();

struct ZooRequest {
  std::string backbone;
  std::string neck = "fpn";
  std::string head = "yolox";
  int classes = 80;
  int size = 320;
  int neck_channels = 64;
  std::uint64_t seed = 1;
};

// Fails with kInvalidArgument, naming what is wrong and what there is: a part that is not there, a
// neck that has no map for this head, a size that is no multiple of 32 or not in 64..1280, a number
// of classes not in 1..1000, of channels not in 8..512.
Result<ZooDetector> make_zoo_detector(const ZooRequest& request);

// What images are made of for a detector of the zoo, whatever its head.
Preprocessing zoo_preprocessing();

}  // namespace pare::engine
