// Families that are recognised as a description and have outputs of each stride: RTMDet, FCOS,
// RetinaNet.
#include <gtest/gtest.h>

#include "tests/engine/heads/family_detectors.h"
#include "tests/engine/heads/known_head.h"

namespace pare::engine {
namespace {

using test::each_cell;
using test::Laid;
using test::LevelWriting;
using test::of_channels;
using test::RawMap;
using test::small_levels;

// Distances in units from a point of each cell.
test::LevelDecoder by_distances(const LevelWriting& how, double origin, bool in_strides) {
  return [=](const HeadLevel& level, const std::vector<RawMap>& maps) {
    const RawMap& sides = of_channels(maps, 4);
    const RawMap& scores = of_channels(maps, 3);
    std::vector<Detection> found;
    each_cell(scores, [&](std::int64_t y, std::int64_t x) {
      const double s = level.stride;
      const double px = (static_cast<double>(x) + origin) * s;
      const double py = (static_cast<double>(y) + origin) * s;
      const auto d = [&](int side) {
        const double raw = how.weight * sides.at(side, y, x);
        const double through = how.function == "Exp"    ? std::exp(raw)
                               : how.function == "Relu" ? std::max(0.0, raw)
                                                        : raw;
        return through * (how.by_stride || in_strides ? s : 1);
      };
      const double centre = how.centerness ? test::sigmoid_of(of_channels(maps, 1).at(0, y, x)) : 1;
      for (int c = 0; c < 3; ++c) {
        found.push_back({{px - d(0), py - d(1), d(0) + d(2), d(1) + d(3)},
                         test::sigmoid_of(scores.at(c, y, x)) * centre,
                         c});
      }
    });
    return found;
  };
}

TEST(Rtmdet, every_way_of_writing_it_is_decoded_as_by_hand_at_three_sizes) {
  const std::vector<LevelWriting> writings = {
      {.by_stride = true},
      {.laid = Laid::kRows, .sigmoid = true, .function = "Exp", .by_stride = true},
      {.laid = Laid::kColumnsFirst, .by_kind = false, .by_stride = true}};
  for (std::size_t i = 0; i < writings.size(); ++i) {
    SCOPED_TRACE(i);
    test::expect_decoded_as(small_levels(writings[i]), "rtmdet",
                            by_distances(writings[i], 0, false));
  }
}

TEST(Fcos, every_way_of_writing_it_is_decoded_as_by_hand_at_three_sizes) {
  const std::vector<LevelWriting> writings = {
      {.centerness = true, .function = "Exp", .weight = 1.5},
      {.laid = Laid::kRows,
       .centerness = true,
       .sigmoid = true,
       .function = "Relu",
       .by_stride = true},
      {.laid = Laid::kColumnsFirst, .centerness = true, .by_kind = false, .function = "Relu"},
      {.laid = Laid::kRows, .centerness = true, .function = "Exp", .joined = true},
      {.strides = {8, 16, 32, 64}, .centerness = true, .function = "Exp"}};
  for (std::size_t i = 0; i < writings.size(); ++i) {
    SCOPED_TRACE(i);
    const bool strides = writings[i].function == "Relu" && !writings[i].by_stride;
    test::expect_decoded_as(small_levels(writings[i]), "fcos",
                            by_distances(writings[i], 0.5, strides));
  }
}

constexpr double kEnough = 0.55;  // for a few hundred boxes

// The published anchors: a ratio's three scales one after the other.
std::vector<Detection> retinanet_by_hand(const HeadLevel& level, const std::vector<RawMap>& maps) {
  const RawMap& deltas = of_channels(maps, 36);
  const RawMap& scores = of_channels(maps, 27);
  std::vector<Detection> found;
  each_cell(scores, [&](std::int64_t y, std::int64_t x) {
    for (int a = 0; a < 9; ++a) {
      const double ratio = std::vector<double>{0.5, 1, 2}[static_cast<std::size_t>(a / 3)];
      const double side = 4 * level.stride * std::pow(2, (a % 3) / 3.0);
      const double aw = side / std::sqrt(ratio), ah = side * std::sqrt(ratio);
      const auto raw = [&](int c) { return deltas.at(a * 4 + c, y, x); };
      const double cx = static_cast<double>(x) * level.stride + raw(0) * aw;
      const double cy = static_cast<double>(y) * level.stride + raw(1) * ah;
      const double w = std::exp(raw(2)) * aw, h = std::exp(raw(3)) * ah;
      for (int c = 0; c < 3; ++c) {
        const double score = test::sigmoid_of(scores.at(a * 3 + c, y, x));
        if (score > kEnough) found.push_back({{cx - w / 2, cy - h / 2, w, h}, score, c});
      }
    }
  });
  return found;
}

TEST(Retinanet, every_way_of_writing_it_is_decoded_as_by_hand_at_three_sizes) {
  const std::vector<int> five = {8, 16, 32, 64, 128};
  const std::vector<LevelWriting> writings = {
      {.anchors = 9, .strides = five},
      {.laid = Laid::kRows, .anchors = 9, .strides = five, .sigmoid = true},
      {.laid = Laid::kRows, .anchors = 9, .strides = five, .joined = true},
      {.laid = Laid::kColumnsFirst,
       .anchors = 9,
       .strides = five,
       .sigmoid = true,
       .joined = true}};
  for (std::size_t i = 0; i < writings.size(); ++i) {
    SCOPED_TRACE(i);
    test::expect_decoded_as(small_levels(writings[i]), "retinanet", retinanet_by_hand, kEnough);
  }
}

// Corners in pixels, made in the model.
Graph decoded_fcos() {
  test::FamilyBuilder f({8, 16});
  std::vector<std::string> scores, boxes, centres;
  for (std::size_t l = 0; l < 2; ++l) {
    scores.push_back(f.rows(f.map(l, 3), 1));
    const auto distances = f.apply("Exp", f.rows(f.map(l, 4), 1));
    boxes.push_back(test::corners(f, f.points(l, 0.5), distances));
    centres.push_back(f.rows(f.map(l, 1), 1));
  }
  for (const auto& kind : {scores, boxes, centres}) f.b.output(f.b.concat(kind, 1));
  return f.b.build();
}

TEST(Fcos, boxes_that_are_decoded_are_found_too) {
  const LevelWriting as{.centerness = true, .function = "Exp"};
  test::expect_decoded_as(decoded_fcos(), "fcos", by_distances(as, 0.5, false));
}

// Two anchors of 20 x 30 and 50 x 40 pixels a cell.
Graph decoded_retinanet() {
  test::FamilyBuilder f({8, 16});
  std::vector<std::string> scores, boxes;
  for (std::size_t l = 0; l < 2; ++l) {
    scores.push_back(f.b.sigmoid(f.rows(f.map(l, 2 * 3), 2)));
    const auto parts = f.b.split(f.rows(f.map(l, 2 * 4), 2), {2, 2}, 2);
    const std::int64_t rows = f.b.shape(parts[0])[1];
    std::vector<double> sides;
    for (std::int64_t row = 0; row < rows; ++row) {
      const bool first = row % 2 == 0;
      sides.insert(sides.end(), {first ? 20.0 : 50.0, first ? 30.0 : 40.0});
    }
    const auto anchors = f.floats({1, rows, 2}, sides);
    const auto moved = f.b.mul(f.b.mul(parts[0], f.number(0.1)), anchors);
    const auto centre = f.b.add(moved, f.points(l, 0.5, 2));
    const auto size = f.b.mul(f.apply("Exp", f.b.mul(parts[1], f.number(0.2))), anchors);
    const auto half = f.b.mul(size, f.number(0.5));
    const auto low = f.b.node("Sub", {centre, half}, {f.b.shape(half)})[0];
    boxes.push_back(f.b.concat({low, f.b.add(centre, half)}, 2));
  }
  f.b.output(f.b.concat(scores, 1));
  f.b.output(f.b.concat(boxes, 1));
  return f.b.build();
}

TEST(Retinanet, boxes_that_are_decoded_are_found_with_their_anchors) {
  test::expect_decoded_as(
      decoded_retinanet(), "retinanet",
      [](const HeadLevel& level, const std::vector<RawMap>& maps) {
        std::vector<Detection> found;
        each_cell(maps[0], [&](std::int64_t y, std::int64_t x) {
          for (int a = 0; a < 2; ++a) {
            const auto raw = [&](int c) { return of_channels(maps, 8).at(a * 4 + c, y, x); };
            const double aw = a == 0 ? 20 : 50, ah = a == 0 ? 30 : 40;
            const double cx = (static_cast<double>(x) + 0.5) * level.stride + 0.1 * raw(0) * aw;
            const double cy = (static_cast<double>(y) + 0.5) * level.stride + 0.1 * raw(1) * ah;
            const double w = std::exp(0.2 * raw(2)) * aw, h = std::exp(0.2 * raw(3)) * ah;
            for (int c = 0; c < 3; ++c) {
              found.push_back({{cx - w / 2, cy - h / 2, w, h},
                               test::sigmoid_of(of_channels(maps, 6).at(a * 3 + c, y, x)),
                               c});
            }
          }
        });
        return found;
      });
}

}  // namespace
}  // namespace pare::engine
