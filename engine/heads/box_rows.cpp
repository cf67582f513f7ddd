#include "engine/heads/box_rows.h"

namespace pare::engine {
namespace {

constexpr std::int64_t kObjectness = 4;
constexpr std::int64_t kFirstClass = 5;

bool is_box_rows(const Shape& shape) {
  return shape.size() == 3 && shape[0] == 1 && shape[2] > kFirstClass;
}

}  // namespace

Result<HeadMatch> match_box_rows(const std::string& head, const Graph& graph,
                                 const TailReader& reader) {
  if (graph.outputs.size() != 1) {
    return not_this_head("it has " + std::to_string(graph.outputs.size()) + " outputs, not one");
  }
  const std::string& output = graph.outputs[0].name;
  const Shape& shape = reader.shape_of(output);
  if (!is_box_rows(shape)) {
    return not_this_head("its output is " + text_of(shape) + ", not (1, rows, 5 + classes)");
  }
  return HeadMatch{.head = head,
                   .classes = static_cast<int>(shape[2] - kFirstClass),
                   .levels = {},
                   .outputs = {output}};
}

bool are_box_rows(std::span<const Tensor> outputs) {
  return outputs.size() == 1 && outputs[0].dtype() == DType::kFloat32 &&
         is_box_rows(outputs[0].shape());
}

int classes_of_box_rows(std::span<const Tensor> outputs) {
  return static_cast<int>(outputs[0].shape()[2] - kFirstClass);
}

std::vector<Detection> read_box_rows(std::span<const Tensor> outputs, double score_threshold,
                                     const BoxOfRow& box) {
  const Shape& shape = outputs[0].shape();
  const auto values = outputs[0].values<float>();
  std::vector<Detection> found;
  for (std::int64_t row = 0; row < shape[1]; ++row) {
    const float* v = &values[static_cast<std::size_t>(row * shape[2])];
    if (!(static_cast<double>(v[kObjectness]) > score_threshold)) continue;
    const Box place = box(row, v);
    for (std::int64_t c = kFirstClass; c < shape[2]; ++c) {
      const auto score = static_cast<double>(v[kObjectness] * v[c]);
      if (score > score_threshold) {
        found.push_back({place, score, static_cast<int>(c - kFirstClass)});
      }
    }
  }
  return found;
}

Error not_outputs_of(const std::string& head, std::span<const Tensor> outputs, int height,
                     int width, const std::string& expected) {
  return {ErrorCode::kInvalidArgument, "head " + head + ": outputs " + shapes_of(outputs) +
                                           " for an input of " + std::to_string(height) + " x " +
                                           std::to_string(width) + "; expected " + expected};
}

}  // namespace pare::engine
