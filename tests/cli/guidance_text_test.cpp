#include "cli/guidance_text.h"

#include <gtest/gtest.h>

namespace pare::cli {
namespace {

TEST(GuidanceText, groups_come_by_their_price_at_three_quarters_and_allocations_follow) {
  Guidance guidance;
  guidance.groups = {{"dear", {8, 16, 24}, {0.9, 0.4, 0.1}, {300, 200, 100}},
                     {"cheap", {8}, {0.002}, {50}},
                     {"long",
                      {8, 16, 24, 32, 40, 48, 56},
                      {.7, .6, .5, .4, .3, .02, .01},
                      {350, 300, 250, 200, 150, 100, 50}}};
  guidance.allocations = {{0.104, 0.0301, {{"cheap", 8}, {"dear", 24}}}};
  guidance.notes = {"a word"};
  EXPECT_EQ(guidance_text(guidance, 1000, 0),
            "group, cheapest first  width  damage  MACs saved\n"
            "cheap                      8  0.0020      5.00 %\n"
            "long                      48  0.0200     10.00 %\n"
            "dear                      24  0.1000     10.00 %\n"
            "\n"
            "MACs saved  damage  groups narrower  blocks  kernels\n"
            "    10.4 %  0.0301                2       0        0\n"
            "note: a word\n");
}

TEST(GuidanceText, blocks_and_kernels_come_by_their_price) {
  Guidance guidance;
  guidance.blocks = {{{"last", "first"}, {0.01, 0.08}, {100, 200}}};
  guidance.kernels = {{"deep", {3}, {0.001}, {20}}};
  EXPECT_NE(guidance_text(guidance, 1000, 0)
                .find("skipped block or smaller kernel  damage  MACs saved\n"
                      "deep at 3x3                      0.0010      2.00 %\n"
                      "last                             0.0100     10.00 %\n"
                      "first and 1 behind it            0.0800     20.00 %\n"),
            std::string::npos)
      << guidance_text(guidance, 1000, 0);
}

}  // namespace
}  // namespace pare::cli
