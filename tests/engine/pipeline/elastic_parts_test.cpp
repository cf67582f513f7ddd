#include "engine/pipeline/elastic_parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/pipeline/candidate_of_the_example.h"

namespace pare::engine {
namespace {

using testing::HasSubstr;

class PartsOfTheExample : public CandidateOfTheExample {
 protected:
  static ModelSummary summary() { return summarize(*detector, *original).value(); }
  static std::set<std::string> first_block() {
    return {summary().stages.front().blocks.front().name};
  }
};

TEST_F(PartsOfTheExample, a_block_that_is_skipped_leaves_nothing_and_the_rest_near_what_it_was) {
  const ModelSummary model = summary();
  ASSERT_FALSE(model.stages.empty());
  for (const DepthStage& stage : model.stages) {
    const DepthBlock& block = stage.blocks.front();
    Plan skipped = plan();
    skipped.skip = {block.name};
    const Candidate candidate = build(skipped);
    const Graph graph = import_onnx(bytes_of(candidate.onnx)).value();
    for (const std::string& layer : block.layers) EXPECT_EQ(find_node(graph, layer), nullptr);
    for (const std::string& group : block.groups) EXPECT_EQ(candidate.widths.at(group).first, 0);
    EXPECT_LT(candidate.cost.macs, model.macs);
    EXPECT_LT(difference(*original, bytes_of(candidate.onnx)), 0.9) << block.name;
  }
}

TEST_F(PartsOfTheExample, the_same_plan_gives_the_same_bytes) {
  Plan skipped = plan();
  skipped.skip = first_block();
  EXPECT_EQ(build(skipped).onnx, build(skipped).onnx);
}

TEST_F(PartsOfTheExample, blocks_kernels_widths_int8_and_resolution_go_together) {
  const ModelSummary model = summary();
  Plan all = plan();
  for (const DepthStage& stage : model.stages) {
    for (const DepthBlock& block : stage.blocks) all.skip.insert(block.name);
  }
  for (const KernelChoice& kernel : model.kernels) all.kernels[kernel.layer] = kernel.sizes.back();
  for (const ChannelGroup& group : model.groups) all.widths[group.name] = group.widths.front();
  all.height = all.width = detector->card.height / 2 / 32 * 32;
  all.quantization.emplace();
  all.quantization->rounding = Rounding::kGram;
  all.layers[model.layers[2].name].int8 = false;
  const Candidate candidate = build(all);
  EXPECT_LT(static_cast<double>(candidate.cost.macs), 0.1 * static_cast<double>(model.macs));
}

TEST_F(PartsOfTheExample, what_is_not_there_is_refused_by_name) {
  Plan wrong = plan();
  wrong.skip = {"nothing"};
  EXPECT_THAT(refusal(wrong), HasSubstr("no block nothing that can be skipped"));
  wrong = plan();
  wrong.kernels = {{"nothing", 3}};
  EXPECT_THAT(refusal(wrong), HasSubstr("no layer nothing whose kernel can be smaller"));
  wrong = plan();
  wrong.skip = first_block();
  wrong.widths = {{"nothing", 8}};
  EXPECT_THAT(refusal(wrong), HasSubstr("no channel group nothing"));
}

TEST_F(PartsOfTheExample, widths_of_a_group_that_went_with_its_block_are_passed_over) {
  const DepthBlock block = summary().stages.front().blocks.front();
  ASSERT_FALSE(block.groups.empty());
  Plan skipped = plan();
  skipped.skip = {block.name};
  const std::string without = build(skipped).onnx;
  skipped.widths[block.groups.front()] = 8;
  EXPECT_EQ(build(skipped).onnx, without);
}

TEST_F(PartsOfTheExample, statistics_of_a_version_before_say_nothing_of_blocks) {
  TensorFile old = *statistics;
  std::erase_if(old.tensors,
                [](const auto& entry) { return entry.first.starts_with("gram/skip"); });
  Plan skipped = plan();
  skipped.skip = first_block();
  const auto built = build_candidate(*detector, old, skipped);
  ASSERT_FALSE(built);
  EXPECT_THAT(built.error().message, HasSubstr("prepare anew"));
}

}  // namespace
}  // namespace pare::engine
