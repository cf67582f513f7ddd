#include "engine/heads/yolox_decoded.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/heads/known_head.h"

namespace pare::engine {
namespace {

using test::observed;
using test::RawMap;
using ::testing::HasSubstr;

constexpr int kClasses = 3;

struct DecodedWriting {
  int opset = 13;
  std::vector<int> strides = {8, 16, 32};
  bool columns_first = false;
  bool batch = true;
  bool by_level = false;  // each level is decoded before they are joined
  double shift = 0;       // wrong on purpose: of the grid
};

class SmallDecodedYolox {
 public:
  explicit SmallDecodedYolox(const DecodedWriting& how) : b_(61, how.opset), how_(how) {
    auto x = b_.conv(b_.input({1, 3, 64, 96}), {.channels = 8, .stride = 4});
    int stride = 4;
    std::vector<std::string> levels;
    for (const int wanted : how.strides) {
      for (; stride < wanted; stride *= 2) x = b_.silu(b_.conv(x, {.channels = 8, .stride = 2}));
      const auto box = b_.conv(x, {.channels = 4, .kernel = 1});
      const auto objectness = b_.sigmoid(b_.conv(x, {.channels = 1, .kernel = 1}));
      const auto classes = b_.sigmoid(b_.conv(x, {.channels = kClasses, .kernel = 1}));
      const auto map = b_.concat({box, objectness, classes}, 1);
      const Shape shape = b_.shape(map);
      const auto flat = b_.reshape(map, {1, shape[1], shape[2] * shape[3]});
      if (how.by_level) clear();
      add_cells(shape, wanted);
      levels.push_back(how.by_level ? decoded(flat) : flat);
    }
    auto out = b_.concat(levels, how.by_level ? 1 : 2);
    if (!how.by_level) out = decoded(out);
    if (how.columns_first) out = b_.transpose(out, {0, 2, 1});
    if (!how.batch) out = b_.reshape(out, {b_.shape(out)[1], b_.shape(out)[2]});
    b_.output(out);
  }
  Graph graph() const { return b_.build(); }

 private:
  void clear() {
    grid_.clear();
    strides_.clear();
  }
  void add_cells(const Shape& map, int stride) {
    for (std::int64_t cell = 0; cell < map[2] * map[3]; ++cell) {
      grid_.push_back(static_cast<float>(static_cast<double>(cell % map[3]) + how_.shift));
      grid_.push_back(static_cast<float>(cell / map[3]));
      strides_.push_back(static_cast<float>(stride));
    }
  }

  // (1, columns, cells) to (1, cells, columns)
  std::string decoded(const std::string& flat) {
    const auto rows = b_.transpose(flat, {0, 2, 1});
    const std::int64_t count = b_.shape(rows)[1];
    const auto strides = b_.constant(Tensor::of<float>({1, count, 1}, strides_));
    const auto grid = b_.constant(Tensor::of<float>({1, count, 2}, grid_));
    const auto centre = b_.mul(b_.add(b_.slice(rows, 2, 0, 2), grid), strides);
    const auto raw = b_.slice(rows, 2, 2, 4);
    const auto size = b_.mul(b_.node("Exp", {raw}, {b_.shape(raw)})[0], strides);
    return b_.concat({centre, size, b_.slice(rows, 2, 4, 5 + kClasses)}, 2);
  }

  test::GraphBuilder b_;
  DecodedWriting how_;
  std::vector<float> grid_, strides_;
};

// From the paper: maps are box, objectness and classes.
std::vector<Detection> by_hand(const HeadLevel& level, const std::vector<RawMap>& maps) {
  std::vector<Detection> found;
  const double s = level.stride;
  for (std::int64_t y = 0; y < maps[0].ny(); ++y) {
    for (std::int64_t x = 0; x < maps[0].nx(); ++x) {
      const double w = s * std::exp(maps[0].at(2, y, x)), h = s * std::exp(maps[0].at(3, y, x));
      const double cx = s * (static_cast<double>(x) + maps[0].at(0, y, x));
      const double cy = s * (static_cast<double>(y) + maps[0].at(1, y, x));
      for (int c = 0; c < kClasses; ++c) {
        const double score =
            test::sigmoid_of(maps[1].at(0, y, x)) * test::sigmoid_of(maps[2].at(c, y, x));
        found.push_back({{cx - w / 2, cy - h / 2, w, h}, score, c});
      }
    }
  }
  return found;
}

TEST(YoloxDecoded, every_way_of_writing_it_is_decoded_as_by_hand_at_three_sizes) {
  const std::vector<DecodedWriting> writings = {{},
                                                {.opset = 11},
                                                {.strides = {4, 8}},
                                                {.columns_first = true},
                                                {.batch = false},
                                                {.columns_first = true, .by_level = true}};
  for (std::size_t i = 0; i < writings.size(); ++i) {
    SCOPED_TRACE(i);
    test::expect_decoded_as(SmallDecodedYolox(writings[i]).graph(), "yolox_decoded", by_hand);
  }
}

TEST(YoloxDecoded, its_roles_are_those_of_its_three_maps) {
  const test::KnownHead known(SmallDecodedYolox({}).graph());
  const auto ranges = roles_of(known.match, known.match.levels[0]);
  ASSERT_EQ(ranges.size(), 3U);
  EXPECT_EQ(ranges[0].kind, ChannelKind::kOffset);
  EXPECT_EQ(ranges[1].kind, ChannelKind::kObjectness);
  EXPECT_EQ(ranges[2].count, kClasses);
}

TEST(YoloxDecoded, another_grid_is_refused_with_what_was_seen) {
  const Graph graph = SmallDecodedYolox({.shift = 0.5}).graph();
  const auto match = find_head(graph, observed(graph), "yolox_decoded");
  ASSERT_FALSE(match);
  EXPECT_THAT(match.error().message,
              HasSubstr("(1, 126, 8) are not box, objectness and classes of the cells of a map (1, "
                        "1, 8, 12) and its grid"));
}

}  // namespace
}  // namespace pare::engine
