#include "engine/executor/observe.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "engine/executor/openvino_model.h"
#include "engine/executor/openvino_runner.h"
#include "engine/graph/messages.h"

namespace pare::engine {
namespace {

using Names = std::set<std::string, std::less<>>;

// Makes another value each time, input or not.
bool is_random(const Node& node) {
  static const Names kRandom = {"RandomNormal",      "RandomNormalLike", "RandomUniform",
                                "RandomUniformLike", "Multinomial",      "Bernoulli"};
  return node.domain.empty() && kRandom.contains(node.op);
}

// Reads only the shape of its input, and shapes are static.
bool reads_shape_only(const Node& node) {
  return node.domain.empty() && (node.op == "Shape" || node.op == "Size");
}

// Tensors made by nodes, in the order they are made: those that depend on a graph input, and the
// rest.
struct Split {
  std::vector<std::string> varying;
  std::vector<std::string> fixed;
};

Split split_by_dependence(const Graph& graph) {
  Names varying;
  for (const TensorInfo& input : graph.inputs) varying.insert(input.name);
  Split split;
  for (const Node& node : graph.nodes) {
    const std::vector<std::string> read = tensors_read(node);
    const bool reads_varying =
        std::ranges::any_of(read, [&](const std::string& name) { return varying.contains(name); });
    const bool varies = is_random(node) || (reads_varying && !reads_shape_only(node));
    for (const std::string& output : node.outputs) {
      if (output.empty()) continue;
      if (varies) varying.insert(output);
      (varies ? split.varying : split.fixed).push_back(output);
    }
  }
  return split;
}

// Zeros: any input will do, because what is kept does not depend on it.
std::vector<Tensor> some_input(const Graph& graph) {
  std::vector<Tensor> inputs;
  for (const TensorInfo& info : graph.inputs) {
    const auto bytes = static_cast<std::size_t>(element_count(info.shape)) * size_of(info.dtype);
    inputs.emplace_back(info.dtype, info.shape, std::vector<std::byte>(bytes));
  }
  return inputs;
}

// Shapes that OpenVINO derives without running; returns the names of those that it leaves open.
Result<std::vector<std::string>> derive_shapes(const Graph& graph,
                                               const std::vector<std::string>& names,
                                               Observation& observed) {
  std::vector<std::string> open;
  if (names.empty()) return open;
  const auto model = read_openvino_model(graph, names);
  if (!model) return model.error();
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto type = dtype_from_openvino(model.value()->output(i).get_element_type());
    if (type) observed.types[names[i]] = *type;
    const ov::PartialShape& shape = model.value()->output(i).get_partial_shape();
    if (shape.is_dynamic()) {
      open.push_back(names[i]);
      continue;
    }
    const ov::Shape dimensions = shape.to_shape();
    observed.shapes[names[i]] = Shape(dimensions.begin(), dimensions.end());
  }
  return open;
}

}  // namespace

Result<Observation> observe(const Graph& graph) {
  Observation observed;
  for (const TensorInfo& input : graph.inputs) observed.shapes[input.name] = input.shape;
  for (const auto& [name, tensor] : graph.constants) {
    observed.shapes[name] = tensor.shape();
    observed.constants[name] = tensor;
  }
  const Split split = split_by_dependence(graph);
  const auto open = derive_shapes(graph, split.varying, observed);
  if (!open) return open.error();
  observed.varying.insert(open.value().begin(), open.value().end());
  std::vector<std::string> to_run = split.fixed;
  to_run.insert(to_run.end(), open.value().begin(), open.value().end());
  if (to_run.empty()) return observed;
  const auto runner = make_openvino_runner(graph, to_run);
  if (!runner) return runner.error();
  const auto values = runner.value()->run(some_input(graph));
  if (!values) return values.error();
  for (std::size_t i = 0; i < to_run.size(); ++i) {
    observed.shapes[to_run[i]] = values.value()[i].shape();
    if (i < split.fixed.size()) observed.constants[to_run[i]] = values.value()[i];
  }
  return observed;
}

}  // namespace pare::engine
