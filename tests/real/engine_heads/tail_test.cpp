// The decode tails of real detectors: found, cut off, attached again at the same and other sizes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/passes/resize_input.h"
#include "tests/real/engine_heads/detector.h"
#include "tests/support/graph_builder.h"

namespace pare::engine {
namespace {

using test::unwrap;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Known {
  Graph graph;
  Observation observed;
  HeadMatch match;

  explicit Known(const std::string& file)
      : graph(unwrap(import_onnx_file(test::kData / "models" / file))),
        observed(unwrap(observe(graph))),
        match(unwrap(find_head(graph, observed))) {}

  Graph at_size(int height, int width) const {
    const Graph body = cut(graph, observed, match);
    const Graph resized = unwrap(resize_input(body, unwrap(observe(body)), height, width));
    Graph whole = unwrap(attach_head(resized, match));
    PARE_CHECK(verify(whole).has_value(), verify(whole).error().message);
    return whole;
  }
};

std::vector<int> strides(const HeadMatch& match) {
  std::vector<int> all;
  for (const HeadLevel& level : match.levels) all.push_back(level.stride);
  return all;
}

TEST(RealTail, yolov5_is_found_with_its_strides_and_anchors) {
  const Known known("yolov5n_640.onnx");
  EXPECT_EQ(known.match.head, "yolov5");
  EXPECT_EQ(known.match.classes, 80);
  EXPECT_THAT(strides(known.match), ElementsAre(8, 16, 32));
  EXPECT_EQ(largest_stride(known.match), 32);
  using Anchors = std::vector<std::array<double, 2>>;
  EXPECT_EQ(known.match.levels[0].anchors, (Anchors{{10, 13}, {16, 30}, {33, 23}}));
  EXPECT_EQ(known.match.levels[1].anchors, (Anchors{{30, 61}, {62, 45}, {59, 119}}));
  EXPECT_EQ(known.match.levels[2].anchors, (Anchors{{116, 90}, {156, 198}, {373, 326}}));
}

TEST(RealTail, yolov8_is_found_with_distances_and_classes_a_stride) {
  const Known known("yolov8n_640.onnx");
  EXPECT_EQ(known.match.head, "yolov8");
  EXPECT_EQ(known.match.classes, 80);
  EXPECT_EQ(known.match.bins, 16);
  EXPECT_TRUE(known.match.columns_first);
  EXPECT_THAT(strides(known.match), ElementsAre(8, 16, 32));
  EXPECT_THAT(known.match.levels[0].tensors, ElementsAre("/model.22/cv2.0/cv2.0.2/Conv_output_0",
                                                         "/model.22/cv3.0/cv3.0.2/Conv_output_0"));
}

TEST(RealTail, yolox_is_found_with_three_tensors_a_stride) {
  const Known known("yolox_nano_416.onnx");
  EXPECT_EQ(known.match.head, "yolox");
  EXPECT_EQ(known.match.classes, 80);
  EXPECT_THAT(strides(known.match), ElementsAre(8, 16, 32));
  EXPECT_THAT(known.match.levels[2].tensors, ElementsAre("1146", "1147", "1129"));
}

TEST(RealTail, nanodet_is_found_with_one_tensor_a_stride) {
  const Known known("nanodet_m_416.onnx");
  EXPECT_EQ(known.match.head, "nanodet");
  EXPECT_EQ(known.match.classes, 80);
  EXPECT_EQ(known.match.bins, 8);
  EXPECT_THAT(strides(known.match), ElementsAre(8, 16, 32));
  EXPECT_EQ(largest_stride(known.match), 32);
  EXPECT_THAT(known.match.levels[2].tensors, ElementsAre("930"));
}

TEST(RealTail, fastestdet_is_found_with_its_stride_and_that_of_its_coarsest_map) {
  const Known known("fastestdet_352.onnx");
  EXPECT_EQ(known.match.head, "fastestdet");
  EXPECT_EQ(known.match.classes, 80);
  EXPECT_THAT(strides(known.match), ElementsAre(16));
  EXPECT_EQ(largest_stride(known.match), 32);
}

TEST(RealTail, yunet_is_found_with_its_four_maps_a_stride) {
  const Known known("yunet_n_640.onnx");
  EXPECT_EQ(known.match.head, "yunet");
  EXPECT_EQ(known.match.classes, 1);
  EXPECT_THAT(strides(known.match), ElementsAre(8, 16, 32));
  EXPECT_THAT(known.match.levels[0].tensors, ElementsAre("297", "309", "303", "315"));
}

TEST(RealTail, ultraface_is_found_with_its_priors) {
  const Known known("ultraface_rfb_320.onnx");
  EXPECT_EQ(known.match.head, "ssd");
  EXPECT_EQ(known.match.classes, 1);
  EXPECT_THAT(strides(known.match), ElementsAre(8, 16, 32, 64));
  EXPECT_NEAR(known.match.levels[0].anchors[0][0], 10, 1e-3);
  EXPECT_NEAR(known.match.levels[3].anchors[2][1], 256, 1e-2) << "240 is all of the input";
  EXPECT_TRUE(known.match.priors.by_map) << "240 is no multiple of 32";
}

TEST(RealTail, the_wrong_head_by_name_is_refused) {
  const Known known("yolox_nano_416.onnx");
  const auto match = find_head(known.graph, known.observed, "yolov5");
  ASSERT_FALSE(match);
  EXPECT_THAT(
      match.error().message,
      HasSubstr("this is not a detector with head \"yolov5\": the map \"1063\" (1, 1, 52, 52) "
                "does not have a row of \"output\" (1, 3549, 85)"));
}

struct Model {
  const char* file;
  float brightest = 1;       // of the input
  double found_again = 0.9;  // at other sizes
  bool any_size = false;     // maps may end in a part of a cell
};

class Tail : public testing::TestWithParam<Model> {};

TEST_P(Tail, cut_leaves_the_convolutions_as_outputs_and_nothing_of_the_tail) {
  const Known known(GetParam().file);
  const Graph body = cut(known.graph, known.observed, known.match);
  ASSERT_TRUE(verify(body)) << verify(body).error().message;
  const Edges edges = edges_of(body);
  for (const TensorInfo& output : body.outputs) {
    EXPECT_EQ(body.nodes[edges.producer.at(output.name)].op, "Conv");
    EXPECT_EQ(output.shape, known.observed.shapes.at(output.name));
    EXPECT_FALSE(edges.consumers.contains(output.name)) << output.name;
  }
  EXPECT_LT(body.nodes.size(), known.graph.nodes.size());
  for (const Node& node : body.nodes) EXPECT_NE(node.op, "Softmax");
}

TEST_P(Tail, attached_again_at_the_original_size_it_gives_the_original_outputs) {
  const Known known(GetParam().file);
  const Shape& image = known.graph.inputs[0].shape;
  const Graph again = known.at_size(static_cast<int>(image[2]), static_cast<int>(image[3]));
  ASSERT_EQ(again.outputs.size(), known.graph.outputs.size());
  const auto original = unwrap(make_openvino_runner(known.graph));
  const auto rebuilt = unwrap(make_openvino_runner(again));
  for (unsigned seed = 1; seed <= 3; ++seed) {
    const Tensor input =
        test::random_tensor(known.graph.inputs[0].shape, seed, 0, GetParam().brightest);
    const auto expected = unwrap(original->run({input}));
    const auto made = unwrap(rebuilt->run({input}));
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(again.outputs[i].name, known.graph.outputs[i].name);
      EXPECT_LT(test::relative_error(made[i], expected[i]), 1e-5) << seed;
    }
  }
}

TEST_P(Tail, what_was_attached_is_found_again_and_is_the_same) {
  const Known known(GetParam().file);
  const Graph wide = known.at_size(256, 384);
  const auto match = find_head(wide, unwrap(observe(wide)));
  ASSERT_TRUE(match) << match.error().message;
  EXPECT_EQ(match.value().head, known.match.head);
  EXPECT_EQ(match.value().classes, known.match.classes);
  ASSERT_EQ(match.value().levels.size(), known.match.levels.size());
  for (std::size_t i = 0; i < known.match.levels.size(); ++i) {
    EXPECT_EQ(match.value().levels[i].stride, known.match.levels[i].stride);
    EXPECT_EQ(match.value().levels[i].tensors, known.match.levels[i].tensors);
    ASSERT_EQ(match.value().levels[i].anchors.size(), known.match.levels[i].anchors.size());
    for (std::size_t a = 0; a < known.match.levels[i].anchors.size(); ++a) {
      for (const std::size_t side : {0, 1}) {
        EXPECT_NEAR(match.value().levels[i].anchors[a][side],
                    known.match.levels[i].anchors[a][side], 1e-3);
      }
    }
  }
}

// Share of the confident boxes that the other detector finds too, same class, IoU over a half.
double found_again(const std::vector<Detection>& boxes, const std::vector<Detection>& by) {
  int found = 0;
  for (const Detection& box : boxes) {
    found += std::ranges::any_of(by, [&](const Detection& other) {
      return other.category == box.category && iou(other.box, box.box) > 0.5;
    });
  }
  return boxes.empty() ? 1 : static_cast<double>(found) / static_cast<double>(boxes.size());
}

TEST_P(Tail, at_other_sizes_the_same_objects_are_found_in_the_same_places) {
  const Known known(GetParam().file);
  const test::Detector original(known.graph, known.match.head);
  std::vector<std::filesystem::path> images;
  for (const auto& file : std::filesystem::directory_iterator(test::kData / "coco/val")) {
    images.push_back(file.path());
  }
  std::ranges::sort(images);
  images.resize(16);
  for (const auto& [height, width] : {std::pair{320, 320}, {512, 512}, {384, 640}}) {
    const test::Detector resized(known.at_size(height, width), known.match.head);
    double share = 0;
    for (const auto& path : images) {
      const Image image = unwrap(read_image(path));
      share += found_again(original.detect(image, {.score_threshold = 0.6}),
                           resized.detect(image, {.score_threshold = 0.1}));
    }
    EXPECT_GT(share / static_cast<double>(images.size()), GetParam().found_again)
        << height << " x " << width;
  }
}

TEST_P(Tail, a_size_that_is_no_multiple_of_the_stride_is_refused_where_cells_must_be_whole) {
  const Known known(GetParam().file);
  Graph body = cut(known.graph, known.observed, known.match);
  body.inputs[0].shape = {1, 3, 320, 328};
  const auto whole = attach_head(body, known.match);
  if (GetParam().any_size) {
    EXPECT_TRUE(whole) << whole.error().message;
    return;
  }
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().message,
            "no decode tail can stand on this body: its input is 320 x 328, not a multiple of the "
            "stride 16");
}

std::string name_of(const testing::TestParamInfo<Model>& model) {
  const std::string_view file = model.param.file;
  return std::string(file.substr(0, file.find('.')));
}

INSTANTIATE_TEST_SUITE_P(Real, Tail,
                         testing::Values(Model{"yolov5n_640.onnx"},
                                         Model{"yolox_nano_416.onnx", 255},
                                         Model{"nanodet_m_416.onnx", 1, 0.9, true},
                                         Model{"yolov8n_640.onnx"},
                                         Model{"yunet_n_640.onnx", 255, 0.9, true},
                                         // At twice its size faces outgrow its largest prior.
                                         Model{"ultraface_rfb_320.onnx", 1, 0.8, true},
                                         // One map, boxes as shares of the image: objects that
                                         // grow past what a cell sees are lost.
                                         Model{"fastestdet_352.onnx", 1, 0.7}),
                         name_of);

}  // namespace
}  // namespace pare::engine
