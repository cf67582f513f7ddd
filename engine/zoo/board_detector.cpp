#include "engine/zoo/board_detector.h"

#include <array>
#include <utility>

#include "core/check.h"
#include "engine/heads/yolox.h"
#include "engine/zoo/graph_builder.h"

namespace pare::engine {
namespace {

constexpr int kNeckChannels = 64;
constexpr int kHeadChannels = 32;
constexpr float kRareBias = -4.6F;  // a sigmoid of 0.01: most anchors see no object

std::string residual(GraphBuilder& net, const std::string& name, const std::string& x) {
  const int channels = net.channels_of(x);
  const std::string y = net.conv_bn_relu(name + ".reduce", x, channels / 2, 1, 1);
  return net.add(name + ".add", x, net.conv_bn_relu(name + ".expand", y, channels, 3, 1));
}

std::string partial_block(GraphBuilder& net, const std::string& name, const std::string& x,
                          int channels) {
  const std::string left = net.conv_bn_relu(name + ".left", x, channels / 2, 1, 1);
  const std::string right = net.conv_bn_relu(name + ".right", x, channels / 2, 1, 1);
  const std::string deep = residual(net, name + ".block", left);
  const std::string both = net.concat(name + ".concat", {deep, right});
  return net.conv_bn_relu(name + ".merge", both, channels, 1, 1);
}

// Features at strides 8, 16 and 32.
std::array<std::string, 3> backbone(GraphBuilder& net) {
  std::string x = net.conv_bn_relu("backbone.stem", "images", 16, 3, 2);
  x = net.conv_bn_relu("backbone.stage1.down", x, 32, 3, 2);
  std::array<std::string, 3> features;
  constexpr std::array<int, 3> kWidths = {64, 128, 160};
  for (std::size_t i = 0; i < features.size(); ++i) {
    const std::string stage = "backbone.stage" + std::to_string(i + 2);
    const std::string down = stage + ".down";
    x = net.conv_bn_relu(down, x, kWidths[i], 3, 2);
    x = partial_block(net, stage, x, kWidths[i]);
    features[i] = x;
  }
  return features;
}

std::array<std::string, 3> neck(GraphBuilder& net, const std::array<std::string, 3>& features) {
  std::array<std::string, 3> levels;
  levels[2] = net.conv_bn_relu("neck.level5.lateral", features[2], kNeckChannels, 1, 1);
  for (const std::size_t i : {1U, 0U}) {
    const std::string name = "neck.level" + std::to_string(i + 3);
    const std::string up = net.upsample(name + ".up", levels[i + 1]);
    const std::string both = net.concat(name + ".join", {up, features[i]});
    levels[i] = partial_block(net, name, both, kNeckChannels);
  }
  return levels;
}

HeadLevel head(GraphBuilder& net, const std::string& name, const std::string& x, int stride,
               int classes) {
  const std::string stem = net.conv_bn_relu(name + ".stem", x, kHeadChannels, 1, 1);
  const std::string what = net.conv_bn_relu(name + ".cls", stem, kHeadChannels, 3, 1);
  const std::string where = net.conv_bn_relu(name + ".reg", stem, kHeadChannels, 3, 1);
  return {.stride = stride,
          .tensors = {net.predict(name + ".reg_pred", where, 4, 0),
                      net.predict(name + ".obj_pred", where, 1, kRareBias),
                      net.predict(name + ".cls_pred", what, classes, kRareBias)}};
}

}  // namespace

ZooDetector make_board_detector(int classes, int size, std::uint64_t seed) {
  GraphBuilder net("images", 3, size, size, seed);
  const std::array<std::string, 3> features = neck(net, backbone(net));
  std::vector<HeadLevel> levels;
  for (std::size_t i = 0; i < features.size(); ++i) {
    levels.push_back(head(net, "head.level" + std::to_string(i + 3), features[i], 8 << i, classes));
  }
  auto detector = append_yolox_tail(std::move(net).take(), levels, classes, "output");
  PARE_CHECK(detector.has_value(), "a size that no YOLOX head can have");
  return {std::move(detector).value(), std::move(levels)};
}

}  // namespace pare::engine
