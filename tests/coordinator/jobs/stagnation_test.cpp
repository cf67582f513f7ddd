#include "coordinator/jobs/stagnation.h"

#include <gtest/gtest.h>

#include <cmath>

namespace pare::coordinator {
namespace {

class StagnationTest : public testing::Test {
 protected:
  // A trial measured on two targets; the first is the original.
  void tell(double map, double latency_a, double latency_b, double violation = -1) {
    search::Observation observation;
    observation.trial = TrialId{++told};
    for (const double ms : {latency_a, latency_b}) {
      observation.targets.push_back(
          {search::Status::kMeasured, {1 - map, std::log(ms)}, {violation}});
    }
    stagnation.tell(NewJob{}, observation, told == 1);
  }

  Stagnation stagnation;
  int told = 0;
};

TEST_F(StagnationTest, it_is_reached_when_no_front_has_grown_for_so_many_trials) {
  tell(0.40, 10, 10);
  tell(0.39, 8, 8);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(stagnation.reached(3));
    tell(0.38, 9, 9);
  }
  EXPECT_TRUE(stagnation.reached(3));
  EXPECT_FALSE(stagnation.reached(4)) << "the second trial brought something";
  tell(0.38, 9, 7);
  EXPECT_FALSE(stagnation.reached(3)) << "on one of the targets";
}

TEST_F(StagnationTest, growth_within_a_thousandth_counts_as_none) {
  tell(0.40, 10, 10);
  tell(0.40, 5, 5);
  tell(0.40, 4.999, 4.999);
  tell(0.40, 4.998, 4.998);
  EXPECT_TRUE(stagnation.reached(2));
}

TEST_F(StagnationTest, what_is_of_no_use_brings_nothing) {
  tell(0.40, 10, 10);
  tell(0.19, 1, 1);
  tell(0.40, 11, 11);
  EXPECT_TRUE(stagnation.reached(2));
}

TEST_F(StagnationTest, what_breaks_a_constraint_brings_nothing) {
  tell(0.40, 10, 10);
  tell(0.30, 1, 1, 0.1);
  tell(0.30, 1, 1, 0.1);
  EXPECT_TRUE(stagnation.reached(2));
}

}  // namespace
}  // namespace pare::coordinator
