// From the detector that ships to candidates and back, without a dataset.
#include "engine/pipeline/candidate.h"

#include <gmock/gmock.h>

#include "engine/pipeline/candidate_file.h"
#include "tests/engine/pipeline/candidate_of_the_example.h"

namespace pare::engine {
namespace {

using testing::HasSubstr;

TEST_F(CandidateOfTheExample, the_plan_that_changes_nothing_computes_what_the_original_does) {
  EXPECT_LT(difference(*original, bytes_of(build(plan()).onnx)), 1e-4);
}

TEST_F(CandidateOfTheExample, the_same_plan_gives_the_same_bytes) {
  Plan narrow = plan();
  const Group& group = detector->groups.groups.front();
  narrow.widths[group.name] = 8;
  EXPECT_EQ(build(narrow).onnx, build(narrow).onnx);
}

TEST_F(CandidateOfTheExample, a_sequential_plan_without_images_is_refused) {
  Plan narrow = plan();
  narrow.widths[detector->groups.groups.front().name] = 8;
  narrow.reconstruction = Reconstruction::kSequential;
  EXPECT_THAT(refusal(narrow), HasSubstr("needs calibration images"));
}

TEST_F(CandidateOfTheExample, narrower_groups_cost_less_and_are_reported) {
  Plan narrow = plan();
  for (const ChannelGroup& group : summarize(detector->groups, detector->body).groups) {
    narrow.widths[group.name] = group.widths.front();
  }
  const Candidate whole = build(plan());
  const Candidate small = build(narrow);
  EXPECT_LT(small.cost.macs, whole.cost.macs / 2);
  EXPECT_LT(small.onnx.size(), whole.onnx.size() / 2);
  for (const auto& [name, width] : small.widths) {
    if (!narrow.widths.contains(name)) continue;
    EXPECT_EQ(width.first, narrow.widths.at(name));
  }
}

TEST_F(CandidateOfTheExample, a_smaller_input_costs_in_proportion_to_its_pixels) {
  Plan half = plan();
  half.height = half.width = plan().height / 2 / 32 * 32;
  const double pixels = static_cast<double>(half.height * half.width) /
                        static_cast<double>(plan().height * plan().width);
  EXPECT_NEAR(static_cast<double>(build(half).cost.macs),
              pixels * static_cast<double>(build(plan()).cost.macs),
              0.01 * static_cast<double>(build(plan()).cost.macs));
}

TEST_F(CandidateOfTheExample, an_int8_candidate_is_about_a_quarter_of_the_size_and_still_close) {
  Plan int8 = plan();
  int8.quantization = QuantizationPlan{};
  const Candidate quantized = build(int8);
  EXPECT_LT(quantized.onnx.size(), build(plan()).onnx.size() * 2 / 5);
  EXPECT_LT(difference(*original, bytes_of(quantized.onnx)), 0.3);
}

TEST_F(CandidateOfTheExample, what_it_computes_in_stands_in_its_metadata_and_its_numbers_stay) {
  Plan shorter = plan();
  shorter.floats = Precision::kBf16;
  const Candidate exact = build(plan());
  const Candidate bf16 = build(shorter);
  const auto about = provenance_of(std::as_bytes(std::span(bf16.onnx)));
  ASSERT_TRUE(about);
  EXPECT_EQ(floats_of(about.value()), Precision::kBf16);
  EXPECT_EQ(floats_of(provenance_of(std::as_bytes(std::span(exact.onnx))).value()),
            Precision::kFp32);
  EXPECT_EQ(difference(std::as_bytes(std::span(bf16.onnx)), std::as_bytes(std::span(exact.onnx))),
            0);
}

TEST_F(CandidateOfTheExample, plans_that_do_not_fit_the_model_are_refused_by_name) {
  Plan unknown = plan();
  unknown.widths["no/such/group"] = 8;
  EXPECT_THAT(refusal(unknown), HasSubstr("no/such/group"));
  Plan odd = plan();
  odd.height = 100;
  EXPECT_THAT(refusal(odd), HasSubstr("100"));
  Plan layer = plan();
  layer.quantization = QuantizationPlan{};
  layer.layers["nonesuch"].int8 = false;
  EXPECT_THAT(refusal(layer), HasSubstr("nonesuch"));
}

TEST_F(CandidateOfTheExample, a_card_that_contradicts_the_file_is_refused) {
  PartialCard card;
  card.height = card.width = 32;
  EXPECT_THAT(open_detector(*original, card).error().message, HasSubstr("32x32"));
  PartialCard classes;
  classes.classes = {"one"};
  EXPECT_THAT(open_detector(*original, classes).error().message, HasSubstr("1 classes"));
  PartialCard head;
  head.head = "nonesuch";
  EXPECT_THAT(open_detector(*original, head).error().message, HasSubstr("nonesuch"));
}

}  // namespace
}  // namespace pare::engine
