// Tensors and element types between ONNX's messages and ours.
//
// Private to engine/onnx: it includes protobuf.  `where` begins an error's sentence ("constant
// \"conv.weight\"").
#pragma once

#include <onnx/onnx_pb.h>

#include <optional>
#include <string>

#include "core/result.h"
#include "engine/graph/tensor.h"

namespace pare::engine {

// Empty for a type that the graph IR does not have (string, complex, bfloat16, uint64, ...).
std::optional<DType> dtype_from_onnx(int data_type);
int dtype_to_onnx(DType dtype);

// "string", "bfloat16", or "number 42" for a number that ONNX does not know.
std::string onnx_type_name(int data_type);

// kInvalidArgument: a shape that cannot be, or data that does not fill it.
// kUnsupported: external data, segments, a type the IR does not have.
Result<Tensor> tensor_from_proto(const onnx::TensorProto& proto, const std::string& where);

onnx::TensorProto tensor_to_proto(const Tensor& tensor, const std::string& name);

}  // namespace pare::engine
