#include "engine/heads/nanodet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/engine/heads/known_head.h"
#include "tests/engine/heads/small_detectors.h"
#include "tests/engine/heads/small_nanodet.h"

namespace pare::engine {
namespace {

using test::NanodetWriting;
using test::observed;
using test::SmallNanodet;
using ::testing::HasSubstr;

const std::vector<NanodetWriting> kWritings = {{},
                                               {.opset = 11},
                                               {.levels = 4},
                                               {.joint = false},
                                               {.interleaved = true},
                                               {.levels = 4, .joint = false, .interleaved = true},
                                               {.batch = false},
                                               {.levels = 4, .height = 104, .width = 120}};

// From the paper: the mean of each distribution, from the centre of the cell.
std::vector<Detection> by_hand(const HeadLevel& level, const std::vector<test::RawMap>& maps) {
  constexpr int kBins = SmallNanodet::kBins;
  constexpr int kClasses = SmallNanodet::kClasses;
  const test::RawMap& distances = maps.back();
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
      const double cx = (static_cast<double>(x) + 0.5) * level.stride;
      const double cy = (static_cast<double>(y) + 0.5) * level.stride;
      const Box box{cx - side(0), cy - side(1), side(0) + side(2), side(1) + side(3)};
      for (int c = 0; c < kClasses; ++c) {
        found.push_back({box, test::sigmoid_of(maps[0].at(c, y, x)), c});
      }
    }
  }
  return found;
}

TEST(Nanodet, every_way_of_writing_it_is_decoded_as_by_hand_at_three_sizes) {
  for (std::size_t i = 0; i < kWritings.size(); ++i) {
    SCOPED_TRACE(i);
    test::expect_decoded_as(SmallNanodet(kWritings[i]).graph(), "nanodet", by_hand);
  }
}

TEST(Nanodet, every_way_of_writing_it_is_recognised_with_its_classes_bins_and_strides) {
  for (const NanodetWriting& how : kWritings) {
    const Graph graph = SmallNanodet(how).graph();
    const auto match = find_head(graph, observed(graph));
    ASSERT_TRUE(match) << match.error().message;
    EXPECT_EQ(match.value().head, "nanodet");
    EXPECT_EQ(match.value().classes, SmallNanodet::kClasses);
    EXPECT_EQ(match.value().bins, SmallNanodet::kBins);
    ASSERT_EQ(match.value().levels.size(), static_cast<std::size_t>(how.levels));
    EXPECT_EQ(largest_stride(match.value()), how.levels == 4 ? 64 : 32);
    for (const HeadLevel& level : match.value().levels) {
      EXPECT_EQ(level.tensors.size(), how.joint ? 1U : 2U);
    }
  }
}

TEST(Nanodet, cut_and_attached_again_it_computes_the_same_outputs_in_the_same_order) {
  for (const NanodetWriting& how : kWritings) {
    const Graph graph = SmallNanodet(how).graph();
    const Observation seen = observed(graph);
    const auto match = find_head(graph, seen);
    ASSERT_TRUE(match) << match.error().message;
    const Graph body = cut(graph, seen, match.value());
    for (const Node& node : body.nodes) EXPECT_NE(node.op, "Transpose");
    const auto again = attach_head(body, match.value());
    ASSERT_TRUE(again) << again.error().message;
    ASSERT_TRUE(verify(again.value())) << verify(again.value()).error().message;
    EXPECT_LT(test::difference(graph, again.value()), 1e-6);
  }
}

TEST(Nanodet, a_tail_that_computes_something_else_is_not_taken_for_it) {
  const std::vector<std::pair<NanodetWriting, const char*>> table = {
      {{.sigmoid = false}, "at the stride 8 the outputs are not scores and then distances"},
      {{.distances_first = true}, "at the stride 8 the outputs are not scores and then distances"},
      {{.levels = 2}, "it has 4 outputs, not scores and distances at 8, 16, 32"},
      {{.other_classes = 1}, "at the stride 32 there are 4 classes"},
  };
  for (const auto& [how, reason] : table) {
    const Graph graph = SmallNanodet(how).graph();
    const auto match = find_head(graph, observed(graph), "nanodet");
    ASSERT_FALSE(match) << reason;
    EXPECT_EQ(match.error().code, ErrorCode::kUnsupported);
    EXPECT_THAT(match.error().message, HasSubstr(reason));
  }
}

// Outputs for an input of 32 x 64: 4 x 8, 2 x 4 and 1 x 2 cells; two classes, four bins.
std::vector<Tensor> outputs_with(std::vector<float> scores_16, std::vector<float> distances_16) {
  const auto zeros = [](std::int64_t cells, std::int64_t columns) {
    return Tensor::of<float>({1, cells, columns},
                             std::vector<float>(static_cast<std::size_t>(cells * columns), 0));
  };
  return {zeros(32, 2),  Tensor::of<float>({1, 8, 2}, scores_16),     zeros(2, 2),
          zeros(32, 16), Tensor::of<float>({1, 8, 16}, distances_16), zeros(2, 16)};
}

// Column 2, line 1 of the stride of 16: all of each distribution on one bin, or on two evenly.
TEST(Nanodet, a_distance_is_the_expectation_over_its_bins_from_the_centre_of_the_cell) {
  std::vector<float> scores(16, 0);
  std::vector<float> distances(8 * 16, 0);
  scores[6 * 2 + 1] = 0.75F;
  float* v = &distances[6 * 16];
  v[0 * 4 + 1] = 50;                 // left: one cell
  v[1 * 4 + 0] = v[1 * 4 + 1] = 50;  // top: a half
  v[2 * 4 + 3] = 50;                 // right: three
  v[3 * 4 + 1] = v[3 * 4 + 3] = 50;  // bottom: two
  const auto outputs = outputs_with(scores, distances);
  const auto found = head_nanodet().decode(outputs, 32, 64, 0.5);
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found.value().size(), 1U);
  const Detection& d = found.value()[0];
  EXPECT_EQ(d.category, 1);
  EXPECT_DOUBLE_EQ(d.score, 0.75);
  EXPECT_NEAR(d.box.x, 40 - 16, 1e-9);
  EXPECT_NEAR(d.box.y, 24 - 8, 1e-9);
  EXPECT_NEAR(d.box.width, 16 + 48, 1e-9);
  EXPECT_NEAR(d.box.height, 8 + 32, 1e-9);
  EXPECT_EQ(head_nanodet().classes(outputs), 2);
}

TEST(Nanodet, outputs_of_another_size_or_number_are_refused_with_their_shapes) {
  auto outputs = outputs_with(std::vector<float>(16, 0), std::vector<float>(8 * 16, 0));
  EXPECT_TRUE(head_nanodet().decode(outputs, 32, 64, 0.5));
  EXPECT_FALSE(head_nanodet().decode(outputs, 64, 64, 0.5));
  outputs.pop_back();
  EXPECT_EQ(
      head_nanodet().decode(outputs, 32, 64, 0.5).error().message,
      "head nanodet: outputs (1, 32, 2), (1, 8, 2), (1, 2, 2), (1, 32, 16), (1, 8, 16) for an "
      "input of 32 x 64; expected (1, cells, classes) and (1, cells, 4 * bins) for each "
      "stride");
  EXPECT_FALSE(head_nanodet().decode({}, 32, 64, 0.5));
}

}  // namespace
}  // namespace pare::engine
