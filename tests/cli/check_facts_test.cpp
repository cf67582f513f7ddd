#include "cli/check_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/check_rules.h"

namespace pare::cli {
namespace {

using testing::ElementsAre;

constexpr const char* kNetworks[] = {"relu",        "large_weights", "silu",
                                     "silu_joints", "leaky_relu",    "leaky_relu_joints",
                                     "relu_joints", "depthwise"};

// A check with these networks in every setting, and what an engine says of it: a rule and a finding
// for each network that is not right everywhere.
template <typename Ok>
DeviceCheck check_of(std::initializer_list<const char*> networks, Ok ok,
                     const std::string& failure = "") {
  DeviceCheck check;
  double error = 0.1;
  for (const char* network : networks) {
    for (const QdqPlacement placement : kAllPlacements) {
      for (const int bits : {8, 7}) {
        const bool right = ok(placement, bits);
        check.correctness.push_back({network, ModelTrait::kAny, placement, bits,
                                     right ? 0.011 : error, 0.01, right ? "" : failure, right});
      }
    }
    error += 0.1;
  }
  for (const auto& probes : by_network(check.correctness)) {
    for (AvoidRule& rule : rules_for(probes)) {
      rule.reason = setting_of(rule) + " is wrong in " + probes.front().network + " (0.1 of 1.5)";
      check.findings.push_back("rt: " + rule.reason + ".");
      check.avoid.push_back(rule);
    }
  }
  return check;
}

const auto kSevenBitsAreRight = [](QdqPlacement, int bits) { return bits == 7; };

TEST(Facts, eight_kinds_of_layers_that_saturate_are_one_line_and_three_of_them_named) {
  const DeviceCheck check = check_of({kNetworks[0], kNetworks[1], kNetworks[2], kNetworks[3],
                                      kNetworks[4], kNetworks[5], kNetworks[6], kNetworks[7]},
                                     kSevenBitsAreRight);
  ASSERT_EQ(check.findings.size(), 8U);
  EXPECT_THAT(facts_of(check),
              ElementsAre("int8 with 8-bit weights saturates on this processor, in 8 kinds of "
                          "layers: plain convolutions, layers of large weights, SiLU and 5 more "
                          "(error up to 0.8 of the output, exact arithmetic has 0.01); not tried"));
}

TEST(Facts, up_to_three_kinds_of_layers_are_all_named) {
  EXPECT_THAT(facts_of(check_of({"silu", "depthwise"}, kSevenBitsAreRight)),
              ElementsAre("int8 with 8-bit weights is computed wrongly, in SiLU, depthwise layers "
                          "(error up to 0.2 of the output, exact arithmetic has 0.01); not tried"));
}

TEST(Facts, what_is_broken_in_two_settings_is_two_facts) {
  const auto mixed = [](QdqPlacement placement, int bits) {
    return placement != QdqPlacement::kSiluBlocks &&
           (placement != QdqPlacement::kOperators || bits == 7);
  };
  EXPECT_THAT(
      facts_of(check_of({"silu", "leaky_relu"}, mixed)),
      ElementsAre(testing::StartsWith("int8 with 8-bit weights with Q/DQ around every operator is "
                                      "computed wrongly, in SiLU, LeakyRelu ("),
                  testing::StartsWith("int8 with Q/DQ around SiLU blocks is computed wrongly, in "
                                      "SiLU, LeakyRelu (")));
}

TEST(Facts, a_setting_that_does_not_run_says_why) {
  const auto none = [](QdqPlacement, int) { return false; };
  EXPECT_THAT(facts_of(check_of({"depthwise"}, none, "no kernel")),
              ElementsAre("int8 does not run, in depthwise layers (no kernel); not tried"));
}

TEST(Facts, timings_stay_a_line_each_and_say_whether_they_keep_something_out) {
  DeviceCheck check = check_of({"silu"}, kSevenBitsAreRight);
  for (const char* slow : {"int8 takes 1.6 times", "int8 takes 0.6 times"}) {
    check.findings.push_back("rt: " + std::string(slow) + ".");
  }
  AvoidRule slow = check.avoid.front();
  slow.reason = "int8 takes 1.6 times";
  check.avoid.push_back(slow);
  EXPECT_THAT(facts_of(check),
              ElementsAre(testing::HasSubstr("in SiLU"), "int8 takes 1.6 times; not tried",
                          "int8 takes 0.6 times"));
}

TEST(Facts, findings_in_the_words_of_another_engine_are_each_shown) {
  DeviceCheck check = check_of({"silu", "relu"}, kSevenBitsAreRight);
  check.findings.front() = "rt: something else.";
  EXPECT_EQ(facts_of(check).size(), check.findings.size());
  check.findings.clear();
  EXPECT_TRUE(facts_of(check).empty());
}

}  // namespace
}  // namespace pare::cli
