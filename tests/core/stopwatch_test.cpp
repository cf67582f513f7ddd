#include "core/stopwatch.h"

#include <gtest/gtest.h>

namespace pare {
namespace {

using std::chrono::duration;

TEST(Stopwatch, names_only_what_took_place) {
  Stopwatch watch;
  EXPECT_TRUE(watch.seconds().empty());
  { const auto lap = watch.lap(Phase::kBuild); }
  ASSERT_EQ(watch.seconds().size(), 1U);
  EXPECT_GE(watch.seconds().at("build"), 0);
}

TEST(Stopwatch, adds_up_the_laps_of_a_phase) {
  Stopwatch watch;
  watch.add(Phase::kInfer, duration<double>(0.25));
  watch.add(Phase::kInfer, duration<double>(0.5));
  watch.add(Phase::kExchange, duration<double>(2));
  EXPECT_EQ(watch.seconds(), (std::map<std::string, double>{{"infer", 0.75}, {"exchange", 2}}));
}

TEST(Stopwatch, covers_the_work_and_returns_what_it_made) {
  Stopwatch watch;
  const auto start = std::chrono::steady_clock::now();
  const auto end = watch.during(Phase::kTime, [&] {
    auto now = start;
    while (now - start < std::chrono::milliseconds(2)) now = std::chrono::steady_clock::now();
    return now;
  });
  EXPECT_GE(watch.seconds().at("time"), 0.002);
  EXPECT_GE(end - start, std::chrono::milliseconds(2));
}

TEST(StopwatchDeathTest, calls_a_lap_within_a_lap_a_bug) {
  Stopwatch watch;
  const auto lap = watch.lap(Phase::kOpen);
  EXPECT_DEATH((void)watch.lap(Phase::kLoad), "laps do not nest");
}

}  // namespace
}  // namespace pare
