// Trained weights together with blocks that are out and kernels that are smaller.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "engine/pipeline/elastic_parts.h"
#include "engine/pipeline/supernet_candidate.h"
#include "tests/engine/pipeline/candidate_of_the_example.h"
#include "tests/support/onnxruntime_reference.h"

namespace pare::engine {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class TrainedLevers : public CandidateOfTheExample {
 protected:
  // The first block of every stage, the next smaller kernel of every layer and one group narrower
  // that is left.
  static Plan every_lever() {
    const ModelSummary model = summarize(*detector, *original).value();
    Plan all = plan();
    for (const DepthStage& stage : model.stages) all.skip.insert(stage.blocks.front().name);
    for (const KernelChoice& kernel : model.kernels) {
      all.kernels[kernel.layer] = kernel.sizes.front();
    }
    for (const ChannelGroup& group : model.groups) {
      if (group.widths.size() > 1) all.widths[group.name] = group.widths[group.widths.size() - 2];
    }
    all.weights = Weights::kSupernet;
    return all;
  }
  // As if every layer had been trained.
  static Supernet supernet() {
    Supernet made{{}, {0.1, 0.5}, {}};
    unsigned seed = 0;
    for (const Node& node : detector->body.nodes) {
      if (node.op != "Conv") continue;
      const Shape& shape = detector->body.constants.at(node.inputs[1]).shape();
      for (int knot = 0; knot < 2; ++knot) {
        made.changes[node.name].push_back({test::random_tensor(shape, ++seed, -0.02F, 0.02F),
                                           test::random_tensor({shape[0]}, ++seed, -0.02F, 0.02F)});
      }
    }
    return made;
  }
  static Candidate inherited(const Plan& plan) {
    auto built = build_from_supernet(*detector, supernet(), *statistics, plan);
    EXPECT_TRUE(built) << (built ? "" : built.error().message);
    return std::move(built).value();
  }
  // Of the executor's outputs from ONNX Runtime's, as a share of each one's range; the worst.
  static double from_onnxruntime(const std::string& onnx) {
    const fs::path file = fs::temp_directory_path() / ("pare-" + std::to_string(::getpid()));
    std::ofstream(file, std::ios::binary) << onnx;
    const test::Reference reference =
        test::onnxruntime_reference(file, {.outputs_only = true, .low = 0, .high = 255});
    fs::remove(file);
    const Graph graph = import_onnx(bytes_of(onnx)).value();
    const auto ours = make_openvino_runner(graph).value()->run({reference.input}).value();
    double worst = 0;
    for (std::size_t i = 0; i < ours.size(); ++i) {
      const auto here = ours[i].values<float>();
      const auto there = reference.tensors.at(graph.outputs[i].name).values<float>();
      const auto [low, high] = std::ranges::minmax(there);
      for (std::size_t k = 0; k < here.size(); ++k) {
        worst = std::max(worst, double{std::abs(here[k] - there[k])} / double{high - low});
      }
    }
    return worst;
  }
};

TEST_F(TrainedLevers, a_super_network_goes_together_with_blocks_and_kernels_on_two_runtimes) {
  const Plan all = every_lever();
  ASSERT_FALSE(all.skip.empty());
  ASSERT_FALSE(all.kernels.empty());
  ASSERT_FALSE(all.widths.empty());
  const Candidate candidate = inherited(all);
  EXPECT_LT(from_onnxruntime(candidate.onnx), 1e-4);
  Plan plain = all;
  plain.weights = Weights::kOriginal;
  const Candidate closed_form = build(plain);
  EXPECT_EQ(candidate.cost.macs, closed_form.cost.macs);
  EXPECT_EQ(candidate.widths, closed_form.widths);
  EXPECT_GT(difference(bytes_of(candidate.onnx), bytes_of(closed_form.onnx)), 1e-3);
}

TEST_F(TrainedLevers, each_lever_alone_takes_the_trained_weights_too) {
  const Plan all = every_lever();
  Plan widths = plan(), blocks = widths, kernels = widths;
  widths.widths = all.widths;
  blocks.skip = all.skip;
  kernels.kernels = all.kernels;
  for (Plan one : {widths, blocks, kernels}) {
    one.weights = Weights::kSupernet;
    EXPECT_LT(from_onnxruntime(inherited(one).onnx), 1e-4);
  }
}

TEST_F(TrainedLevers, the_weights_of_one_plan_are_a_change_of_what_its_blocks_and_kernels_leave) {
  const Plan all = every_lever();
  const double removed = share_removed(*detector, *statistics, all).value();
  Detector other = *detector;
  other.body = corrected(detector->body, supernet(), removed).value();
  const Graph after = reduce(other, *statistics, all).value().detector.body;
  const Graph before = reduce(*detector, *statistics, all).value().detector.body;
  const Supernet tuned{{}, {removed}, changes_between(before, after)};
  Plan alone = all;
  alone.weights = Weights::kTuned;
  const auto built = build_from_supernet(*detector, tuned, *statistics, alone);
  ASSERT_TRUE(built) << built.error().message;
  const Candidate expected = inherited(all);
  EXPECT_LT(difference(bytes_of(built.value().onnx), bytes_of(expected.onnx)), 1e-4);
  EXPECT_EQ(built.value().widths, expected.widths);
  Plan quantized = alone;
  quantized.quantization.emplace();
  EXPECT_TRUE(build_from_supernet(*detector, tuned, *statistics, quantized));
}

TEST_F(TrainedLevers, what_does_not_differ_is_no_change) {
  EXPECT_TRUE(changes_between(detector->body, detector->body).empty());
}

}  // namespace
}  // namespace pare::engine
