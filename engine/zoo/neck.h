// Necks: what maps of several strides say to each other before a head reads them.  One file a neck
// in necks/, found by the build; this is what they share.
#pragma once

#include <string>
#include <string_view>

#include "engine/zoo/rows.h"

namespace pare::engine {

struct NeckOptions {
  int finest = 8;  // the finest stride that the head reads; there is a map of it
  int channels = 64;
  Activation activation = Activation::kRelu;
};

struct NeckDef {
  std::string_view name;
  std::string_view description;
  // Maps of `channels` channels, at the strides that the head may read.
  Maps (*build)(GraphBuilder& net, const Maps& features, const NeckOptions& options);
};

enum class Fusion : std::uint8_t {
  kSum,
  kWeighted,  // shares that are learned (GraphBuilder::weighted_sum)
};

// 3 x 3 for each channel, then 1 x 1 for all.
std::string separable(GraphBuilder& net, const std::string& name, const std::string& x,
                      int channels, int stride, Activation last, Activation middle);

// From the coarsest map to the finest, each joined by the one above it made twice as large.
Maps top_down(GraphBuilder& net, const Maps& features, const NeckOptions& options, Fusion fusion);

// From the finest map to the coarsest, each joined by the one below it made half as large.
Maps bottom_up(GraphBuilder& net, const Maps& maps, const NeckOptions& options, Fusion fusion);

}  // namespace pare::engine
