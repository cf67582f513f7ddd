// What groups cost, which channels go and how the rest is repaired, on the detector that ships.
#include <algorithm>
#include <functional>
#include <map>
#include <vector>

#include "engine/pipeline/group_sensitivity.h"
#include "engine/prune/importance.h"
#include "tests/engine/pipeline/candidate_of_the_example.h"

namespace pare::engine {
namespace {

class NarrowingTheExample : public CandidateOfTheExample {
 protected:
  // The first output for each of three calibration images.
  static std::vector<Tensor> outputs(std::span<const std::byte> onnx) {
    const auto runner = make_openvino_runner(import_onnx(onnx).value()).value();
    std::vector<Tensor> out;
    for (std::size_t i = 0; i < 3; ++i) {
      const Tensor input = image(i, detector->card.height, detector->card.width);
      out.push_back(runner->run({input}).value()[0]);
    }
    return out;
  }
  // Summed squared difference from the original's.
  static double error(std::span<const std::byte> onnx) {
    static const std::vector<Tensor> theirs = outputs(*original);
    const std::vector<Tensor> ours = outputs(onnx);
    double total = 0;
    for (std::size_t i = 0; i < theirs.size(); ++i) {
      const auto a = ours[i].values<float>(), b = theirs[i].values<float>();
      for (std::size_t k = 0; k < b.size(); ++k) {
        const double d = double{a[k]} - double{b[k]};
        total += d * d;
      }
    }
    return total;
  }
};

// How far a narrower candidate is from the original, by what chose and repaired it.
TEST_F(NarrowingTheExample, every_importance_builds_and_every_reconstruction_repairs) {
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
  const auto whole = static_cast<double>(build(plan()).cost.macs);
  for (const auto importance : {Importance::kGram, Importance::kThinet, Importance::kL1}) {
    narrow.importance = importance;
    std::map<Reconstruction, std::string> onnx;
    for (const auto reconstruction :
         {Reconstruction::kNone, Reconstruction::kIndependent, Reconstruction::kSequential}) {
      narrow.reconstruction = reconstruction;
      const auto built = build_candidate(*detector, file, narrow, images);
      ASSERT_TRUE(built) << (built ? "" : built.error().message);
      EXPECT_LE(built.value().cost.macs, static_cast<std::int64_t>(0.8 * whole) + 1);
      onnx[reconstruction] = built.value().onnx;
    }
    const double unrepaired = error(bytes_of(onnx.at(Reconstruction::kNone)));
    EXPECT_LT(error(bytes_of(onnx.at(Reconstruction::kIndependent))), unrepaired);
    EXPECT_LT(error(bytes_of(onnx.at(Reconstruction::kSequential))), unrepaired);
  }
}

// Every width of every group, dearer as it gets narrower; allocations that meet their savings.
TEST_F(NarrowingTheExample, guidance_covers_every_group_and_its_allocations_hold) {
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
  const auto& allocations = guidance.value().allocations;
  ASSERT_GE(allocations.size(), savings.size());  // those with blocks or kernels come behind
  const auto whole = static_cast<double>(build(plan()).cost.macs);
  for (std::size_t i = 0; i < allocations.size(); ++i) {
    Plan narrow = plan();
    narrow.widths = allocations[i].widths;
    narrow.skip = allocations[i].skip;
    narrow.kernels = allocations[i].kernels;
    EXPECT_EQ(narrow.skip.empty() && narrow.kernels.empty(), i < savings.size());
    const auto built = build_candidate(*detector, file, narrow);
    ASSERT_TRUE(built) << (built ? "" : built.error().message);
    const double saved = 1 - static_cast<double>(built.value().cost.macs) / whole;
    if (i < savings.size()) {
      EXPECT_GE(saved, savings[i]);
    }
    EXPECT_NEAR(saved, allocations[i].macs_saved, 1e-9);
  }
  EXPECT_FALSE(guidance.value().blocks.empty());
  for (const StageSensitivity& stage : guidance.value().blocks) {
    for (const double damage : stage.damage) EXPECT_GT(damage, 0) << stage.blocks.front();
    EXPECT_TRUE(std::ranges::is_sorted(stage.macs_saved)) << stage.blocks.front();
  }
}

}  // namespace
}  // namespace pare::engine
