// Pictures of networks, as Graphviz's language.
#include "engine/pipeline/draw_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/onnx/onnx_io.h"
#include "tests/support/graph_builder.h"

namespace pare::engine {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class DrawNetwork : public testing::Test {
 protected:
  void SetUp() override {
    test::GraphBuilder b;
    const std::string stem =
        b.silu(b.conv(b.input({1, 3, 32, 32}), {.channels = 16, .name = "a \"stem\\n"}));
    const std::string block = b.add(stem, b.silu(b.conv(stem, {.channels = 16, .name = "block"})));
    const std::string deep = b.relu(b.conv(block, {.channels = 32, .stride = 2, .name = "deep"}));
    b.output(b.conv(deep, {.channels = 4, .name = "boxes"}));
    const std::string onnx = export_onnx(b.build());
    const auto bytes = std::as_bytes(std::span(onnx));
    detector_ = open_detector(bytes, PartialCard{}).value();
    summary_ = summarize(*detector_, bytes).value();
  }

  std::string drawn(const std::optional<Guidance>& guidance = {}) const {
    return draw_network(*detector_, summary_, guidance);
  }

  // The line that defines the node with this in its label.
  static std::string line_of(const std::string& text, const std::string& label) {
    const std::size_t at = text.find("label=\"" + label);
    EXPECT_NE(at, std::string::npos) << label;
    if (at == std::string::npos) return "";
    const std::size_t begin = text.rfind('\n', at) + 1;
    return text.substr(begin, text.find('\n', at) - begin);
  }

  static long count_of(const std::string& text, const std::string& part) {
    long count = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++count;
    return count;
  }

  std::optional<Detector> detector_;
  ModelSummary summary_;
};

TEST_F(DrawNetwork, has_layers_joints_and_the_head_and_no_activations) {
  const std::string text = drawn();
  EXPECT_THAT(text, AllOf(HasSubstr("digraph"), HasSubstr("label=\"Add 1x16x32x32\""),
                          HasSubstr("label=\"head raw"), HasSubstr("1x3x32x32")));
  EXPECT_THAT(text, AllOf(Not(HasSubstr("Sigmoid")), Not(HasSubstr("Relu"))));
  for (const Layer& layer : summary_.layers) {
    EXPECT_EQ(count_of(text, layer.op + " 3x3, " + std::to_string(layer.in_channels) + " > " +
                                 std::to_string(layer.out_channels)),
              1)
        << layer.name;
  }
  // Each of the five drawn nodes but the input has an arrow to it, and the sum has two.
  EXPECT_EQ(count_of(text, " -> "), 7);
}

TEST_F(DrawNetwork, quotes_names_that_hold_its_own_marks) {
  EXPECT_THAT(drawn(), HasSubstr(R"(label="a \"stem\\n\nConv)"));
}

TEST_F(DrawNetwork, colours_a_layer_by_what_narrowing_it_is_expected_to_cost) {
  Guidance guidance;
  for (const ChannelGroup& group : summary_.groups) {
    const bool deep = group.producers == std::vector<std::string>{"deep"};
    GroupSensitivity one{group.name, {}, {}, {}};
    for (const int width : group.widths) {
      if (width == group.channels) continue;
      one.widths.push_back(width);
      // Of three quarters; the rest must not be read.
      one.damage.push_back(4 * width < 3 * group.channels ? 99 : (deep ? 2.0 : 0.0001));
      one.macs_saved.push_back(1);
    }
    guidance.groups.push_back(std::move(one));
  }
  const std::string text = drawn(guidance);
  EXPECT_THAT(line_of(text, "deep"),
              AllOf(HasSubstr("damage 2"), HasSubstr("fillcolor=\"0.000 0.55 1\"")));
  EXPECT_THAT(line_of(text, "boxes"),
              AllOf(HasSubstr("fillcolor=\"0 0 0.85\""), Not(HasSubstr("damage"))));
}

TEST_F(DrawNetwork, without_guidance_shows_the_share_of_the_work) {
  EXPECT_THAT(line_of(drawn(), "deep"),
              AllOf(HasSubstr("% of MACs"), HasSubstr("fillcolor=\"0.58 0.60 1\"")));
}

}  // namespace
}  // namespace pare::engine
