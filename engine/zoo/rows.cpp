// Sources of the blocks: Sandler et al. 2018 (MobileNetV2), figure 3; Howard et al. 2019
// (MobileNetV3), figure 4; Tan and Le 2019 (EfficientNet), section 4; Ma et al. 2018
// (ShuffleNetV2), figure 3 c and d; Ding et al. 2021 (RepVGG), figure 2; Chu et al. 2022
// (QARepVGG), section 3.3: one normalisation after the sum, which quantizes well.
#include "engine/zoo/rows.h"

#include <algorithm>
#include <cmath>

namespace pare::engine {
namespace {

// A multiple of 8 that is not below nine tenths (MobileNetV3's reference implementation).
int near_multiple_of_8(double channels) {
  const int nearest = std::max(8, static_cast<int>(channels + 4) / 8 * 8);
  return nearest < 0.9 * channels ? nearest + 8 : nearest;
}

// MobileNetV3 squeezes a quarter of the middle, EfficientNet a quarter of what came in.
int squeezed_channels(const Row& row, int in, int middle) {
  return row.gate == Gate::kHard ? near_multiple_of_8(middle / 4.0) : std::max(1, in / 4);
}

std::string inverted(GraphBuilder& net, const std::string& name, const std::string& x,
                     const Row& row, int stride) {
  const int in = net.channels_of(x);
  const int middle = static_cast<int>(std::lround(in * row.expansion));
  std::string y = x;
  if (middle != in) {
    y = net.conv_bn(name + ".expand", y, {.channels = middle, .activation = row.activation});
  }
  y = net.conv_bn(name + ".depthwise", y,
                  {.channels = middle,
                   .kernel = row.kernel,
                   .stride = stride,
                   .activation = row.activation,
                   .depthwise = true});
  if (row.gate != Gate::kNone) {
    y = net.gated(name + ".gate", y, squeezed_channels(row, in, middle), row.gate);
  }
  const bool adds = stride == 1 && in == row.channels;
  y = net.conv_bn(name + ".project", y, {.channels = row.channels, .scale = adds ? 0.0F : 1.0F});
  return adds ? net.add(name + ".add", x, y) : y;
}

std::string shuffle_branch(GraphBuilder& net, const std::string& name, const std::string& x,
                           const Row& row, int stride) {
  const int half = row.channels / 2;
  const std::string y =
      net.conv_bn(name + ".first", x, {.channels = half, .activation = row.activation});
  const std::string z =
      net.conv_bn(name + ".depthwise", y,
                  {.channels = half, .kernel = row.kernel, .stride = stride, .depthwise = true});
  return net.conv_bn(name + ".last", z, {.channels = half, .activation = row.activation});
}

std::string shuffle_unit(GraphBuilder& net, const std::string& name, const std::string& x,
                         const Row& row, int stride, int made_size) {
  std::string left, right;
  if (stride == 1) {
    const auto halves = net.halves(name + ".halves", x);
    left = halves[0];
    right = shuffle_branch(net, name + ".right", halves[1], row, 1);
  } else {
    const std::string down = net.conv_bn(name + ".left.depthwise", x,
                                         {.channels = net.channels_of(x),
                                          .kernel = row.kernel,
                                          .stride = stride,
                                          .depthwise = true});
    left = net.conv_bn(name + ".left.last", down,
                       {.channels = row.channels / 2, .activation = row.activation});
    right = shuffle_branch(net, name + ".right", x, row, stride);
  }
  const std::string both = net.concat(name + ".concat", {left, right});
  return net.shuffle(name + ".shuffle", both, made_size, made_size);
}

std::string rep_vgg(GraphBuilder& net, const std::string& name, const std::string& x,
                    const Row& row, int stride) {
  const std::string large = net.conv(
      name + ".large", x, {.channels = row.channels, .kernel = row.kernel, .stride = stride});
  const std::string small =
      net.conv(name + ".small", x, {.channels = row.channels, .stride = stride});
  std::string sum = net.add(name + ".add", large, small);
  if (stride == 1 && net.channels_of(x) == row.channels) {
    sum = net.add(name + ".add_input", sum, x);
  }
  return net.activate(name, net.batch_norm(name + ".bn", sum), row.activation);
}

std::string build_block(GraphBuilder& net, const std::string& name, const std::string& x,
                        const Row& row, int stride, int made_size) {
  switch (row.block) {
    case Block::kConv:
      return net.conv_bn(name, x,
                         {.channels = row.channels,
                          .kernel = row.kernel,
                          .stride = stride,
                          .activation = row.activation});
    case Block::kInverted: return inverted(net, name, x, row, stride);
    case Block::kShuffle: return shuffle_unit(net, name, x, row, stride, made_size);
    case Block::kRepVgg: return rep_vgg(net, name, x, row, stride);
    case Block::kMaxPool: return net.max_pool(name, x, row.kernel, stride);
  }
  return x;  // unreachable: no default above
}

}  // namespace

Maps build_rows(GraphBuilder& net, const std::string& image, int size, std::span<const Row> rows) {
  Maps maps;
  std::string x = image;
  int total = 1;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (int i = 0; i < rows[r].repeats; ++i) {
      const int stride = i == 0 ? rows[r].stride : 1;
      total *= stride;
      const std::string name =
          "backbone.row" + std::to_string(r) + (i == 0 ? "" : "_" + std::to_string(i));
      x = build_block(net, name, x, rows[r], stride, size / total);
      maps[total] = x;
    }
  }
  return maps;
}

}  // namespace pare::engine
