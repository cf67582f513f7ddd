// The heads of face detectors: YuNet's and SCRFD's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/heads/scrfd.h"
#include "engine/heads/yunet.h"
#include "tests/engine/heads/face_detectors.h"
#include "tests/engine/heads/known_head.h"

namespace pare::engine {
namespace {

using test::FaceWriting;
using test::observed;
using test::RawMap;
using test::sigmoid_of;
using test::SmallFaces;
using ::testing::HasSubstr;

const std::vector<FaceWriting> kWritings = {{},
                                            {.opset = 11},
                                            {.height = 56, .width = 104},  // no multiple of 32
                                            {.key_points = 0},
                                            {.batch = false},
                                            {.by_kind = false},
                                            {.sigmoid_late = false},
                                            {.opset = 17, .key_points = 0, .batch = false}};

// From the papers: maps are scores, box and key points.
std::vector<Detection> yunet_by_hand(const HeadLevel& level, const std::vector<RawMap>& maps) {
  std::vector<Detection> found;
  const double s = level.stride;
  for (std::int64_t y = 0; y < maps[0].ny(); ++y) {
    for (std::int64_t x = 0; x < maps[0].nx(); ++x) {
      const double score =
          std::sqrt(sigmoid_of(maps[0].at(0, y, x)) * sigmoid_of(maps[1].at(0, y, x)));
      const double w = s * std::exp(maps[2].at(2, y, x)), h = s * std::exp(maps[2].at(3, y, x));
      const double cx = s * (static_cast<double>(x) + maps[2].at(0, y, x));
      const double cy = s * (static_cast<double>(y) + maps[2].at(1, y, x));
      found.push_back({{cx - w / 2, cy - h / 2, w, h}, score, 0});
    }
  }
  return found;
}

test::LevelDecoder scrfd_by_hand(double scale) {
  return [=](const HeadLevel& level, const std::vector<RawMap>& maps) {
    std::vector<Detection> found;
    const double s = level.stride;
    for (std::int64_t a = 0; a < maps[0].channels(); ++a) {
      for (std::int64_t y = 0; y < maps[0].ny(); ++y) {
        for (std::int64_t x = 0; x < maps[0].nx(); ++x) {
          const auto d = [&](std::int64_t side) {
            return s * scale * maps[1].at(4 * a + side, y, x);
          };
          const Box box{s * static_cast<double>(x) - d(0), s * static_cast<double>(y) - d(1),
                        d(0) + d(2), d(1) + d(3)};
          found.push_back({box, sigmoid_of(maps[0].at(a, y, x)), 0});
        }
      }
    }
    return found;
  };
}

TEST(Yunet, every_way_of_writing_it_is_decoded_as_by_hand_at_three_sizes) {
  for (std::size_t i = 0; i < kWritings.size(); ++i) {
    SCOPED_TRACE(i);
    test::expect_decoded_as(SmallFaces(kWritings[i]).graph(), "yunet", yunet_by_hand);
  }
  test::expect_decoded_as(SmallFaces({.columns_first = true}).graph(), "yunet", yunet_by_hand);
}

TEST(Scrfd, every_way_of_writing_it_is_decoded_as_by_hand_at_three_sizes) {
  for (std::size_t i = 0; i < kWritings.size(); ++i) {
    SCOPED_TRACE(i);
    FaceWriting how = kWritings[i];
    how.scores = 1;
    how.anchors = i % 3 == 1 ? 1 : 2;
    how.scale = i % 2 == 0 ? 1 : 0.75;
    test::expect_decoded_as(SmallFaces(how).graph(), "scrfd", scrfd_by_hand(how.scale));
  }
}

TEST(Scrfd, every_raw_channel_has_a_role_and_boxes_of_a_cell_are_told_apart) {
  const test::KnownHead known(SmallFaces({.anchors = 2, .scores = 1}).graph());
  int channels = 0;
  std::set<int> anchors;
  for (const ChannelRange& range : roles_of(known.match, known.match.levels[0])) {
    channels += range.count;
    anchors.insert(range.anchor);
  }
  EXPECT_EQ(channels, 2 * (1 + 4 + 10));
  EXPECT_EQ(anchors, (std::set<int>{0, 1}));
}

TEST(Faces, a_tail_that_is_nearly_one_is_refused_with_what_does_not_fit) {
  const std::vector<std::pair<FaceWriting, const char*>> table = {
      {{.sigmoid = false},
       "at the stride 8 there are outputs of columns 1, 1, 4, 10, not 1 "
       "(sigmoid), 1 (sigmoid), 4, 10"},
      {{.key_points = 12},
       "at the stride 8 there are outputs of columns 1 (sigmoid), 1 (sigmoid), "
       "4, 12"},
      {{.scale = 0.5}, "or its map is scaled"},
  };
  for (const auto& [how, reason] : table) {
    const Graph graph = SmallFaces(how).graph();
    const auto match = find_head(graph, observed(graph), "yunet");
    ASSERT_FALSE(match) << reason;
    EXPECT_EQ(match.error().code, ErrorCode::kUnsupported);
    EXPECT_THAT(match.error().message, HasSubstr(reason));
  }
}

TEST(Faces, outputs_of_another_size_are_refused_with_their_shapes) {
  const auto outputs = test::outputs_on_noise(SmallFaces({}).graph());
  EXPECT_TRUE(head_yunet().decode(outputs, 64, 96, 0.1));
  EXPECT_FALSE(head_scrfd().decode(outputs, 64, 96, 0.1));
  EXPECT_THAT(head_yunet().decode(outputs, 96, 96, 0.1).error().message,
              HasSubstr("head yunet: outputs (1, 96, 1), (1, 24, 1), "));
}

}  // namespace
}  // namespace pare::engine
