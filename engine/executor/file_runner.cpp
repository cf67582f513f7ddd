#include "engine/executor/file_runner.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/executor/openvino_model.h"
#include "engine/graph/messages.h"

namespace pare::engine {
namespace {

ov::PartialShape to_openvino(const Shape& shape) {
  return ov::PartialShape(ov::Shape(shape.begin(), shape.end()));
}

// The image as it comes, and what the importer bound: batch and size may be open in the file.
void close_inputs(ov::Model& model, const Graph& graph) {
  const TensorInfo& image = graph.inputs.at(0);
  if (model.inputs().size() == 1) return model.reshape(to_openvino(image.shape));
  std::map<std::string, ov::PartialShape> shapes;
  for (const auto& input : model.inputs()) {
    const std::string name = input.get_any_name();
    const auto bound = graph.constants.find(name);
    if (name == image.name) shapes[name] = to_openvino(image.shape);
    if (bound != graph.constants.end()) shapes[name] = to_openvino(bound->second.shape());
  }
  model.reshape(shapes);
}

// REQUIRES: `tensor` outlives the request.
ov::Tensor view_of(const Tensor& tensor) {
  const ov::Shape shape(tensor.shape().begin(), tensor.shape().end());
  return ov::Tensor(dtype_to_openvino(tensor.dtype()), shape,
                    const_cast<std::byte*>(tensor.bytes().data()));
}

void set_bound_inputs(ov::InferRequest& request, const ov::Model& model, const Graph& graph) {
  for (const auto& input : model.inputs()) {
    const auto bound = graph.constants.find(input.get_any_name());
    if (bound != graph.constants.end()) request.set_tensor(input, view_of(bound->second));
  }
}

std::set<std::string> names_in(const ov::Model& model) {
  std::set<std::string> names;
  for (const auto& op : model.get_ordered_ops()) {
    for (const auto& output : op->outputs()) {
      names.insert(output.get_names().begin(), output.get_names().end());
    }
  }
  return names;
}

// The names that each result answers to: asked for, or the file's own.
std::vector<std::vector<std::string>> expose(ov::Model& model,
                                             const std::vector<std::string>& wanted) {
  const std::set<std::string> there = names_in(model);
  std::set<std::string> exposed;
  for (const auto& output : model.outputs()) {
    exposed.insert(output.get_names().begin(), output.get_names().end());
  }
  for (const std::string& name : wanted) {
    if (!there.contains(name) || exposed.contains(name)) continue;
    const auto output = model.add_output(name);
    exposed.insert(output.get_names().begin(), output.get_names().end());
  }
  std::vector<std::vector<std::string>> names;
  for (const auto& output : model.outputs()) {
    names.emplace_back(output.get_names().begin(), output.get_names().end());
  }
  return names;
}

Result<NamedTensors> run_once(ov::InferRequest& request, const std::string& image,
                              const Tensor& input,
                              const std::vector<std::vector<std::string>>& names) {
  request.set_tensor(image, view_of(input));
  request.infer();
  NamedTensors made;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const ov::Tensor result = request.get_output_tensor(i);
    const auto dtype = dtype_from_openvino(result.get_element_type());
    if (!dtype) continue;
    const auto* begin = static_cast<const std::byte*>(result.data());
    const ov::Shape& dimensions = result.get_shape();
    const Tensor tensor(*dtype, Shape(dimensions.begin(), dimensions.end()),
                        std::vector<std::byte>(begin, begin + result.get_byte_size()));
    for (const std::string& name : names[i]) made.emplace(name, tensor);
  }
  return made;
}

}  // namespace

Result<std::vector<NamedTensors>> run_file(std::span<const std::byte> onnx, const Graph& graph,
                                           const std::vector<Tensor>& inputs,
                                           const std::vector<std::string>& wanted) {
  if (openvino_misreads(graph)) {
    return unsupported("OpenVINO takes an operator of opset " + std::to_string(graph.opset) +
                       " for what it became later");
  }
  try {
    ov::Core core;
    const std::string bytes(reinterpret_cast<const char*>(onnx.data()), onnx.size());
    const auto model = core.read_model(bytes, ov::Tensor());
    close_inputs(*model, graph);
    const auto names = expose(*model, wanted);
    // As make_openvino_runner() compiles.
    ov::CompiledModel compiled = core.compile_model(
        model, "CPU", ov::hint::inference_precision(ov::element::f32),
        ov::hint::execution_mode(ov::hint::ExecutionMode::ACCURACY),
        ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY),
        ov::inference_num_threads(1), ov::num_streams(1), ov::hint::enable_cpu_pinning(false));
    ov::InferRequest request = compiled.create_infer_request();
    set_bound_inputs(request, *model, graph);
    std::vector<NamedTensors> all;
    for (const Tensor& input : inputs) {
      auto made = run_once(request, graph.inputs.at(0).name, input, names);
      if (!made) return made.error();
      all.push_back(std::move(made).value());
    }
    return all;
  } catch (const std::exception& error) {
    return openvino_error(graph, error.what());
  }
}

}  // namespace pare::engine
