// What exporters put behind a detector's rows (1, rows, 5 + classes), for tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/graph/graph.h"

namespace pare::engine::test {

class Behind {
 public:
  // `rows`: the output that is gone on from.
  explicit Behind(Graph graph) : graph_(std::move(graph)), rows_(graph_.outputs.at(0)) {}

  // Boxes, scores, and NonMaxSuppression: what it leaves is as long as the image has objects.
  std::string selected() {
    part("boxes", 0, 4);
    part("classes", 5, rows_.shape.at(2));
    node("Transpose", {"classes"}, "scores", {{"perm", std::vector<std::int64_t>{0, 2, 1}}});
    constant("most", Tensor::of<std::int64_t>({1}, std::vector<std::int64_t>{100}));
    constant("iou", Tensor::of<float>({1}, std::vector{0.5F}));
    constant("score", Tensor::of<float>({1}, std::vector{0.01F}));
    return node("NonMaxSuppression", {"boxes", "scores", "most", "iou", "score"}, "selected");
  }
  // The rows that were selected.
  std::string detections() {
    selected();
    slice("selected", "third", 1, 2, 3);
    ints("axis1", {1});
    node("Squeeze", {"third", "axis1"}, "places");
    return node("Gather", {rows_.name, "places"}, "detections", {{"axis", std::int64_t{1}}});
  }
  std::string boxes() { return part("dets", 0, 4); }
  std::string labels() {
    part("probabilities", 5, rows_.shape.at(2));
    return node("ArgMax", {"probabilities"}, "labels",
                {{"axis", std::int64_t{2}}, {"keepdims", std::int64_t{0}}});
  }

  Graph with_outputs(const std::vector<std::pair<std::string, DType>>& outputs) {
    graph_.outputs.clear();
    for (const auto& [name, type] : outputs) graph_.outputs.push_back({name, type, {}});
    return graph_;
  }
  const std::string& rows() const { return rows_.name; }

 private:
  void constant(const std::string& name, Tensor value) {
    graph_.constants[name] = std::move(value);
  }
  void ints(const std::string& name, const std::vector<std::int64_t>& values) {
    constant(name, Tensor::of<std::int64_t>({std::int64_t(values.size())}, values));
  }
  std::string node(const std::string& op, std::vector<std::string> inputs,
                   const std::string& output, std::map<std::string, Attribute> attributes = {}) {
    graph_.nodes.push_back({output, op, "", std::move(inputs), {output}, std::move(attributes)});
    return output;
  }
  std::string slice(const std::string& from, const std::string& to, std::int64_t axis,
                    std::int64_t first, std::int64_t last) {
    ints(to + "_first", {first});
    ints(to + "_last", {last});
    ints(to + "_axis", {axis});
    return node("Slice", {from, to + "_first", to + "_last", to + "_axis"}, to);
  }
  std::string part(const std::string& to, std::int64_t first, std::int64_t last) {
    return slice(rows_.name, to, 2, first, last);
  }

  Graph graph_;
  TensorInfo rows_;
};

}  // namespace pare::engine::test
