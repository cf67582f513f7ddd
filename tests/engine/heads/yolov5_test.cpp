#include "engine/heads/yolov5.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/executor/openvino_runner.h"
#include "tests/engine/heads/known_head.h"
#include "tests/engine/heads/small_detectors.h"
#include "tests/engine/heads/small_yolov5.h"

namespace pare::engine {
namespace {

using test::observed;
using test::SmallYolov5;
using test::Writing;
using ::testing::HasSubstr;

const std::vector<Writing> kWritings = {{},
                                        {.opset = 11, .slices = true},
                                        {.opset = 17},
                                        {.slices = true},
                                        {.split_first = true},
                                        {.slices = true, .split_first = true},
                                        {.old_grid = true},
                                        {.pow = false},
                                        {.anchors_last = true},
                                        {.columns_first = true},
                                        {.opset = 17, .columns_first = true, .batch = false},
                                        {.anchors_last = true, .batch = false}};

std::vector<Writing> of_yolov3() {
  std::vector<Writing> all = {{.opset = 11, .slices = true},
                              {},
                              {.anchors_last = true},
                              {.old_grid = true},
                              {.columns_first = true}};
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].exp = true;
    all[i].reach = i % 2 == 0 ? 1 : 1.05;
  }
  return all;
}

// From the papers; anchors are those of the stride.
test::LevelDecoder by_hand(bool exp, double reach) {
  return [=](const HeadLevel& level, const std::vector<test::RawMap>& maps) {
    std::vector<Detection> found;
    const auto& anchors = test::kAnchors[level.stride == 4 ? 0 : 1];
    for (std::size_t a = 0; a < anchors.size(); ++a) {
      for (std::int64_t y = 0; y < maps[0].ny(); ++y) {
        for (std::int64_t x = 0; x < maps[0].nx(); ++x) {
          const auto raw = [&](int column) {
            return maps[0].at(std::int64_t(a) * SmallYolov5::kColumns + column, y, x);
          };
          const auto s = [&](int column) { return test::sigmoid_of(raw(column)); };
          const auto size = [&](int column, double anchor) {
            return anchor * (exp ? std::exp(raw(column)) : 4 * s(column) * s(column));
          };
          const double w = size(2, anchors[a][0]), h = size(3, anchors[a][1]);
          const double cx = (reach * s(0) - (reach - 1) / 2 + double(x)) * level.stride;
          const double cy = (reach * s(1) - (reach - 1) / 2 + double(y)) * level.stride;
          for (int c = 0; c < SmallYolov5::kClasses; ++c) {
            found.push_back({{cx - w / 2, cy - h / 2, w, h}, s(4) * s(5 + c), c});
          }
        }
      }
    }
    return found;
  };
}

TEST(Yolov5, every_way_of_writing_it_is_decoded_as_by_hand_at_three_sizes) {
  for (std::size_t i = 0; i < kWritings.size(); ++i) {
    SCOPED_TRACE(i);
    test::expect_decoded_as(SmallYolov5(kWritings[i]).graph(), "yolov5", by_hand(false, 2));
  }
}

TEST(Yolov3, every_way_of_writing_it_is_decoded_as_by_hand_at_three_sizes) {
  for (const Writing& how : of_yolov3()) {
    test::expect_decoded_as(SmallYolov5(how).graph(), "yolov3", by_hand(true, how.reach));
  }
}

TEST(Yolov3, its_roles_say_that_sizes_are_numbers_as_they_are) {
  const Writing how = of_yolov3()[0];
  const test::KnownHead known(SmallYolov5(how).graph());
  const auto ranges = roles_of(known.match, known.match.levels[0]);
  ASSERT_EQ(ranges.size(), 12U);
  EXPECT_EQ(ranges[4].kind, ChannelKind::kSigmoidOffset);
  EXPECT_EQ(ranges[5].kind, ChannelKind::kOffset);
  EXPECT_EQ(ranges[5].first, int(SmallYolov5::kColumns) + 2);
  EXPECT_EQ(ranges[5].anchor, 1);
}

TEST(Yolov5, every_way_of_writing_the_same_tail_is_read_as_the_same_thing) {
  for (const Writing& how : kWritings) {
    const Graph graph = SmallYolov5(how).graph();
    const auto match = find_head(graph, observed(graph));
    ASSERT_TRUE(match) << match.error().message;
    EXPECT_EQ(match.value().head, "yolov5");
    EXPECT_EQ(match.value().classes, SmallYolov5::kClasses);
    ASSERT_EQ(match.value().levels.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(match.value().levels[i].stride, i == 0 ? 4 : 8);
      EXPECT_EQ(match.value().levels[i].anchors, test::kAnchors[i]);
    }
  }
}

TEST(Yolov5, cut_and_attached_again_it_computes_the_same_in_every_opset) {
  for (const Writing& how : kWritings) {
    const Graph graph = SmallYolov5(how).graph();
    const Observation seen = observed(graph);
    const auto match = find_head(graph, seen);
    ASSERT_TRUE(match) << match.error().message;
    const auto again = head_yolov5().attach(cut(graph, seen, match.value()), match.value());
    ASSERT_TRUE(again) << again.error().message;
    ASSERT_TRUE(verify(again.value())) << verify(again.value()).error().message;
    EXPECT_LT(test::difference(graph, again.value()), 1e-6);
  }
}

struct Refused {
  Writing how;
  const char* reason;
};

TEST(Yolov5, a_tail_that_computes_something_else_is_not_taken_for_it) {
  const std::vector<Refused> table = {
      {{.grid_shift = 0.25}, "its centre is on another grid"},
      {{.swap_box = true}, "its centre is not the sigmoid of the raw numbers in its place"},
      {{.square = false}, "its size is not the square of a sigmoid"},
      {{.score_scale = 2}, "column 4 is not the sigmoid of a raw number"},
  };
  for (const Refused& row : table) {
    const Graph graph = SmallYolov5(row.how).graph();
    const auto match = find_head(graph, observed(graph), "yolov5");
    ASSERT_FALSE(match) << row.reason;
    EXPECT_EQ(match.error().code, ErrorCode::kUnsupported);
    EXPECT_THAT(match.error().message, HasSubstr(row.reason));
  }
}

// Other anchors are no fault: (3 s)^2 * a is (2 s)^2 * (9 / 4 a).
TEST(Yolov5, anchors_are_read_off_the_arithmetic_not_off_a_constant) {
  const Graph graph = SmallYolov5({.power_scale = 3}).graph();
  const auto match = find_head(graph, observed(graph));
  ASSERT_TRUE(match) << match.error().message;
  EXPECT_NEAR(match.value().levels[0].anchors[0][0], 22.5, 1e-9);
}

TEST(Yolov5, every_class_over_the_threshold_becomes_a_detection) {
  std::vector<float> rows = {50, 40, 20, 10, 0.5F, 0.9F, 0.125F,  //
                             10, 10, 4,  4,  0.9F, 0.2F, 0.8F};   //
  rows.resize(8 * 7, 0);  // more rows than columns, as there always are
  const std::vector<Tensor> outputs = {Tensor::of<float>({1, 8, 7}, rows)};
  const auto found = head_yolov5().decode(outputs, 64, 64, 0.0625);
  ASSERT_TRUE(found);
  ASSERT_EQ(found.value().size(), 3U);  // 0.5 * 0.125 is not above 0.0625
  EXPECT_EQ(found.value()[0].box, (Box{40, 35, 20, 10}));
  EXPECT_NEAR(found.value()[0].score, 0.45, 1e-6);
  EXPECT_EQ(found.value()[2].category, 1);
  EXPECT_NEAR(found.value()[2].score, 0.72, 1e-6);
}

TEST(Yolov5, outputs_of_another_shape_are_refused_with_it) {
  const std::vector<float> row(10, 0);
  EXPECT_EQ(head_yolov5()
                .decode(std::vector<Tensor>{Tensor::of<float>({2, 5}, row)}, 64, 96, 0.1)
                .error()
                .message,
            "head yolov5: outputs (2, 5) for an input of 64 x 96; expected one of (1, rows, 5 + "
            "classes)");
  EXPECT_FALSE(head_yolov5().decode(std::vector<Tensor>{}, 64, 64, 0.1));
}

}  // namespace
}  // namespace pare::engine
