// Families that are recognised as a description and have rows: PP-YOLOE, YOLOv4; SSD by a card.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/heads/family_detectors.h"
#include "tests/engine/heads/known_head.h"

namespace pare::engine {
namespace {

using test::each_cell;
using test::Laid;
using test::observed;
using test::of_channels;
using test::PpyoloeWriting;
using test::RawMap;
using test::small_levels;
using test::small_ppyoloe;
using test::small_yolov4;
using test::Yolov4Writing;
using ::testing::HasSubstr;

// The mean of a softmax over the bins, from the definition.
double mean_of(const RawMap& map, int side, int bins, std::int64_t y, std::int64_t x) {
  double whole = 0, weighed = 0;
  for (int bin = 0; bin < bins; ++bin) {
    const double e = std::exp(map.at(side * bins + bin, y, x));
    whole += e;
    weighed += e * bin;
  }
  return bins == 1 ? map.at(side, y, x) : weighed / whole;
}

TEST(Ppyoloe, every_way_of_writing_it_is_decoded_as_by_hand_at_three_sizes) {
  const std::vector<PpyoloeWriting> writings = {
      {},
      {.boxes = Laid::kColumnsFirst, .scores = Laid::kRows, .scores_first = true},
      {.boxes = Laid::kNoBatch, .scores = Laid::kNoBatch, .coarse_first = false},
      {.boxes = Laid::kRowsOfOne, .bins = 1}};
  for (std::size_t i = 0; i < writings.size(); ++i) {
    SCOPED_TRACE(i);
    const int bins = writings[i].bins;
    test::expect_decoded_as(small_ppyoloe(writings[i]), "ppyoloe",
                            [&](const HeadLevel& level, const std::vector<RawMap>& maps) {
                              const RawMap& sides = of_channels(maps, 4 * bins);
                              const RawMap& scores = of_channels(maps, 3);
                              std::vector<Detection> found;
                              each_cell(scores, [&](std::int64_t y, std::int64_t x) {
                                const double s = level.stride;
                                const double cx = (static_cast<double>(x) + 0.5) * s;
                                const double cy = (static_cast<double>(y) + 0.5) * s;
                                const auto d = [&](int side) {
                                  return mean_of(sides, side, bins, y, x) * s;
                                };
                                for (int c = 0; c < 3; ++c) {
                                  found.push_back({{cx - d(0), cy - d(1), d(0) + d(2), d(1) + d(3)},
                                                   test::sigmoid_of(scores.at(c, y, x)),
                                                   c});
                                }
                              });
                              return found;
                            });
  }
}

TEST(Yolov4, every_way_of_writing_it_is_decoded_as_by_hand_at_three_sizes) {
  const std::vector<Yolov4Writing> writings = {
      {},
      {.boxes = Laid::kRows, .scores = Laid::kColumnsFirst, .shares = false},
      {.boxes = Laid::kNoBatch, .scores = Laid::kNoBatch, .cells_first = true, .reach = {1, 1, 1}}};
  for (std::size_t i = 0; i < writings.size(); ++i) {
    SCOPED_TRACE(i);
    const Yolov4Writing& how = writings[i];
    test::expect_decoded_as(
        small_yolov4(how), "yolov4", [&](const HeadLevel& level, const std::vector<RawMap>& maps) {
          const std::size_t l = level.stride == 8 ? 0 : level.stride == 16 ? 1 : 2;
          std::vector<Detection> found;
          each_cell(maps[0], [&](std::int64_t y, std::int64_t x) {
            for (int a = 0; a < 3; ++a) {
              const auto raw = [&](int c) { return maps[0].at(a * 7 + c, y, x); };
              const double r = how.reach[l];
              const auto centre = [&](int c, std::int64_t at) {
                return (r * test::sigmoid_of(raw(c)) - (r - 1) / 2 + static_cast<double>(at)) *
                       level.stride;
              };
              const auto& anchor = test::kYolov4Anchors[l][static_cast<std::size_t>(a)];
              const double w = std::exp(raw(2)) * anchor[0], h = std::exp(raw(3)) * anchor[1];
              for (int c = 0; c < 2; ++c) {
                found.push_back({{centre(0, x) - w / 2, centre(1, y) - h / 2, w, h},
                                 test::sigmoid_of(raw(4)) * test::sigmoid_of(raw(5 + c)),
                                 c});
              }
            }
          });
          return found;
        });
  }
}

TEST(Families, what_nearly_fits_is_said) {
  struct Case {
    Graph graph;
    const char* said;
  };
  const std::vector<Case> cases = {
      {small_ppyoloe({.centre = 0}),
       "nearly ppyoloe, but \"concat_4\", stride 32, cell 0, box 0: the box is not told from"},
      {small_ppyoloe({.sigmoid = false}), "not ppyoloe: row 0 of \"transpose_"},
      {small_yolov4({.joint = false}), "not yolov4: row 0 of \"concat_"},
      {small_yolov4({.reach = {-1, 1, 1}}), "nearly yolov4, but \""},
      {small_levels({}), "not rtmdet: \"conv_"},
      {small_levels({.centerness = true, .function = "Sigmoid"}), "not fcos: head_description"},
      {small_levels({.anchors = 9, .function = "Exp"}), "retinanet, but"},
  };
  for (const Case& one : cases) {
    const auto match = find_head(one.graph, observed(one.graph));
    ASSERT_FALSE(match) << match.value().head << " for " << one.said;
    EXPECT_THAT(match.error().message, HasSubstr(one.said));
  }
}

// Raw offsets of SSD, which a card says from which priors they are.
TEST(Families, offsets_of_ssd_are_read_by_a_card_that_has_the_priors) {
  constexpr int kScores = 3;
  const std::vector<int> counts = {2, 3};
  test::FamilyBuilder f({8, 16});
  std::vector<std::string> scores, boxes;
  HeadDescription head{.strides = {8, 16}, .background = HeadBackground::kFirst};
  for (std::size_t l = 0; l < counts.size(); ++l) {
    scores.push_back(f.rows(f.map(l, counts[l] * kScores), counts[l]));
    boxes.push_back(f.rows(f.map(l, counts[l] * 4), counts[l]));
    head.anchors.emplace_back();
    for (int a = 0; a < counts[l]; ++a) head.anchors[l].push_back({10.0 + a, 20.0 + 3 * a});
  }
  const auto logits = f.b.concat(scores, 1);
  f.b.output(f.b.node("Softmax", {logits}, {f.b.shape(logits)}, {{"axis", std::int64_t{2}}})[0]);
  f.b.output(f.b.concat(boxes, 1));
  const Graph graph = f.b.build();
  const Observation seen = observed(graph);
  EXPECT_THAT(find_head(graph, seen).error().message,
              HasSubstr("nearly ssd, but prior 0 of \"concat_1\": its box is a raw offset from a "
                        "prior that the graph does not have"));
  head.outputs = {{.index = 0, .columns = {{HeadPart::kClasses, HeadFunction::kSoftmax}}},
                  {.index = 1, .columns = {{HeadPart::kBox}}}};
  head.box = {.from = BoxFrom::kCentreSize,
              .unit = BoxUnit::kAnchor,
              .origin = 0.5,
              .centre_scale = 0.1,
              .size_scale = 0.2};
  head.outputs[1].columns[0].applied = false;
  const auto match = find_described_head(graph, seen, "mine", head);
  ASSERT_TRUE(match) << match.error().message;
  const Graph body = cut(graph, seen, match.value());
  const Graph whole = test::unwrap(attach_head(body, match.value()));
  EXPECT_LT(test::difference(graph, whole), 1e-5);
  const auto found = test::unwrap(head_for("mine", match.value().description))
                         .decode(test::outputs_on_noise(whole), 64, 128, 0);
  ASSERT_TRUE(found) << found.error().message;
  const auto by_hand = [&](const HeadLevel& level, const std::vector<RawMap>& maps) {
    const std::size_t l = level.stride == 8 ? 0 : 1;
    std::vector<Detection> boxes_of_level;
    each_cell(maps[0], [&](std::int64_t y, std::int64_t x) {
      for (int a = 0; a < counts[l]; ++a) {
        const double aw = 10.0 + a, ah = 20.0 + 3 * a;
        const auto raw = [&](int c) { return maps[1].at(a * 4 + c, y, x); };
        const double cx = (static_cast<double>(x) + 0.5) * level.stride + 0.1 * raw(0) * aw;
        const double cy = (static_cast<double>(y) + 0.5) * level.stride + 0.1 * raw(1) * ah;
        const double w = std::exp(0.2 * raw(2)) * aw, h = std::exp(0.2 * raw(3)) * ah;
        double whole_of = 0;
        for (int c = 0; c < kScores; ++c) whole_of += std::exp(maps[0].at(a * kScores + c, y, x));
        for (int c = 1; c < kScores; ++c) {
          boxes_of_level.push_back({{cx - w / 2, cy - h / 2, w, h},
                                    std::exp(maps[0].at(a * kScores + c, y, x)) / whole_of,
                                    c - 1});
        }
      }
    });
    return boxes_of_level;
  };
  test::expect_same_boxes(found.value(), test::decoded_by(by_hand, body, match.value()));
}

TEST(Families, without_a_description_nothing_is_read) {
  const auto boxes = head_named("fcos").value().decode({}, 64, 64, 0.1);
  ASSERT_FALSE(boxes);
  EXPECT_THAT(boxes.error().message, HasSubstr("head_description of the model's card"));
}

}  // namespace
}  // namespace pare::engine
