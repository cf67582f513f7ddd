// Sources: Lin et al. 2017 (FPN), figure 3; Liu et al. 2018 (PANet), section 3.1; Tan et al. 2020
// (EfficientDet), section 3.2, fast normalised fusion and separable convolutions.
#include "engine/zoo/neck.h"

#include <algorithm>

namespace pare::engine {
namespace {

std::string fused(GraphBuilder& net, const std::string& name, const std::string& a,
                  const std::string& b, Fusion fusion) {
  return fusion == Fusion::kSum ? net.add(name, a, b) : net.weighted_sum(name, {a, b});
}

std::string smoothed(GraphBuilder& net, const std::string& name, const std::string& x,
                     const NeckOptions& options) {
  return separable(net, name, x, options.channels, 1, options.activation, options.activation);
}

}  // namespace

std::string separable(GraphBuilder& net, const std::string& name, const std::string& x,
                      int channels, int stride, Activation last, Activation middle) {
  const std::string y = net.conv_bn(name + ".depthwise", x,
                                    {.channels = net.channels_of(x),
                                     .kernel = 3,
                                     .stride = stride,
                                     .activation = middle,
                                     .depthwise = true});
  return net.conv_bn(name + ".pointwise", y, {.channels = channels, .activation = last});
}

Maps top_down(GraphBuilder& net, const Maps& features, const NeckOptions& options, Fusion fusion) {
  Maps made;
  std::string above;
  for (auto at = features.rbegin(); at != features.rend() && at->first >= options.finest; ++at) {
    const auto& [stride, feature] = *at;
    const std::string name = "neck.down" + std::to_string(stride);
    // Without an activation, so that a share of it can go into its rows.
    const std::string lateral = name + ".lateral", join = name + ".join";
    std::string x = net.conv_bn(lateral, feature, {.channels = options.channels});
    if (above.empty()) {
      x = net.activate(lateral, x, options.activation);
    } else {
      const std::string larger = net.upsample(name + ".up", above);
      x = fused(net, join, x, larger, fusion);
    }
    made[stride] = above = smoothed(net, name + ".smooth", x, options);
  }
  return made;
}

Maps bottom_up(GraphBuilder& net, const Maps& maps, const NeckOptions& options, Fusion fusion) {
  Maps made;
  std::string below;
  for (const auto& [stride, map] : maps) {
    const std::string name = "neck.up" + std::to_string(stride);
    std::string x = map;
    if (!below.empty()) {
      const std::string smaller = separable(net, name + ".shrink", below, options.channels, 2,
                                            Activation::kNone, options.activation);
      x = smoothed(net, name + ".smooth", fused(net, name + ".join", map, smaller, fusion),
                   options);
    }
    made[stride] = below = x;
  }
  return made;
}

}  // namespace pare::engine
