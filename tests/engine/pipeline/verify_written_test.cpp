// Files that must not be handed out, and what candidates keep of the original's edges.
#include "engine/pipeline/verify_written.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/heads/small_detectors.h"
#include "tests/engine/heads/small_yolov5.h"
#include "tests/engine/pipeline/uploaded_file.h"
#include "tests/support/behind_the_head.h"

namespace pare::engine {
namespace {

using testing::HasSubstr;

FileInterface wanted() {
  return interface_of(test::small_network(), test::opened(test::small_network()).observed);
}

std::string fault_of(const Graph& graph, const FileInterface& interface) {
  const std::string onnx = export_onnx(graph);
  const auto verified = verify_written(test::bytes_of(onnx), interface);
  EXPECT_FALSE(verified);
  return verified ? "" : verified.error().message;
}

TEST(VerifyWritten, takes_what_is_sound) {
  const std::string onnx = export_onnx(test::small_network());
  const auto verified = verify_written(test::bytes_of(onnx), wanted());
  EXPECT_TRUE(verified) << verified.error().message;
}

TEST(VerifyWritten, refuses_an_output_that_nobody_makes) {
  Graph graph = test::small_network();
  graph.outputs.push_back({"anchors", DType::kFloat32, {4}});
  EXPECT_THAT(fault_of(graph, wanted()), HasSubstr("\"anchors\" is made by nothing"));
}

TEST(VerifyWritten, refuses_what_the_official_checker_refuses) {
  Graph graph = test::small_network();
  graph.nodes.back().attributes["no_such_attribute"] = std::int64_t{1};
  EXPECT_THAT(fault_of(graph, wanted()), HasSubstr("no_such_attribute"));
}

TEST(VerifyWritten, refuses_another_name_type_number_or_shape) {
  FileInterface other = wanted();
  other.outputs[0].name = "boxes";
  EXPECT_THAT(fault_of(test::small_network(), other), HasSubstr("output \"last\" (float32"));
  other = wanted();
  other.outputs[0].dtype = DType::kFloat16;
  EXPECT_THAT(fault_of(test::small_network(), other), HasSubstr("should be \"last\" (float16"));
  other = wanted();
  other.inputs[0].shape[2] = 64;
  EXPECT_THAT(fault_of(test::small_network(), other), HasSubstr("input \"images\""));
  other = wanted();
  other.outputs.push_back({"more", DType::kFloat32, {}});
  EXPECT_THAT(fault_of(test::small_network(), other), HasSubstr("wanted \"last\", \"more\""));
}

TEST(VerifyWritten, refuses_a_file_that_computes_another_shape_than_it_declares) {
  Graph graph = test::small_network();
  graph.outputs[0].shape = {1, 6, 99, 16};
  FileInterface interface = wanted();
  interface.outputs[0].shape.clear();
  EXPECT_THAT(fault_of(graph, interface), HasSubstr("should be \"last\" (float32, 1x6x99x16)"));
}

TEST(VerifyWritten, refuses_what_the_executor_cannot_run) {
  Graph graph = test::small_network();
  graph.nodes[1].op = "Fancy";
  graph.nodes[1].domain = "com.example";
  graph.domains["com.example"] = 1;
  EXPECT_THAT(fault_of(graph, wanted()), HasSubstr("the candidate cannot be run"));
}

TEST(Candidate, keeps_an_output_that_is_a_constant) {
  for (const bool is_read : {false, true}) {
    Graph file = test::small_network();
    const Tensor anchors = test::random_tensor({1, 8, 1, 1}, 9);
    file.constants.emplace("anchors", anchors);
    file.outputs.push_back({"anchors", DType::kFloat32, anchors.shape()});
    if (is_read) {  // by a layer that may be narrowed
      file.nodes[1].inputs[0] = "shifted";
      file.nodes.insert(file.nodes.begin() + 1,
                        Node{"shift", "Add", "", {"conv_0", "anchors"}, {"shifted"}, {}});
    }
    const Detector detector = test::opened(file);
    Plan plan;
    plan.height = plan.width = 32;
    plan.importance = Importance::kL1;
    plan.reconstruction = Reconstruction::kNone;
    if (is_read) plan.widths[detector.groups.groups.at(0).name] = 4;
    const auto candidate = build_candidate(detector, {}, plan);
    ASSERT_TRUE(candidate) << candidate.error().message;
    const Graph written = import_onnx(test::bytes_of(candidate.value().onnx)).value();
    EXPECT_EQ(written.outputs.at(1).name, "anchors");
    EXPECT_EQ(written.constants.at("anchors"), anchors);
  }
}

// How many boxes come out depends on the image, and at another size nobody knows it beforehand.
TEST(Candidate, says_of_an_output_that_varies_how_many_dimensions_it_has) {
  for (const bool indices : {true, false}) {
    test::Behind behind(test::SmallYolov5({}).graph());
    const std::string varying = indices ? behind.selected() : behind.detections();
    const Detector detector = test::opened(
        behind.with_outputs({{varying, indices ? DType::kInt64 : DType::kFloat32}}), {});
    for (const int shrunk : {1, 2}) {
      Plan plan;
      plan.height = detector.card.height / shrunk;
      plan.width = detector.card.width / shrunk;
      plan.importance = Importance::kL1;
      plan.reconstruction = Reconstruction::kNone;
      const auto candidate = build_candidate(detector, {}, plan);
      ASSERT_TRUE(candidate) << candidate.error().message;
      const Graph written = import_onnx(test::bytes_of(candidate.value().onnx)).value();
      EXPECT_EQ(written.outputs.at(0).shape, Shape(indices ? 2 : 3, kAnySize));
    }
  }
}

TEST(Candidate, keeps_what_the_file_says_of_itself) {
  Graph file = test::small_network();
  file.about.metadata = {{"imgsz", "[32, 32]"}, {"author", "us"}};
  file.about.producer = "pytorch";
  file.about.doc = "boards";
  const auto candidate = test::unchanged(test::opened(file));
  ASSERT_TRUE(candidate) << candidate.error().message;
  EXPECT_EQ(import_onnx(test::bytes_of(candidate.value().onnx)).value().about, file.about);
}

}  // namespace
}  // namespace pare::engine
