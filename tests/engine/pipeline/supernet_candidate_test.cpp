// Candidates of the detector that ships, out of a super-network.
#include "engine/pipeline/supernet_candidate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "engine/onnx/onnx_io.h"
#include "engine/pipeline/elastic_parts.h"
#include "engine/pipeline/prepare.h"
#include "tests/support/graph_builder.h"

namespace pare::engine {
namespace {

using testing::HasSubstr;

struct Opened {
  Detector detector;
  TensorFile statistics;
};

const Opened& example() {
  static const Opened opened = [] {
    std::ifstream in("examples/circuit_boards/detector.onnx", std::ios::binary);
    const std::string onnx(std::istreambuf_iterator<char>(in), {});
    Detector detector = open_detector(std::as_bytes(std::span(onnx)), {}).value();
    auto prepared = prepare(
        detector, 2,
        [](std::size_t i, int height, int width) -> Result<Tensor> {
          return test::random_tensor({1, 3, height, width}, static_cast<unsigned>(i), 0, 255);
        },
        {.resolutions = {{detector.card.height, detector.card.width}}},
        [](double, const std::string&) {});
    return Opened{std::move(detector), std::move(prepared).value().file};
  }();
  return opened;
}

Plan plan_without(int units) {
  Plan plan;
  plan.height = example().detector.card.height;
  plan.width = example().detector.card.width;
  plan.reconstruction = Reconstruction::kIndependent;
  const Group& group = example().detector.groups.groups[1];
  if (units > 0) plan.widths[group.name] = static_cast<int>(group.units.size()) - units;
  return plan;
}

// Of the layer that reads the group that a plan narrows.
Supernet supernet() {
  const Detector& detector = example().detector;
  const Node& node = detector.body.nodes[detector.groups.groups[1].consumers[0]];
  const Shape& shape = detector.body.constants.at(node.inputs[1]).shape();
  Supernet made{{}, {0.5}, {}};
  made.changes[node.name] = {
      {test::random_tensor(shape, 1, -1, 1), test::random_tensor({shape[0]}, 2, -1, 1)}};
  return made;
}

TEST(SupernetCandidate, a_plan_that_removes_nothing_gives_the_original_byte_for_byte) {
  const auto& [detector, statistics] = example();
  const auto plain = build_candidate(detector, statistics, plan_without(0));
  const auto ours = build_from_supernet(detector, supernet(), statistics, plan_without(0));
  ASSERT_TRUE(ours) << ours.error().message;
  EXPECT_TRUE(ours.value().onnx == plain.value().onnx);
}

TEST(SupernetCandidate, a_plan_that_removes_something_gets_the_correction_and_the_same_graph) {
  const auto& [detector, statistics] = example();
  const auto plain = build_candidate(detector, statistics, plan_without(8));
  const auto ours = build_from_supernet(detector, supernet(), statistics, plan_without(8));
  ASSERT_TRUE(ours) << ours.error().message;
  EXPECT_FALSE(ours.value().onnx == plain.value().onnx);
  EXPECT_EQ(ours.value().cost.macs, plain.value().cost.macs);
  EXPECT_EQ(ours.value().widths, plain.value().widths);
  const auto again = build_from_supernet(detector, supernet(), statistics, plan_without(8));
  EXPECT_TRUE(ours.value().onnx == again.value().onnx);
}

TEST(SupernetCandidate, a_plan_without_a_block_gets_the_correction_where_blocks_were_trained) {
  const auto& [detector, statistics] = example();
  Plan plan = plan_without(0);
  plan.skip = {elastic_parts(detector).value().stages.at(0).blocks.at(0).name};
  Supernet widths = supernet();
  const auto plain = build_candidate(detector, statistics, plan);
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_TRUE(build_from_supernet(detector, widths, statistics, plan).value().onnx ==
              plain.value().onnx);
  widths.lineage.parts = true;
  EXPECT_FALSE(build_from_supernet(detector, widths, statistics, plan).value().onnx ==
               plain.value().onnx);
}

TEST(SupernetCandidate, what_int8_asks_for_reaches_int8_plans_and_no_others) {
  const auto& [detector, statistics] = example();
  Supernet other = supernet();
  other.int8.changes[other.changes.begin()->first] = other.changes.begin()->second[0];
  for (const int units : {0, 8}) {
    Plan plan = plan_without(units);
    const auto bytes = [&](const Supernet& net) {
      const auto built = build_from_supernet(detector, net, statistics, plan);
      EXPECT_TRUE(built) << built.error().message;
      return built ? built.value().onnx : "";
    };
    EXPECT_TRUE(bytes(other) == bytes(supernet())) << units;
    plan.quantization = QuantizationPlan{};
    EXPECT_FALSE(bytes(other) == bytes(supernet())) << units;
    Supernet wider = supernet();
    wider.int8.range_factors[detector.body.inputs[0].name] = 1.25;
    EXPECT_FALSE(bytes(wider) == bytes(supernet())) << units;
  }
}

TEST(SupernetCandidate, a_plan_of_another_choice_or_repair_is_refused) {
  const auto& [detector, statistics] = example();
  Plan plan = plan_without(8);
  plan.importance = Importance::kL2;
  auto refused = build_from_supernet(detector, supernet(), statistics, plan);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  plan = plan_without(8);
  plan.reconstruction = Reconstruction::kNone;
  refused = build_from_supernet(detector, supernet(), statistics, plan);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("repaired independently"));
}

}  // namespace
}  // namespace pare::engine
