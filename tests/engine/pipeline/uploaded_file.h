// A small detector as somebody uploads it, opened, and written again by a plan that changes
// nothing.
#pragma once

#include <string>
#include <utility>

#include "engine/graph/convert.h"
#include "engine/onnx/onnx_io.h"
#include "engine/pipeline/candidate.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {

inline std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

// Three convolutions, a Resize and a Concat: 1x3x32x32 to 1x6x16x16.
inline Graph small_network(int opset = 13) {
  GraphBuilder b(3, opset);
  const auto x = b.relu(b.conv(b.input({1, 3, 32, 32}), {.channels = 8, .stride = 2}));
  const auto deep = b.relu(b.conv(x, {.channels = 8, .stride = 2}));
  b.output(b.conv(b.concat({x, b.upsample(deep)}), {.channels = 6, .kernel = 1, .name = "last"}));
  return b.build();
}

// Every number, and both edges, in another type of float.
inline Graph in_type(Graph graph, DType dtype) {
  for (auto& [name, tensor] : graph.constants) {
    const bool is_scales = name.find("constant") == 0;  // of the Resize: float32 in any network
    if (tensor.dtype() == DType::kFloat32 && !is_scales) tensor = converted(tensor, dtype);
  }
  for (TensorInfo& input : graph.inputs) input.dtype = dtype;
  for (TensorInfo& output : graph.outputs) output.dtype = dtype;
  return graph;
}

inline PartialCard raw_card() {
  PartialCard card;
  card.head = "raw";
  card.preprocessing = Preprocessing{.std = {1, 1, 1}};
  return card;
}

inline Result<Detector> open_graph(const Graph& graph, const PartialCard& card = raw_card()) {
  const std::string onnx = export_onnx(graph);
  return open_detector(bytes_of(onnx), card);
}

inline Detector opened(const Graph& graph, const PartialCard& card = raw_card()) {
  auto detector = open_graph(graph, card);
  PARE_CHECK(detector.has_value(), detector ? "" : detector.error().message);
  return std::move(detector).value();
}

inline std::string message_of(const Result<Detector>& detector) {
  return detector ? "" : detector.error().message;
}

inline Result<Candidate> unchanged(const Detector& detector) {
  Plan plan;
  plan.height = detector.card.height;
  plan.width = detector.card.width;
  return build_candidate(detector, {}, plan);
}

}  // namespace pare::engine::test
