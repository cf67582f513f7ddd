#include "engine/heads/nanodet_plus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/heads/known_head.h"

namespace pare::engine {
namespace {

using test::observed;
using test::RawMap;
using ::testing::HasSubstr;

constexpr int kClasses = 3;
constexpr int kBins = 8;

struct PlusWriting {
  int opset = 13;
  int height = 64, width = 128;
  int strides = 4;
  bool joint = false;  // one convolution for scores and distances
  bool columns_first = false;
  bool batch = true;
  bool sigmoid = true;  // wrong on purpose, if not
};

Graph small_plus(const PlusWriting& how) {
  test::GraphBuilder b(51, how.opset);
  auto x = b.conv(b.input({1, 3, how.height, how.width}), {.channels = 8, .stride = 4});
  std::vector<std::string> levels;
  for (int i = 0; i < how.strides; ++i) {
    x = b.relu(b.conv(x, {.channels = 8, .stride = 2}));
    std::vector<std::string> parts;
    if (how.joint) {
      const auto both = b.conv(x, {.channels = kClasses + 4 * kBins, .kernel = 1});
      parts = b.split(both, {kClasses, 4 * kBins});
    } else {
      parts.push_back(b.conv(x, {.channels = kClasses, .kernel = 1}));
      parts.push_back(b.conv(x, {.channels = 4 * kBins, .kernel = 1}));
    }
    if (how.sigmoid) parts[0] = b.sigmoid(parts[0]);
    const auto map = b.concat(parts, 1);
    const Shape shape = b.shape(map);
    levels.push_back(b.reshape(map, {1, shape[1], shape[2] * shape[3]}));
  }
  auto out = b.concat(levels, 2);
  if (!how.columns_first) out = b.transpose(out, {0, 2, 1});
  if (!how.batch) out = b.reshape(out, {b.shape(out)[1], b.shape(out)[2]});
  b.output(out);
  return b.build();
}

// From the published code: distances are those from the corner of the cell.
std::vector<Detection> by_hand(const HeadLevel& level, const std::vector<RawMap>& maps) {
  const RawMap& distances = maps.back();
  const int first = maps.size() == 1 ? kClasses : 0;
  std::vector<Detection> found;
  for (std::int64_t y = 0; y < distances.ny(); ++y) {
    for (std::int64_t x = 0; x < distances.nx(); ++x) {
      const auto side = [&](int s) {
        double whole = 0, mean = 0;
        for (int k = 0; k < kBins; ++k) {
          const double share = std::exp(distances.at(first + s * kBins + k, y, x));
          whole += share;
          mean += k * share;
        }
        return mean / whole * level.stride;
      };
      const auto px = static_cast<double>(x * level.stride);
      const auto py = static_cast<double>(y * level.stride);
      const Box box{px - side(0), py - side(1), side(0) + side(2), side(1) + side(3)};
      for (int c = 0; c < kClasses; ++c) {
        found.push_back({box, test::sigmoid_of(maps[0].at(c, y, x)), c});
      }
    }
  }
  return found;
}

TEST(NanodetPlus, every_way_of_writing_it_is_decoded_as_by_hand_at_three_sizes) {
  for (const PlusWriting& how :
       {PlusWriting{}, PlusWriting{.opset = 11, .strides = 3, .joint = false},
        PlusWriting{.joint = true}, PlusWriting{.columns_first = true}, PlusWriting{.batch = false},
        PlusWriting{.height = 104, .width = 120}}) {
    SCOPED_TRACE(how.height);
    test::expect_decoded_as(small_plus(how), "nanodet_plus", by_hand);
  }
}

TEST(NanodetPlus, every_raw_channel_has_a_role) {
  for (const bool joint : {false, true}) {
    const test::KnownHead known(small_plus({.joint = joint}));
    EXPECT_EQ(known.match.bins, kBins);
    int channels = 0;
    for (const ChannelRange& range : roles_of(known.match, known.match.levels[0])) {
      channels += range.count;
    }
    EXPECT_EQ(channels, kClasses + 4 * kBins);
  }
}

TEST(NanodetPlus, what_is_nearly_one_is_refused_with_the_reason) {
  const std::vector<std::pair<PlusWriting, const char*>> table = {
      {{.sigmoid = false}, "is not the sigmoid of a raw number"},
      {{.strides = 2}, "its strides are not 8, 16, 32 or 8, 16, 32, 64"}};
  for (const auto& [how, reason] : table) {
    const Graph graph = small_plus(how);
    const auto match = find_head(graph, observed(graph), "nanodet_plus");
    ASSERT_FALSE(match) << reason;
    EXPECT_THAT(match.error().message, HasSubstr(reason));
  }
  const auto outputs = test::outputs_on_noise(small_plus({}));
  EXPECT_THAT(head_nanodet_plus().decode(outputs, 128, 128, 0.1).error().message,
              HasSubstr("head nanodet_plus: outputs (1, 170, 35) for an input of 128 x 128"));
}

}  // namespace
}  // namespace pare::engine
