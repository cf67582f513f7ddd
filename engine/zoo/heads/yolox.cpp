// The decoupled anchor-free head, a stem and two branches on every map, of separable convolutions
// as YOLOX-nano has them.
//
// Source: Ge et al. 2021, YOLOX, section 2.1.
#include "engine/heads/yolox.h"

#include <utility>

#include "engine/zoo/zoo.h"

namespace pare::engine {
namespace {

constexpr float kRareBias = -4.6F;  // a sigmoid of 0.01: most anchors see no object

HeadLevel build_level(GraphBuilder& net, const std::string& x, int stride, int classes,
                      Activation activation) {
  const std::string name = "head.stride" + std::to_string(stride);
  const int channels = net.channels_of(x);
  const std::string stem =
      net.conv_bn(name + ".stem", x, {.channels = channels, .activation = activation});
  const auto branch = [&](const std::string& what) {
    return separable(net, name + what, stem, channels, 1, activation, activation);
  };
  const std::string what = branch(".cls");
  const std::string where = branch(".reg");
  return {.stride = stride,
          .tensors = {net.predict(name + ".reg_pred", where, 4, 0),
                      net.predict(name + ".obj_pred", where, 1, kRareBias),
                      net.predict(name + ".cls_pred", what, classes, kRareBias)}};
}

Result<ZooDetector> build_yolox(GraphBuilder net, const Maps& maps, int classes,
                                Activation activation) {
  std::vector<HeadLevel> levels;
  for (const auto& [stride, map] : maps) {
    levels.push_back(build_level(net, map, stride, classes, activation));
  }
  auto graph = append_yolox_tail(std::move(net).take(), levels, classes, "output");
  if (!graph) return graph.error();
  return ZooDetector{std::move(graph).value(), std::move(levels), "yolox"};
}

}  // namespace

ZooHeadDef zoo_head_yolox() {
  return {"yolox", "decoupled, without anchors: box, objectness, classes on every map", 8,
          build_yolox};
}

}  // namespace pare::engine
