#include "engine/heads/centerface.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/heads/family_detectors.h"
#include "tests/engine/heads/known_head.h"

namespace pare::engine {
namespace {

using test::Laid;
using test::RawMap;
using ::testing::HasSubstr;

struct CenterfaceWriting {
  Laid laid = Laid::kMaps;
  int stride = 4;       // wrong on purpose, if not
  bool sigmoid = true;  // wrong on purpose, if not
};

Graph small_centerface(const CenterfaceWriting& how) {
  test::FamilyBuilder f({how.stride});
  for (const int columns : {1, 2, 2, 10}) {
    auto map = f.map(0, columns);
    if (columns == 1 && how.sigmoid) map = f.b.sigmoid(map);
    if (how.laid == Laid::kMaps) {
      f.b.output(map);
    } else {
      f.output(f.rows(map, 1), how.laid);
    }
  }
  return f.b.build();
}

// From the published decoder: vertical numbers first.
std::vector<Detection> by_hand(const HeadLevel&, const std::vector<RawMap>& maps) {
  std::vector<Detection> found;
  for (std::int64_t i = 0; i < maps[0].ny(); ++i) {
    for (std::int64_t j = 0; j < maps[0].nx(); ++j) {
      const double s0 = std::exp(maps[1].at(0, i, j)) * 4;
      const double s1 = std::exp(maps[1].at(1, i, j)) * 4;
      const double x = (static_cast<double>(j) + maps[2].at(1, i, j) + 0.5) * 4 - s1 / 2;
      const double y = (static_cast<double>(i) + maps[2].at(0, i, j) + 0.5) * 4 - s0 / 2;
      found.push_back({{x, y, s1, s0}, test::sigmoid_of(maps[0].at(0, i, j)), 0});
    }
  }
  return found;
}

TEST(Centerface, every_layout_is_decoded_as_by_hand_at_three_sizes) {
  for (const Laid laid : {Laid::kMaps, Laid::kRows, Laid::kColumnsFirst, Laid::kNoBatch}) {
    SCOPED_TRACE(static_cast<int>(laid));
    test::expect_decoded_as(small_centerface({.laid = laid}), "centerface", by_hand);
  }
}

TEST(Centerface, what_nearly_fits_is_said) {
  for (const auto& [how, said] :
       {std::pair(CenterfaceWriting{.stride = 8}, "is of the stride 8"),
        std::pair(CenterfaceWriting{.sigmoid = false}, "is of the stride 4, without a sigmoid")}) {
    const Graph graph = small_centerface(how);
    const auto match = find_head(graph, test::observed(graph));
    ASSERT_FALSE(match);
    EXPECT_THAT(match.error().message, HasSubstr("nearly centerface, but \""));
    EXPECT_THAT(match.error().message, HasSubstr(said));
  }
}

TEST(Centerface, other_outputs_are_refused) {
  EXPECT_THAT(head_centerface().decode({}, 64, 64, 0.1).error().message,
              HasSubstr("head centerface: outputs "));
}

}  // namespace
}  // namespace pare::engine
