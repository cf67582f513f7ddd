#include "engine/pipeline/check_verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace pare::engine {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

// All settings of one network: right where `ok` says so.
template <typename Ok>
std::vector<CorrectnessProbe> probes(const char* network, ModelTrait trait, Ok ok) {
  std::vector<CorrectnessProbe> out;
  for (const QdqPlacement placement : kAllPlacements) {
    for (const int bits : {8, 7}) {
      const bool right = ok(placement, bits);
      out.push_back({network, trait, placement, bits, right ? 0.011 : 0.9, 0.01, "", right});
    }
  }
  return out;
}

std::vector<KernelTiming> timings(KernelClass kernel, std::vector<double> fp32,
                                  std::vector<double> int8, QdqPlacement placement) {
  std::vector<KernelTiming> out;
  int channels = 16;
  for (std::size_t i = 0; i < fp32.size(); ++i, channels *= 2) {
    out.push_back({kernel, channels, 24, {}, fp32[i]});
    out.push_back({kernel, channels, 24, placement, int8[i]});
  }
  return out;
}

TEST(IsExplained, errors_of_quantization_pass_and_broken_kernels_do_not) {
  EXPECT_TRUE(is_explained(0.010, 0.010));
  EXPECT_TRUE(is_explained(0.055, 0.010));
  EXPECT_TRUE(is_explained(0.29, 0.10));
  EXPECT_FALSE(is_explained(0.07, 0.010));
  EXPECT_FALSE(is_explained(0.31, 0.10));
  EXPECT_FALSE(is_explained(std::numeric_limits<double>::infinity(), 0.01));
  EXPECT_FALSE(is_explained(std::numeric_limits<double>::quiet_NaN(), 0.01));
}

TEST(Judge, a_runtime_that_is_right_everywhere_has_nothing_to_avoid) {
  const auto right = probes("silu", ModelTrait::kSmooth, [](QdqPlacement, int) { return true; });
  const CheckVerdict verdict = judge("rt", right, {});
  EXPECT_THAT(verdict.avoid, IsEmpty());
  EXPECT_THAT(verdict.findings, IsEmpty());
}

TEST(Judge, saturation_with_8_bits_is_one_rule_about_8_bits) {
  const auto saturates =
      probes("large_weights", ModelTrait::kAny, [](QdqPlacement, int bits) { return bits == 7; });
  const CheckVerdict verdict = judge("rt", saturates, {});
  ASSERT_EQ(verdict.avoid.size(), 1U);
  EXPECT_EQ(verdict.avoid[0].trait, ModelTrait::kAny);
  EXPECT_EQ(verdict.avoid[0].weight_bits, 8);
  EXPECT_FALSE(verdict.avoid[0].placement);
  EXPECT_THAT(verdict.findings, Contains(HasSubstr("rt: int8 with 8-bit weights is computed "
                                                   "wrongly where weights and activations are "
                                                   "large: it saturates (error 0.9")));
}

TEST(Judge, what_is_wrong_in_every_setting_is_one_rule_for_models_that_have_it) {
  const auto wrong = probes("silu", ModelTrait::kSmooth, [](QdqPlacement, int) { return false; });
  const CheckVerdict verdict = judge("rt", wrong, {});
  ASSERT_EQ(verdict.avoid.size(), 1U);
  EXPECT_EQ(verdict.avoid[0].trait, ModelTrait::kSmooth);
  EXPECT_FALSE(verdict.avoid[0].weight_bits);
  EXPECT_FALSE(verdict.avoid[0].placement);
}

TEST(Judge, a_broken_placement_and_a_broken_pair_are_rules_of_their_own) {
  const auto mixed = probes("leaky_relu", ModelTrait::kLeaky, [](QdqPlacement placement, int bits) {
    if (placement == QdqPlacement::kSiluBlocks) return false;
    return placement != QdqPlacement::kOperators || bits == 7;
  });
  // With 8 bits two of three placements are wrong, with 7 one: no number of bits is wrong as such.
  const CheckVerdict verdict = judge("rt", mixed, {});
  ASSERT_EQ(verdict.avoid.size(), 2U);
  EXPECT_EQ(verdict.avoid[0].placement, QdqPlacement::kOperators);
  EXPECT_EQ(verdict.avoid[0].weight_bits, 8);
  EXPECT_EQ(verdict.avoid[1].placement, QdqPlacement::kSiluBlocks);
  EXPECT_FALSE(verdict.avoid[1].weight_bits);
}

TEST(Judge, a_network_that_does_not_run_says_why) {
  auto fails = probes("depthwise", ModelTrait::kDepthwise, [](QdqPlacement, int) { return false; });
  for (CorrectnessProbe& probe : fails) {
    probe.error = std::numeric_limits<double>::infinity();
    probe.failure = "no kernel";
  }
  EXPECT_THAT(judge("rt", fails, {}).findings,
              Contains(HasSubstr("does not run in depthwise layers (no kernel)")));
}

TEST(Judge, a_placement_is_avoided_only_where_it_is_clearly_slower_at_every_width) {
  const auto verdict_of = [](std::vector<double> int8) {
    return judge("rt", {},
                 timings(KernelClass::kSiluBlock, {100, 200, 400}, std::move(int8),
                         QdqPlacement::kOperators));
  };
  const CheckVerdict slower = verdict_of({110, 220, 430});
  ASSERT_EQ(slower.avoid.size(), 1U);
  EXPECT_EQ(slower.avoid[0].trait, ModelTrait::kSmooth);
  EXPECT_EQ(slower.avoid[0].placement, QdqPlacement::kOperators);
  EXPECT_THAT(verdict_of({110, 220, 410}).avoid, IsEmpty());
  EXPECT_THAT(verdict_of({150, 300, 200}).avoid, IsEmpty());
  EXPECT_THAT(verdict_of({150, 300, 200}).findings,
              Contains(HasSubstr("0.5 to 1.5 times the fp32 time of convolutions with SiLU")));
}

TEST(Judge, depthwise_layers_stay_in_fp32_where_blocks_are_clearly_faster_so) {
  std::vector<KernelTiming> rows;
  for (const int channels : {16, 32}) {
    rows.push_back({KernelClass::kSeparable, channels, 24, QdqPlacement::kOperators, 150});
    rows.push_back({KernelClass::kSeparableMixed, channels, 24, QdqPlacement::kOperators, 100});
  }
  const CheckVerdict verdict = judge("rt", {}, rows);
  ASSERT_EQ(verdict.avoid.size(), 1U);
  EXPECT_EQ(verdict.avoid[0].trait, ModelTrait::kDepthwise);
  rows[0].median_us = 101;
  EXPECT_THAT(judge("rt", {}, rows).avoid, IsEmpty());
}

TEST(Judge, widths_that_cost_as_much_as_wider_ones_are_told) {
  std::vector<KernelTiming> rows;
  const std::pair<int, double> times[] = {{16, 100}, {24, 199}, {32, 200}, {48, 400}};
  for (const auto& [channels, us] : times) {
    rows.push_back({KernelClass::kConv3x3, channels, 24, {}, us});
  }
  EXPECT_THAT(
      judge("rt", {}, rows).findings,
      testing::ElementsAre("rt: width steps of conv_3x3 in fp32: 24 as long as 32 channels."));
}

// Each kernel in fp32 and in a shorter type.
std::vector<KernelTiming> timings_in(Precision floats, std::vector<double> fp32,
                                     std::vector<double> shorter) {
  std::vector<KernelTiming> out;
  int channels = 16;
  for (std::size_t i = 0; i < fp32.size(); ++i, channels *= 2) {
    KernelTiming timing{KernelClass::kConv3x3, channels, 24, {}, fp32[i]};
    out.push_back(timing);
    timing.floats = floats;
    timing.median_us = shorter[i];
    out.push_back(timing);
  }
  return out;
}

TEST(Judge, a_shorter_type_that_is_right_and_somewhere_faster_is_worth_trying) {
  const auto kernels = timings_in(Precision::kBf16, {100, 200}, {110, 100});
  const CheckVerdict verdict =
      judge("rt", {}, kernels, {{.precision = Precision::kBf16, .error = 0.01, .why_not = ""}});
  ASSERT_EQ(verdict.floats.size(), 1U);
  EXPECT_EQ(verdict.floats[0].why_not, "");
  EXPECT_THAT(verdict.findings, Contains("rt: bf16 takes 0.5 to 1.1 times the fp32 time."));
  EXPECT_THAT(verdict.avoid, IsEmpty()) << "bf16 is not int8";
}

TEST(Judge, a_shorter_type_that_is_slower_or_wrong_or_does_not_run_is_of_no_use_and_says_why) {
  const auto why_not = [](const FloatCheck& check) {
    const auto kernels = timings_in(Precision::kFp16, {100, 200}, {110, 300});
    return judge("rt", {}, kernels, {check}).floats.at(0).why_not;
  };
  EXPECT_THAT(why_not({.precision = Precision::kFp16, .error = 0.01, .why_not = ""}),
              HasSubstr("1.1 to 1.5 times the fp32 time"));
  EXPECT_THAT(why_not({.precision = Precision::kBf16, .error = 0.3, .why_not = ""}),
              HasSubstr("computed wrongly (error 0.3"));
  EXPECT_THAT(why_not({.precision = Precision::kBf16,
                       .error = std::numeric_limits<double>::quiet_NaN(),
                       .why_not = ""}),
              HasSubstr("computed wrongly"));
  EXPECT_THAT(why_not({.precision = Precision::kBf16, .error = 0, .why_not = "no such kernel"}),
              HasSubstr("does not run (no such kernel)"));
}

}  // namespace
}  // namespace pare::engine
