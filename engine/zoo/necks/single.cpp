// One map of stride 16: the coarsest features with a wide context, made twice as large, beside
// those of stride 16.  The context is YOLOF's dilated encoder, two of its blocks.
//
// Source: Chen et al. 2021, You Only Look One-level Feature, section 4.2.
#include "engine/zoo/neck.h"

namespace pare::engine {
namespace {

constexpr int kStride = 16;

std::string dilated_block(GraphBuilder& net, const std::string& name, const std::string& x,
                          int dilation, Activation activation) {
  const int channels = net.channels_of(x);
  std::string y =
      net.conv_bn(name + ".reduce", x, {.channels = channels / 2, .activation = activation});
  y = net.conv_bn(name + ".dilated", y,
                  {.channels = channels / 2,
                   .kernel = 3,
                   .activation = activation,
                   .depthwise = true,
                   .dilation = dilation});
  y = net.conv_bn(name + ".expand", y, {.channels = channels, .scale = 0});
  return net.add(name + ".add", x, y);
}

Maps build(GraphBuilder& net, const Maps& features, const NeckOptions& options) {
  const auto lateral = [&](const std::string& name, int stride) {
    return net.conv_bn(name, features.at(stride),
                       {.channels = options.channels, .activation = options.activation});
  };
  std::string context = lateral("neck.context.lateral", 2 * kStride);
  for (const int dilation : {2, 4}) {
    const std::string name = "neck.context.dilated" + std::to_string(dilation);
    context = dilated_block(net, name, context, dilation, options.activation);
  }
  const std::string both =
      net.concat("neck.join", {lateral("neck.lateral", kStride), net.upsample("neck.up", context)});
  return {{kStride, separable(net, "neck.smooth", both, options.channels, 1, options.activation,
                              options.activation)}};
}

}  // namespace

NeckDef neck_single() {
  return {"single", "one map of stride 16, with dilated context of stride 32", build};
}

}  // namespace pare::engine
