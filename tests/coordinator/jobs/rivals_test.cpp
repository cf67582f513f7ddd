#include "coordinator/jobs/rivals.h"

#include <gtest/gtest.h>

#include "tests/coordinator/jobs/made_records.h"

namespace pare::coordinator {
namespace {

Trial trial(int number, double map, double ms_a, double ms_b) {
  Trial trial;
  trial.number = number;
  for (const auto& [name, ms] : {std::pair("a", ms_a), std::pair("b", ms_b)}) {
    TargetRecord& record = trial.on_target[name];
    record.latency = timed(ms);
    if (map > 0) {
      record.accuracy = scored(map, 128, "d" + std::to_string(number));
    }
  }
  return trial;
}

class RivalsTest : public testing::Test {
 protected:
  std::vector<std::string> rivals() {
    context.targets.resize(2);
    context.targets[0].name = "a";
    context.targets[1].name = "b";
    std::vector<Scored> scored;
    for (const Trial& other : others) {
      if (auto one = scored_of(context, other)) scored.push_back(std::move(*one));
    }
    return rivals_of(context, candidate, both, scored);
  }

  JobContext context = {.job = {},
                        .document = {},
                        .model = {},
                        .targets = {},
                        .checks = {},
                        .space = search::Space::of_decisions({})};
  Trial candidate = trial(9, 0, 10, 20);
  std::vector<std::string> both = {"a", "b"};
  std::vector<Trial> others = {trial(1, 0.40, 12, 25), trial(2, 0.30, 9, 19), trial(3, 0.35, 8, 18),
                               trial(4, 0.33, 5, 21),  trial(5, 0.20, 4, 9),  trial(6, 0, 1, 1)};
};

TEST_F(RivalsTest, are_the_most_accurate_of_those_that_are_faster_on_every_target) {
  EXPECT_EQ(rivals(), (std::vector<std::string>{"d3", "d2"}));
  candidate.on_target["b"].infeasible = "not there";
  EXPECT_EQ(rivals(), (std::vector<std::string>{"d3", "d4"})) << "4 is slower on b alone";
}

TEST_F(RivalsTest, were_scored_on_all_images_and_break_no_constraint) {
  others[2].on_target["a"].accuracy->expected = 0.35;
  EXPECT_EQ(rivals(), (std::vector<std::string>{"d2", "d5"}));
  context.document.constraints = {{{MetricKind::kMap5095}, {}, 0.25, "b"}};
  EXPECT_EQ(rivals(), (std::vector<std::string>{"d2"}));
}

TEST_F(RivalsTest, nobody_stops_the_original_or_a_search_for_something_else) {
  candidate.number = 1;
  EXPECT_TRUE(rivals().empty());
  candidate.number = 9;
  context.document.objectives.push_back({MetricKind::kBytes});
  EXPECT_TRUE(rivals().empty());
  context.document = {};
  context.document.across = Across::kWorst;
  EXPECT_TRUE(rivals().empty());
  context.document = {};
  context.labels = LabelSource::kRawOutputs;
  EXPECT_TRUE(rivals().empty());
}

}  // namespace
}  // namespace pare::coordinator
