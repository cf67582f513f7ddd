// From the detector that ships to candidates and back, without a dataset.
#include "engine/pipeline/candidate.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "engine/executor/observe.h"
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

TEST_F(CandidateOfTheExample, weights_in_fewer_bits_make_it_smaller_and_stay_close) {
  const std::size_t whole = build(plan()).onnx.size();
  double lost = 0;
  std::size_t bytes = whole;
  for (const WeightStorage storage :
       {WeightStorage{16}, WeightStorage{8}, WeightStorage{4, WeightGrid::kCodebook}}) {
    Plan stored = plan();
    stored.storage = storage;
    const Candidate made = build(stored);
    EXPECT_LT(made.onnx.size(), 0.75 * double(bytes)) << storage.bits;
    const double now = difference(*original, bytes_of(made.onnx));
    EXPECT_GT(now, lost) << storage.bits;
    EXPECT_LT(now, 0.3) << storage.bits;
    bytes = made.onnx.size();
    lost = now;
  }
}

TEST_F(CandidateOfTheExample, one_layer_may_stand_in_other_bits_than_the_rest) {
  Plan all = plan();
  all.storage = WeightStorage{8};
  const Candidate small = build(all);
  const ModelSummary summary = summarize(*detector, *original).value();
  const auto largest = std::ranges::max_element(summary.layers, {}, &Layer::parameters);
  all.layers[largest->name].storage = WeightStorage{.bits = 32};
  const auto more = double(build(all).onnx.size()) - double(small.onnx.size());
  EXPECT_NEAR(more, 3 * double(largest->parameters), 4'000);
  all.layers["no such layer"].storage = WeightStorage{8};
  EXPECT_THAT(refusal(all), HasSubstr("no such layer"));
}

TEST_F(CandidateOfTheExample, zeros_stay_zeros_whatever_they_are_stored_in) {
  const auto zeros = [&](const Plan& asked) {
    const Graph graph = import_onnx(bytes_of(build(asked).onnx)).value();
    const Observation observed = observe(graph).value();
    std::int64_t count = 0;
    for (const Node& node : graph.nodes) {
      if (node.op != "Conv") continue;
      count += std::ranges::count(observed.constants.at(node.inputs[1]).values<float>(), 0.0F);
    }
    return count;
  };
  Plan sparse = plan();
  sparse.sparsity = Sparsity{.keep = 2, .of = 4};
  const std::int64_t all = zeros(sparse);
  EXPECT_GT(all, zeros(plan()) + 1'000);
  sparse.storage = WeightStorage{4};
  EXPECT_GE(zeros(sparse), all);
}

TEST_F(CandidateOfTheExample, sixteen_bits_of_activations_are_closer_than_eight) {
  Plan eight = plan();
  eight.quantization = QuantizationPlan{};
  Plan sixteen = eight;
  sixteen.quantization->activation_bits = 16;
  const double near = difference(*original, bytes_of(build(sixteen).onnx));
  EXPECT_LT(near, difference(*original, bytes_of(build(eight).onnx)));
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
