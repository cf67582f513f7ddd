#include "engine/zoo/zoo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "engine/executor/observe.h"
#include "engine/heads/head.h"
#include "engine/onnx/onnx_io.h"
#include "engine/passes/passes.h"
#include "tests/engine/prune/pruning_check.h"
#include "tests/support/onnxruntime_reference.h"
#include "tests/support/run_graph.h"

namespace pare::engine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kSize = 96;  // three cells of the coarsest map

template <typename T>
T need(Result<T> result) {
  PARE_CHECK(result.has_value(), result.error().message);
  return std::move(result).value();
}

Observation seen(const Graph& graph) {
  return need(observe(graph));
}

// Statistics, scales and shares as training leaves them, far from where they began.
Graph as_if_trained(Graph graph, unsigned seed) {
  std::mt19937 random(seed);
  const auto draw = [&](const std::string& name, float low, float high) {
    std::uniform_real_distribution<float> value(low, high);
    Tensor& tensor = graph.constants.at(name);
    std::vector<float> values(static_cast<std::size_t>(tensor.size()));
    for (float& v : values) v = value(random);
    tensor = Tensor::of<float>(tensor.shape(), values);
  };
  for (const Node& node : graph.nodes) {
    if (node.op == "BatchNormalization") {
      draw(node.inputs[1], 0.5F, 1.5F);
      draw(node.inputs[2], -0.3F, 0.3F);
      draw(node.inputs[3], -0.3F, 0.3F);
      draw(node.inputs[4], 0.5F, 2.0F);
    } else if (node.op == "Relu" && graph.constants.contains(node.inputs[0])) {
      draw(node.inputs[0], 0.2F, 2.0F);
    }
  }
  return graph;
}

std::int64_t count_of(const Graph& graph, const std::string& op) {
  return std::ranges::count(graph.nodes, op, &Node::op);
}

ZooRequest small(const std::string& backbone, const std::string& neck = "fpn",
                 const std::string& head = "yolox") {
  return {.backbone = backbone,
          .neck = neck,
          .head = head,
          .classes = 3,
          .size = kSize,
          .neck_channels = 16};
}

Graph built(const ZooRequest& request) {
  return need(make_zoo_detector(request)).graph;
}

class Backbone : public testing::TestWithParam<std::string> {};

TEST_P(Backbone, is_a_sound_graph_and_its_head_is_found) {
  const ZooDetector detector = need(make_zoo_detector(small(GetParam())));
  ASSERT_TRUE(verify(detector.graph)) << verify(detector.graph).error().message;
  const auto match = find_head(detector.graph, seen(detector.graph));
  ASSERT_TRUE(match) << match.error().message;
  EXPECT_EQ(match.value().head, "yolox");
  EXPECT_EQ(match.value().classes, 3);
  ASSERT_EQ(match.value().levels.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(match.value().levels[i].tensors, detector.levels[i].tensors);
    EXPECT_EQ(match.value().levels[i].stride, 8 << i);
  }
}

TEST_P(Backbone, computes_the_same_under_onnx_runtime_and_openvino) {
  const Graph graph = as_if_trained(built(small(GetParam())), 5);
  const auto file =
      std::filesystem::path(testing::TempDir()) / ("pare_zoo_" + GetParam() + ".onnx");
  const std::string bytes = export_onnx(graph);
  std::ofstream(file, std::ios::binary) << bytes;
  EXPECT_EQ(need(import_onnx_file(file)), need(import_onnx(std::as_bytes(std::span(bytes)))));
  const auto reference = test::onnxruntime_reference(file, {.outputs_only = true, .high = 255});
  const auto runner = need(make_openvino_runner(graph));
  const auto ours = need(runner->run({reference.input}));
  EXPECT_LT(test::relative_error(ours[0], reference.tensors.at("output")), 1e-4);
  std::filesystem::remove(file);
}

TEST_P(Backbone, deployed_it_computes_what_it_did_without_normalisation_and_branches) {
  for (const char* neck : {"weighted-pan", "single"}) {
    const Graph before = as_if_trained(built(small(GetParam(), neck)), 6);
    const Graph after = deployed(before, seen(before));
    ASSERT_TRUE(verify(after)) << verify(after).error().message;
    EXPECT_LT(test::difference(after, before, 3), 1e-4) << neck;
    EXPECT_EQ(count_of(after, "BatchNormalization"), 0) << neck;
    EXPECT_EQ(count_of(after, "Div"), 0) << neck;
    EXPECT_LT(after.nodes.size(), before.nodes.size());
  }
}

TEST_P(Backbone, most_of_its_channels_may_go_and_what_is_left_computes_the_same) {
  const Graph trained = as_if_trained(built(small(GetParam())), 7);
  const Graph whole = deployed(trained, seen(trained));
  const Observation observed = seen(whole);
  const HeadMatch match = need(find_head(whole, observed));
  const test::Analysed body = test::analyse(cut(whole, observed, match));
  std::size_t units = 0;
  for (const Group& group : body.groups.groups) units += group.units.size();
  EXPECT_GT(units, 300U);
  for (const unsigned seed : {1U, 2U, 3U}) {
    const auto widths = test::random_widths(body.groups, seed);
    const auto removed = select_units(body.groups, widths, test::random_orders(body.groups, seed));
    ASSERT_TRUE(removed) << removed.error().message;
    EXPECT_LT(test::compare_with_muted(body, removed.value(), seed).error, 1e-5);
  }
}

TEST_P(Backbone, its_weights_follow_from_the_seed) {
  ZooRequest request = small(GetParam());
  const std::string first = export_onnx(built(request));
  EXPECT_EQ(first, export_onnx(built(request)));
  request.seed = 2;
  EXPECT_NE(first, export_onnx(built(request)));
}

std::vector<std::string> names_of_backbones() {
  std::vector<std::string> names;
  for (const BackboneDef& backbone : all_backbones()) names.emplace_back(backbone.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Zoo, Backbone, testing::ValuesIn(names_of_backbones()),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(Zoo, a_table_of_rows_makes_the_channels_of_the_paper) {
  const auto channels = [&](const std::string& name, int stride) {
    const auto found = std::ranges::find(all_backbones(), name, &BackboneDef::name);
    GraphBuilder own("images", 3, 224, 224, 1);
    const Maps maps = build_rows(own, "images", 224, found->rows);
    return own.channels_of(maps.at(stride));
  };
  EXPECT_EQ(channels("mobilenetv3-large", 8), 40);
  EXPECT_EQ(channels("mobilenetv3-large", 16), 112);
  EXPECT_EQ(channels("mobilenetv3-large", 32), 160);
  EXPECT_EQ(channels("mobilenetv3-small", 32), 96);
  EXPECT_EQ(channels("shufflenetv2", 8), 116);
  EXPECT_EQ(channels("shufflenetv2", 32), 464);
  EXPECT_EQ(channels("efficientnet-b0", 16), 112);
  EXPECT_EQ(channels("efficientnet-b0", 32), 320);
  EXPECT_EQ(channels("repvgg-a0", 16), 192);
  EXPECT_EQ(channels("repvgg-a0", 32), 1280);
}

TEST(Zoo, a_trained_repvgg_is_shipped_as_plain_convolutions) {
  const ZooRequest request = small("repvgg-a0");
  const Graph before = built(request);
  const Graph after = deployed(before, seen(before));
  // 22 blocks of two convolutions and one or two sums each.
  EXPECT_EQ(count_of(before, "Conv") - count_of(after, "Conv"), 22);
  EXPECT_EQ(count_of(before, "Add") - count_of(after, "Add"), 22 + 17);
}

TEST(Zoo, a_share_of_a_lateral_map_goes_into_its_rows_and_the_other_stays_one_factor) {
  const Graph before = as_if_trained(built(small("shufflenetv2", "weighted-fpn")), 8);
  const Graph after = deployed(before, seen(before));
  EXPECT_EQ(count_of(before, "Mul"), 4);
  EXPECT_EQ(count_of(after, "Mul"), 2);
}

TEST(Zoo, every_neck_ends_in_a_detector_whose_head_is_found) {
  for (const NeckDef& neck : all_necks()) {
    const Graph graph = built(small("mobilenetv3-small", std::string(neck.name)));
    const auto match = find_head(graph, seen(graph));
    ASSERT_TRUE(match) << neck.name << ": " << match.error().message;
    const std::size_t maps = neck.name == "single" ? 1 : 3;
    EXPECT_EQ(match.value().levels.size(), maps) << neck.name;
  }
}

TEST(Zoo, objects_as_points_are_found_on_one_map_of_stride_4) {
  const Graph trained =
      as_if_trained(built(small("mobilenetv3-small", "weighted-pan", "centernet")), 9);
  const auto before = find_head(trained, seen(trained));
  ASSERT_TRUE(before) << before.error().message;
  const Graph whole = deployed(trained, seen(trained));
  const auto match = find_head(whole, seen(whole));
  ASSERT_TRUE(match) << match.error().message;
  EXPECT_EQ(match.value().head, "centernet");
  EXPECT_EQ(match.value().classes, 3);
  EXPECT_EQ(match.value().levels.at(0).stride, 4);
  // Of the way back down nothing is left: the head does not read it.
  EXPECT_TRUE(std::ranges::none_of(
      whole.nodes, [](const Node& node) { return node.name.starts_with("neck.up"); }));
}

TEST(Zoo, what_cannot_be_built_is_refused_with_what_there_is) {
  const auto refusal = [](const ZooRequest& request) {
    const auto made = make_zoo_detector(request);
    EXPECT_FALSE(made);
    if (made) return std::string();
    EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument);
    return made.error().message;
  };
  EXPECT_THAT(refusal(small("resnet")),
              AllOf(HasSubstr("\"resnet\""), HasSubstr("mobilenetv3-large, ")));
  EXPECT_THAT(refusal(small("repvgg-a0", "bifpn")),
              AllOf(HasSubstr("\"bifpn\""), HasSubstr("fpn, pan")));
  EXPECT_THAT(refusal(small("repvgg-a0", "fpn", "ssd")),
              AllOf(HasSubstr("\"ssd\""), HasSubstr("yolox")));
  EXPECT_THAT(refusal(small("repvgg-a0", "single", "centernet")),
              HasSubstr("neck \"single\" and head \"centernet\": the finest map has stride 16"));
  ZooRequest odd = small("repvgg-a0");
  odd.size = 100;
  EXPECT_THAT(refusal(odd), HasSubstr("input 100: must be a multiple of 32"));
  odd.size = 32;
  EXPECT_THAT(refusal(odd), HasSubstr("input 32: must be in 64..1280"));
  odd = small("repvgg-a0");
  odd.classes = 0;
  EXPECT_THAT(refusal(odd), HasSubstr("classes 0: must be in 1..1000"));
  odd.classes = 1;
  odd.neck_channels = 7;
  EXPECT_THAT(refusal(odd), HasSubstr("channels of the neck 7"));
}

}  // namespace
}  // namespace pare::engine
