#include "engine/executor/file_runner.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/executor/openvino_model.h"
#include "engine/graph/messages.h"

namespace pare::engine {
namespace {

// The input as the image that it gets: batch and size may be open in the file.
void close_input(ov::Model& model, const TensorInfo& info) {
  const ov::Shape shape(info.shape.begin(), info.shape.end());
  if (model.inputs().size() == 1) model.reshape(ov::PartialShape(shape));
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

Result<NamedTensors> run_once(ov::InferRequest& request, const Tensor& input,
                              const std::vector<std::vector<std::string>>& names) {
  const ov::Shape shape(input.shape().begin(), input.shape().end());
  request.set_input_tensor(ov::Tensor(dtype_to_openvino(input.dtype()), shape,
                                      const_cast<std::byte*>(input.bytes().data())));
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
    close_input(*model, graph.inputs.at(0));
    const auto names = expose(*model, wanted);
    // As make_openvino_runner() compiles.
    ov::CompiledModel compiled = core.compile_model(
        model, "CPU", ov::hint::inference_precision(ov::element::f32),
        ov::hint::execution_mode(ov::hint::ExecutionMode::ACCURACY),
        ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY),
        ov::inference_num_threads(1), ov::num_streams(1), ov::hint::enable_cpu_pinning(false));
    ov::InferRequest request = compiled.create_infer_request();
    std::vector<NamedTensors> all;
    for (const Tensor& input : inputs) {
      auto made = run_once(request, input, names);
      if (!made) return made.error();
      all.push_back(std::move(made).value());
    }
    return all;
  } catch (const std::exception& error) {
    return openvino_error(graph, error.what());
  }
}

}  // namespace pare::engine
