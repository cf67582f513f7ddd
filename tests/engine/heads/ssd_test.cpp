#include "engine/heads/ssd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/heads/known_head.h"

namespace pare::engine {
namespace {

using test::observed;
using test::RawMap;
using ::testing::HasSubstr;

constexpr int kClasses = 2;
// In pixels, of the strides 8, 16 and 32; the last one is longer than the input is high.
const std::vector<std::vector<std::array<double, 2>>> kPriors = {
    {{{10, 10}, {16, 12}}}, {{{32, 32}, {24, 40}, {20, 20}}}, {{{90, 90}, {60, 30}}}};

struct SsdWriting {
  int opset = 13;
  int height = 64, width = 96;
  bool normalised = true;
  bool by_map = false;  // cells share the input out evenly
  bool batch = true;
  bool boxes_first = false;
  double centre_variance = 0.1;
  bool corners = true;  // wrong on purpose, if not
  bool softmax = true;  // wrong on purpose, if not
  double shift = 0;     // wrong on purpose: of centres
};

class SmallSsd {
 public:
  explicit SmallSsd(const SsdWriting& how) : b_(31, how.opset), how_(how) {
    auto x = b_.conv(b_.input({1, 3, how.height, how.width}), {.channels = 8, .stride = 4});
    std::vector<std::string> scores, raw;
    for (std::size_t l = 0; l < kPriors.size(); ++l) {
      x = b_.relu(b_.conv(x, {.channels = 8, .stride = 2}));
      const auto anchors = static_cast<int>(kPriors[l].size());
      scores.push_back(rows(b_.conv(x, {.channels = anchors * (1 + kClasses)}), 1 + kClasses));
      raw.push_back(rows(b_.conv(x, {.channels = anchors * 4}), 4));
      add_priors(b_.shape(x), 8 << l, kPriors[l]);
    }
    const auto logits = b_.concat(scores, 1);
    const auto shares = how.softmax ? b_.node("Softmax", {logits}, {b_.shape(logits)},
                                              {{"axis", std::int64_t{2}}})[0]
                                    : b_.sigmoid(logits);
    const auto made = boxes(b_.concat(raw, 1));
    for (const auto& name :
         how.boxes_first ? std::vector{made, shares} : std::vector{shares, made}) {
      b_.output(how.batch ? name : b_.reshape(name, {b_.shape(name)[1], b_.shape(name)[2]}));
    }
  }
  Graph graph() const { return b_.build(); }

 private:
  std::string rows(const std::string& map, std::int64_t columns) {
    const auto last = b_.transpose(map, {0, 2, 3, 1});
    return b_.reshape(last, {1, element_count(b_.shape(last)) / columns, columns});
  }

  void add_priors(const Shape& map, int stride, const std::vector<std::array<double, 2>>& anchors) {
    const double sides[] = {double(how_.width), double(how_.height)};
    for (std::int64_t cell = 0; cell < map[2] * map[3]; ++cell) {
      for (const auto& anchor : anchors) {
        for (std::size_t side = 0; side < 2; ++side) {
          const auto place = double(side == 0 ? cell % map[3] : cell / map[3]) + 0.5 + how_.shift;
          const double step = how_.by_map ? sides[side] / double(map[3 - side]) : stride;
          const double unit = how_.normalised ? sides[side] : 1;
          centres_.push_back(static_cast<float>(place * step / unit));
          sizes_.push_back(static_cast<float>(std::min(anchor[side], sides[side]) / unit));
        }
      }
    }
  }

  std::string number(double value) {
    const float one[] = {static_cast<float>(value)};
    return b_.constant(Tensor::of<float>({}, one));
  }

  std::string boxes(const std::string& raw) {
    const Shape pairs = {1, b_.shape(raw)[1], 2};
    const auto sizes = b_.constant(Tensor::of<float>(pairs, sizes_));
    const auto moved = b_.mul(b_.mul(b_.slice(raw, 2, 0, 2), number(how_.centre_variance)), sizes);
    const auto centre = b_.add(moved, b_.constant(Tensor::of<float>(pairs, centres_)));
    const auto grown = b_.mul(b_.slice(raw, 2, 2, 4), number(0.2));
    const auto size = b_.mul(b_.node("Exp", {grown}, {pairs})[0], sizes);
    if (!how_.corners) return b_.concat({centre, size}, 2);
    const auto half = b_.node("Div", {size, number(2)}, {pairs})[0];
    return b_.concat({b_.node("Sub", {centre, half}, {pairs})[0], b_.add(centre, half)}, 2);
  }

  test::GraphBuilder b_;
  SsdWriting how_;
  std::vector<float> centres_, sizes_;
};

// From the paper; the size of the input decides where an anchor is cut and cells lie.
test::LevelDecoder by_hand(const SsdWriting& how) {
  return [=](const HeadLevel& level, const std::vector<RawMap>& maps) {
    std::vector<Detection> found;
    const auto& anchors = kPriors[level.stride == 8 ? 0 : level.stride == 16 ? 1 : 2];
    const double stride = level.stride;
    for (std::size_t a = 0; a < anchors.size(); ++a) {
      for (std::int64_t y = 0; y < maps[0].ny(); ++y) {
        for (std::int64_t x = 0; x < maps[0].nx(); ++x) {
          const auto raw = [&](int i) { return maps[1].at(std::int64_t(a) * 4 + i, y, x); };
          // No cell is cut at the sizes of these tests: the maps are as large as the input.
          const double aw = std::min(anchors[a][0], stride * double(maps[0].nx()));
          const double ah = std::min(anchors[a][1], stride * double(maps[0].ny()));
          const double w = aw * std::exp(0.2 * raw(2)), h = ah * std::exp(0.2 * raw(3));
          const double cx = (double(x) + 0.5) * stride + how.centre_variance * raw(0) * aw;
          const double cy = (double(y) + 0.5) * stride + how.centre_variance * raw(1) * ah;
          double whole = 0;
          const auto logit = [&](int c) {
            return std::exp(maps[0].at(std::int64_t(a) * (1 + kClasses) + c, y, x));
          };
          for (int c = 0; c <= kClasses; ++c) whole += logit(c);
          for (int c = 1; c <= kClasses; ++c) {
            found.push_back({{cx - w / 2, cy - h / 2, w, h}, logit(c) / whole, c - 1});
          }
        }
      }
    }
    return found;
  };
}

const std::vector<SsdWriting> kSsdWritings = {{},
                                              {.opset = 9},
                                              {.normalised = false},
                                              {.by_map = true},
                                              {.batch = false},
                                              {.boxes_first = true, .centre_variance = 0.25}};

TEST(Ssd, every_way_of_writing_it_is_decoded_as_by_hand_at_three_sizes) {
  for (std::size_t i = 0; i < kSsdWritings.size(); ++i) {
    SCOPED_TRACE(i);
    test::expect_decoded_as(SmallSsd(kSsdWritings[i]).graph(), "ssd", by_hand(kSsdWritings[i]));
  }
}

// 60 x 104 ends in parts of cells: by strides they reach over the border, otherwise they are
// shorter.
TEST(Ssd, cells_at_a_border_that_is_no_multiple_of_the_stride_stay_as_they_were) {
  for (const bool by_map : {false, true}) {
    const SsdWriting how{.height = 60, .width = 104, .by_map = by_map};
    const Graph graph = SmallSsd(how).graph();
    const test::KnownHead known(graph);
    EXPECT_EQ(known.match.head, "ssd");
    EXPECT_EQ(known.match.priors.by_map, by_map);
    EXPECT_LT(test::difference(graph, known.at(60, 104)), 1e-5);
  }
}

TEST(Ssd, priors_and_variances_are_read_off_the_graph_and_anchors_that_were_cut_are_whole) {
  const test::KnownHead known(SmallSsd({.centre_variance = 0.25}).graph());
  EXPECT_EQ(known.match.classes, kClasses);
  EXPECT_NEAR(known.match.priors.centre_variance, 0.25, 1e-6);
  EXPECT_NEAR(known.match.priors.size_variance, 0.2, 1e-6);
  for (std::size_t l = 0; l < kPriors.size(); ++l) {
    for (std::size_t a = 0; a < kPriors[l].size(); ++a) {
      for (std::size_t side = 0; side < 2; ++side) {
        EXPECT_NEAR(known.match.levels[l].anchors[a][side], kPriors[l][a][side], 1e-3);
      }
    }
  }
}

TEST(Ssd, a_tail_that_is_nearly_one_is_refused_with_what_does_not_fit) {
  const std::vector<std::pair<SsdWriting, const char*>> table = {
      {{.corners = false}, "its sides are not a moved centre, less and more half a size"},
      {{.softmax = false}, "its outputs are not the shares of a softmax for each prior"},
      {{.shift = 0.2}, "its centre is at"},
  };
  for (const auto& [how, reason] : table) {
    const Graph graph = SmallSsd(how).graph();
    const auto match = find_head(graph, observed(graph), "ssd");
    ASSERT_FALSE(match) << reason;
    EXPECT_EQ(match.error().code, ErrorCode::kUnsupported);
    EXPECT_THAT(match.error().message, HasSubstr(reason));
  }
}

TEST(Ssd, every_raw_channel_has_a_role) {
  const test::KnownHead known(SmallSsd({}).graph());
  int channels = 0;
  for (const ChannelRange& range : roles_of(known.match, known.match.levels[1])) {
    channels += range.count;
  }
  EXPECT_EQ(channels, 3 * (1 + kClasses + 4));
}

TEST(Ssd, outputs_of_another_shape_are_refused_with_it) {
  const std::vector<float> values(12, 0.5F);
  const auto of = [&](const Shape& shape) { return Tensor::of<float>(shape, values); };
  EXPECT_THAT(
      head_ssd().decode(std::vector{of({1, 6, 2}), of({1, 3, 4})}, 64, 96, 0.1).error().message,
      HasSubstr("head ssd: outputs (1, 6, 2), (1, 3, 4) for an input of 64 x 96"));
  EXPECT_FALSE(head_ssd().decode({}, 64, 96, 0.1));
}

}  // namespace
}  // namespace pare::engine
