// From the detector that ships to candidates and back, without a dataset.
#include "engine/pipeline/candidate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <vector>

#include "engine/executor/openvino_runner.h"
#include "engine/onnx/onnx_io.h"
#include "engine/pipeline/candidate_file.h"
#include "engine/pipeline/group_sensitivity.h"
#include "engine/pipeline/parity.h"
#include "engine/pipeline/prepare.h"
#include "engine/prune/importance.h"
#include "tests/support/graph_builder.h"

namespace pare::engine {
namespace {

using testing::HasSubstr;

std::vector<std::byte> file_bytes(const char* path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  const auto* const first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

Tensor image(std::size_t seed, int height, int width) {
  return test::random_tensor({1, 3, height, width}, static_cast<unsigned>(seed + 1), 0, 255);
}

// Opened and prepared once: it takes seconds.
class CandidateOfTheExample : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const auto onnx = file_bytes("examples/circuit_boards/detector.onnx");
    auto opened = open_detector(onnx, {});
    ASSERT_TRUE(opened) << (opened ? "" : opened.error().message);
    detector = new Detector(std::move(opened).value());
    original = new std::vector<std::byte>(onnx);
    const int half = detector->card.height / 2 / 32 * 32;
    auto prepared = prepare(
        *detector, 6,
        [](std::size_t i, int height, int width) -> Result<Tensor> {
          return image(i, height, width);
        },
        {.resolutions = {{detector->card.height, detector->card.width}, {half, half}}},
        [](double, const std::string&) {});
    ASSERT_TRUE(prepared) << (prepared ? "" : prepared.error().message);
    statistics = new TensorFile(std::move(prepared).value().file);
  }
  static void TearDownTestSuite() {
    delete detector;
    delete original;
    delete statistics;
  }

  static Plan plan() {
    Plan plan;
    plan.height = detector->card.height;
    plan.width = detector->card.width;
    return plan;
  }
  static Candidate build(const Plan& plan) {
    auto built = build_candidate(*detector, *statistics, plan);
    EXPECT_TRUE(built) << (built ? "" : built.error().message);
    return std::move(built).value();
  }
  static double difference(std::span<const std::byte> a, std::span<const std::byte> b) {
    const auto graph_a = import_onnx(a);
    const auto graph_b = import_onnx(b);
    auto run_a = make_openvino_runner(graph_a.value());
    auto run_b = make_openvino_runner(graph_b.value());
    const Shape& shape = graph_a.value().inputs[0].shape;
    const std::vector<Tensor> images = {
        image(90, static_cast<int>(shape[2]), static_cast<int>(shape[3]))};
    Stopwatch watch;
    const auto parity = compare_outputs(*run_a.value(), *run_b.value(), images, 1e-3, watch);
    EXPECT_TRUE(parity) << (parity ? "" : parity.error().message);
    return parity.value().max_error;
  }
  // Mean squared difference from the original's outputs on calibration images.
  static double error(std::span<const std::byte> onnx) {
    auto ours = make_openvino_runner(import_onnx(onnx).value()).value();
    auto theirs = make_openvino_runner(import_onnx(*original).value()).value();
    double total = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      const Tensor input = image(i, detector->card.height, detector->card.width);
      const auto a = ours->run({input}).value()[0], b = theirs->run({input}).value()[0];
      for (std::size_t k = 0; k < b.values<float>().size(); ++k) {
        const double d = double{a.values<float>()[k]} - double{b.values<float>()[k]};
        total += d * d;
      }
    }
    return total;
  }
  static std::string refusal(const Plan& plan) {
    const auto built = build_candidate(*detector, *statistics, plan);
    EXPECT_FALSE(built);
    return built ? "" : built.error().message;
  }

  static Detector* detector;
  static std::vector<std::byte>* original;
  static TensorFile* statistics;
};
Detector* CandidateOfTheExample::detector = nullptr;
std::vector<std::byte>* CandidateOfTheExample::original = nullptr;
TensorFile* CandidateOfTheExample::statistics = nullptr;

TEST_F(CandidateOfTheExample, the_plan_that_changes_nothing_computes_what_the_original_does) {
  EXPECT_LT(difference(*original, bytes_of(build(plan()).onnx)), 1e-4);
}

TEST_F(CandidateOfTheExample, the_same_plan_gives_the_same_bytes) {
  Plan narrow = plan();
  const Group& group = detector->groups.groups.front();
  narrow.widths[group.name] = 8;
  EXPECT_EQ(build(narrow).onnx, build(narrow).onnx);
}

// How far a narrower candidate is from the original, by what chose and repaired it.
TEST_F(CandidateOfTheExample, every_importance_builds_and_every_reconstruction_repairs) {
  const CalibrationImages images{6, [](std::size_t i, int height, int width) -> Result<Tensor> {
                                   return image(i, height, width);
                                 }};
  Plan narrow = plan();
  TensorFile file = *statistics;
  const auto guidance = group_sensitivity(*detector, file, 6, images.image,
                                          {.images = 2, .savings = {0.2}}, [](auto...) {});
  ASSERT_TRUE(guidance) << (guidance ? "" : guidance.error().message);
  ASSERT_EQ(guidance.value().allocations.size(), 1U);
  narrow.widths = guidance.value().allocations[0].widths;
  for (const auto importance : {Importance::kGram, Importance::kThinet, Importance::kL1}) {
    narrow.importance = importance;
    std::map<Reconstruction, std::string> onnx;
    for (const auto reconstruction :
         {Reconstruction::kNone, Reconstruction::kIndependent, Reconstruction::kSequential}) {
      narrow.reconstruction = reconstruction;
      const auto built = build_candidate(*detector, file, narrow, images);
      ASSERT_TRUE(built) << (built ? "" : built.error().message);
      EXPECT_LE(built.value().cost.macs,
                static_cast<std::int64_t>(0.8 * static_cast<double>(build(plan()).cost.macs)) + 1);
      onnx[reconstruction] = built.value().onnx;
    }
    EXPECT_LT(error(bytes_of(onnx.at(Reconstruction::kIndependent))),
              error(bytes_of(onnx.at(Reconstruction::kNone))));
    EXPECT_LT(error(bytes_of(onnx.at(Reconstruction::kSequential))),
              error(bytes_of(onnx.at(Reconstruction::kNone))));
  }
}

TEST_F(CandidateOfTheExample, a_sequential_plan_without_images_is_refused) {
  Plan narrow = plan();
  narrow.widths[detector->groups.groups.front().name] = 8;
  narrow.reconstruction = Reconstruction::kSequential;
  EXPECT_THAT(refusal(narrow), HasSubstr("needs calibration images"));
}

// Every width of every group, dearer as it gets narrower; allocations that meet their savings.
TEST_F(CandidateOfTheExample, guidance_covers_every_group_and_its_allocations_hold) {
  TensorFile file = *statistics;
  const auto guidance = group_sensitivity(
      *detector, file, 6,
      [](std::size_t i, int height, int width) -> Result<Tensor> {
        return image(i, height, width);
      },
      {.images = 1}, [](auto...) {});
  ASSERT_TRUE(guidance) << (guidance ? "" : guidance.error().message);
  const auto summary = summarize(detector->groups, detector->body);
  ASSERT_EQ(guidance.value().groups.size(), summary.groups.size());
  for (const GroupSensitivity& group : guidance.value().groups) {
    EXPECT_TRUE(std::ranges::is_sorted(group.damage, std::greater())) << group.group;
    EXPECT_TRUE(std::ranges::is_sorted(group.macs_saved, std::greater())) << group.group;
  }
  // Channels are ranked by what the outputs mind from now on.
  EXPECT_NE(load_orders(file, Importance::kGram).value(),
            load_orders(*statistics, Importance::kGram).value());
  const std::vector<double> savings = GroupSensitivityOptions{}.savings;
  ASSERT_EQ(guidance.value().allocations.size(), savings.size());
  const auto whole = static_cast<double>(build(plan()).cost.macs);
  for (std::size_t i = 0; i < savings.size(); ++i) {
    Plan narrow = plan();
    narrow.widths = guidance.value().allocations[i].widths;
    const auto built = build_candidate(*detector, file, narrow);
    ASSERT_TRUE(built) << (built ? "" : built.error().message);
    const double saved = 1 - static_cast<double>(built.value().cost.macs) / whole;
    EXPECT_GE(saved, savings[i]);
    EXPECT_NEAR(saved, guidance.value().allocations[i].macs_saved, 1e-9);
  }
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
