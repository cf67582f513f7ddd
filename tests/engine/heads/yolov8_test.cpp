#include "engine/heads/yolov8.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/heads/yolov10.h"
#include "tests/engine/heads/dfl_detectors.h"
#include "tests/engine/heads/known_head.h"

namespace pare::engine {
namespace {

using test::DflWriting;
using test::MeanBy;
using test::observed;
using test::RawMap;
using test::SmallDfl;
using ::testing::HasSubstr;

const std::vector<DflWriting> kWritings = {{},
                                           {.opset = 17},
                                           {.opset = 11, .last_axis = true},
                                           {.strides = {8, 16, 32, 64}},
                                           {.strides = {4, 8}},
                                           {.columns_first = false},
                                           {.batch = false},
                                           {.columns_first = false, .batch = false},
                                           {.joined_maps = true},
                                           {.joined_maps = true, .joint = true},
                                           {.scaled_late = false},
                                           {.last_axis = true},
                                           {.mean = MeanBy::kMatMul},
                                           {.mean = MeanBy::kSum},
                                           {.opset = 17,
                                            .columns_first = false,
                                            .joined_maps = true,
                                            .scaled_late = false,
                                            .mean = MeanBy::kMatMul}};

// Written from the paper: the mean of each distribution, from the centre of the cell.
test::LevelDecoder by_hand(int bins = 16) {
  return [=](const HeadLevel& level, const std::vector<RawMap>& maps) {
    std::vector<Detection> found;
    const RawMap& box = maps[0];
    const RawMap& classes = maps.back();
    const std::int64_t first = maps.size() == 1 ? 4 * bins : 0;
    const double s = level.stride;
    for (std::int64_t y = 0; y < box.ny(); ++y) {
      for (std::int64_t x = 0; x < box.nx(); ++x) {
        const auto side = [&](int of) {
          if (bins == 1) return box.at(of, y, x);
          double whole = 0, mean = 0;
          for (int k = 0; k < bins; ++k) {
            const double share = std::exp(box.at(bins * of + k, y, x));
            whole += share;
            mean += k * share;
          }
          return mean / whole;
        };
        const Box place{(static_cast<double>(x) + 0.5 - side(0)) * s,
                        (static_cast<double>(y) + 0.5 - side(1)) * s, (side(0) + side(2)) * s,
                        (side(1) + side(3)) * s};
        for (int c = 0; c < SmallDfl::kClasses; ++c) {
          found.push_back({place, test::sigmoid_of(classes.at(first + c, y, x)), c});
        }
      }
    }
    return found;
  };
}

TEST(Yolov8, every_way_of_writing_it_is_decoded_as_by_hand_at_three_sizes) {
  for (std::size_t i = 0; i < kWritings.size(); ++i) {
    SCOPED_TRACE(i);
    test::expect_decoded_as(SmallDfl(kWritings[i]).graph(), "yolov8", by_hand());
  }
}

TEST(Yolov10, corners_are_decoded_as_by_hand_at_three_sizes) {
  for (const std::size_t i : {std::size_t{0}, std::size_t{5}, kWritings.size() - 1}) {
    SCOPED_TRACE(i);
    DflWriting how = kWritings[i];
    how.corners = true;
    test::expect_decoded_as(SmallDfl(how).graph(), "yolov10", by_hand());
  }
}

TEST(Yolov8, distances_may_be_raw_numbers_and_have_any_bins) {
  for (const int bins : {1, 4, 17}) {
    test::expect_decoded_as(SmallDfl({.bins = bins}).graph(), "yolov8", by_hand(bins));
  }
  const test::KnownHead known(SmallDfl({.bins = 1}).graph());
  EXPECT_EQ(roles_of(known.match, known.match.levels[0])[0].kind, ChannelKind::kOffset);
}

TEST(Yolov6, boxes_with_a_column_of_ones_are_decoded_as_by_hand_at_three_sizes) {
  for (const DflWriting& how :
       {DflWriting{.columns_first = false, .bins = 1, .ones = true},
        DflWriting{.columns_first = false, .bins = 17, .ones = true},
        DflWriting{.opset = 11, .bins = 1, .ones = true, .scaled_late = false}}) {
    test::expect_decoded_as(SmallDfl(how).graph(), "yolov6", by_hand(how.bins));
  }
}

TEST(Yolov8, its_levels_bins_and_roles_are_read_off_the_graph) {
  for (const bool joint : {false, true}) {
    const test::KnownHead known(SmallDfl({.joint = joint}).graph());
    EXPECT_EQ(known.match.bins, 16);
    EXPECT_EQ(known.match.classes, SmallDfl::kClasses);
    ASSERT_EQ(known.match.levels.size(), 3U);
    EXPECT_EQ(known.match.levels[2].stride, 32);
    const auto ranges = roles_of(known.match, known.match.levels[0]);
    ASSERT_EQ(ranges.size(), 2U);
    EXPECT_EQ(ranges[0].kind, ChannelKind::kDistribution);
    EXPECT_EQ(ranges[0].count, 64);
    EXPECT_EQ(ranges[1].kind, ChannelKind::kClasses);
    EXPECT_EQ(ranges[1].count, SmallDfl::kClasses);
    EXPECT_EQ(ranges[1].first, joint ? 64 : 0);
    EXPECT_EQ(ranges[1].tensor, joint ? 0U : 1U);
  }
}

TEST(Yolov8, a_tail_that_computes_something_else_is_not_taken_for_it) {
  const std::vector<std::pair<DflWriting, const char*>> table = {
      {{.centre = 0.25}, "is not centre and size of four distances, or means"},
      {{.sigmoid = false}, "the score of class 0 of row 0 of"},
      {{.swapped_class = 1}, "is not that of cell"},
      {{.corners = true}, "the box of row 0 of"},
  };
  for (const auto& [how, reason] : table) {
    const Graph graph = SmallDfl(how).graph();
    const auto match = find_head(graph, observed(graph), "yolov8");
    ASSERT_FALSE(match) << reason;
    EXPECT_EQ(match.error().code, ErrorCode::kUnsupported);
    EXPECT_THAT(match.error().message, HasSubstr(reason));
  }
}

TEST(Yolov8, a_head_that_is_nearly_it_is_named_before_those_that_are_not) {
  const Graph graph = SmallDfl({.centre = 0.25}).graph();
  const auto match = find_head(graph, observed(graph));
  ASSERT_FALSE(match);
  const std::string& said = match.error().message;
  const auto nearest = said.find("; nearly yolov8, but the box of row 0 of");
  ASSERT_NE(nearest, std::string::npos) << said;
  EXPECT_LT(nearest, said.find("; not "));
}

// What YOLOv10 and the like go on with: scores and boxes of the best rows, as (1, best, 6).
Graph end_to_end(const Graph& rows_first) {
  Graph graph = rows_first;
  const std::string rows = graph.outputs[0].name;
  const auto ints = [&](const std::string& name, const std::vector<std::int64_t>& values) {
    graph.constants[name] = Tensor::of<std::int64_t>({std::int64_t(values.size())}, values);
    return name;
  };
  const auto node = [&](const std::string& op, std::vector<std::string> in,
                        std::vector<std::string> out, std::map<std::string, Attribute> how = {}) {
    graph.nodes.push_back({out[0], op, "", std::move(in), std::move(out), std::move(how)});
  };
  const std::int64_t last = 2;
  node("Split", {rows, ints("parts", {4, SmallDfl::kClasses})}, {"e_boxes", "e_scores"},
       {{"axis", last}});
  node("ReduceMax", {"e_scores"}, {"e_best"},
       {{"axes", std::vector<std::int64_t>{2}}, {"keepdims", std::int64_t{0}}});
  node("TopK", {"e_best", ints("most", {10})}, {"e_values", "e_rows"}, {{"axis", std::int64_t{1}}});
  node("Unsqueeze", {"e_rows", ints("at_2", {2})}, {"e_index"});
  node("Tile", {"e_index", ints("four", {1, 1, 4})}, {"e_index4"});
  node("GatherElements", {"e_boxes", "e_index4"}, {"e_boxes_best"}, {{"axis", std::int64_t{1}}});
  node("Unsqueeze", {"e_values", "at_2"}, {"e_values2"});
  node("Concat", {"e_boxes_best", "e_values2"}, {"output0"}, {{"axis", last}});
  graph.outputs = {{"output0", DType::kFloat32, {1, 10, 5}}};
  return graph;
}

TEST(Yolov10, it_is_found_before_the_best_rows_that_a_model_goes_on_with) {
  const Graph rows = SmallDfl({.corners = true, .columns_first = false}).graph();
  const Graph graph = end_to_end(rows);
  const Observation seen = observed(graph);
  EXPECT_FALSE(find_head(graph, seen));
  const auto match = find_head_within(graph, seen);
  ASSERT_TRUE(match) << match.error().message;
  EXPECT_EQ(match.value().head, "yolov10");
  EXPECT_EQ(match.value().outputs.at(0), rows.outputs[0].name);
  const auto again = attach_head(cut(graph, seen, match.value()), match.value());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_LT(test::difference(graph, again.value()), 1e-5);
}

TEST(Yolov8, an_input_of_fewer_cells_than_columns_is_refused) {
  const test::KnownHead known(SmallDfl({.strides = {16, 32}}).graph());
  const auto whole = attach_head(known.body_at(32, 32), known.match);
  ASSERT_FALSE(whole);
  EXPECT_THAT(whole.error().message, HasSubstr("5 boxes of 7 numbers each"));
}

TEST(Yolov8, outputs_of_another_shape_are_refused_with_it) {
  const std::vector<float> values(48, 0);
  const auto decode = [&](const Shape& shape) {
    return head_yolov8().decode(std::vector{Tensor::of<float>(shape, values)}, 64, 96, 0.1);
  };
  EXPECT_TRUE(decode({1, 6, 8}));
  EXPECT_TRUE(decode({8, 6}));
  EXPECT_EQ(decode({1, 2, 24}).error().message,
            "head yolov8: outputs (1, 2, 24) for an input of 64 x 96; expected one of (1, 4 + "
            "classes, rows) or (1, rows, 4 + classes)");
  EXPECT_FALSE(decode({2, 4, 6}));
  EXPECT_FALSE(head_yolov8().decode({}, 64, 96, 0.1));
}

}  // namespace
}  // namespace pare::engine
