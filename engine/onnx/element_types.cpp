#include "engine/onnx/element_types.h"

#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>

#include <exception>

#include "engine/onnx/onnx_io.h"
#include "engine/onnx/tensor_proto.h"

namespace pare::engine {

std::map<std::string, DType> element_types(const Graph& graph) {
  std::map<std::string, DType> types;
  for (const TensorInfo& input : graph.inputs) types[input.name] = input.dtype;
  for (const auto& [name, tensor] : graph.constants) types[name] = tensor.dtype();
  // No shape and no value is told: types do not depend on them, and libonnx divides by what a
  // stranger's attributes say (a stride of 0) as soon as it knows enough to work shapes out.
  Graph untyped = graph;
  untyped.inputs.clear();
  untyped.constants.clear();
  for (const auto& [name, dtype] : types) untyped.inputs.push_back({name, dtype, {}});
  untyped.outputs.resize(1);  // what is declared would be taken for known
  untyped.outputs[0].shape.clear();
  onnx::ModelProto model;
  PARE_CHECK(model.ParseFromString(export_onnx(untyped)), "an exported model does not parse");
  model.mutable_graph()->clear_output();
  try {
    onnx::shape_inference::InferShapes(model);
  } catch (const std::exception&) {
    return types;  // the rest is not known
  }
  for (const auto& info : model.graph().value_info()) {
    const auto dtype = dtype_from_onnx(info.type().tensor_type().elem_type());
    if (dtype) types.try_emplace(info.name(), *dtype);
  }
  return types;
}

}  // namespace pare::engine
