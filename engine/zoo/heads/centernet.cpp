// Objects as points: a heat map, sizes and offsets on one map of stride 4, each behind a separable
// convolution of its own.
//
// Source: Zhou et al. 2019, Objects as Points, section 5; the heat map's bias as Law and Deng 2018
// (CornerNet) have it: a sigmoid of 0.1.
#include "engine/heads/centernet.h"

#include <array>
#include <utility>

#include "engine/zoo/zoo.h"

namespace pare::engine {
namespace {

constexpr int kStride = 4;
constexpr float kHeatBias = -2.19F;

Result<ZooDetector> build_centernet(GraphBuilder net, const Maps& maps, int classes,
                                    Activation activation) {
  if (!maps.contains(kStride)) {
    return Error{ErrorCode::kInvalidArgument, "the finest map has stride " +
                                                  std::to_string(maps.begin()->first) + ", not " +
                                                  std::to_string(kStride)};
  }
  const std::string& map = maps.at(kStride);
  const auto branch = [&](const std::string& what, int channels, float bias) {
    const std::string name = "head." + what;
    const std::string y =
        separable(net, name, map, net.channels_of(map), 1, activation, activation);
    return net.predict(name + "_pred", y, channels, bias);
  };
  HeadLevel level{.stride = kStride,
                  .tensors = {branch("heat", classes, kHeatBias), branch("size", 2, 0),
                              branch("offset", 2, 0)}};
  const std::array<std::string, 3> outputs = {"heat", "size", "offset"};
  auto graph = append_centernet_tail(std::move(net).take(), level, classes, outputs);
  if (!graph) return graph.error();
  return ZooDetector{std::move(graph).value(), {std::move(level)}, "centernet"};
}

}  // namespace

ZooHeadDef zoo_head_centernet() {
  return {"centernet", "objects as points: heat map, size, offset on one map of stride 4", kStride,
          build_centernet};
}

}  // namespace pare::engine
