#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "engine/onnx/attribute_proto.h"
#include "engine/onnx/onnx_io.h"
#include "engine/onnx/tensor_proto.h"
#include "engine/onnx/tidy_model.h"

namespace pare::engine {
namespace {

// Of ONNX 1.10 to 1.12: the newest that every runtime of the last years reads.
constexpr int kIrVersion = 8;

void fill(onnx::ValueInfoProto& proto, const TensorInfo& info) {
  proto.set_name(info.name);
  onnx::TypeProto::Tensor& type = *proto.mutable_type()->mutable_tensor_type();
  type.set_elem_type(dtype_to_onnx(info.dtype));
  for (std::size_t axis = 0; axis < info.shape.size(); ++axis) {
    onnx::TensorShapeProto::Dimension& dimension = *type.mutable_shape()->add_dim();
    if (info.shape[axis] == kAnySize) {
      dimension.set_dim_param(info.name + "_" + std::to_string(axis));
    } else {
      dimension.set_dim_value(info.shape[axis]);
    }
  }
}

void fill(onnx::NodeProto& proto, const Node& node) {
  proto.set_name(node.name);
  proto.set_op_type(node.op);
  if (!node.domain.empty()) proto.set_domain(node.domain);
  for (const std::string& input : node.inputs) proto.add_input(input);
  for (const std::string& output : node.outputs) proto.add_output(output);
  for (const auto& [name, attribute] : node.attributes) {
    *proto.add_attribute() = attribute_to_proto(name, attribute);
  }
}

void add_opset(onnx::ModelProto& model, const std::string& domain, int version) {
  onnx::OperatorSetIdProto& opset = *model.add_opset_import();
  opset.set_domain(domain);
  opset.set_version(version);
}

std::string serialized(const onnx::ModelProto& model) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  PARE_CHECK(model.SerializeToCodedStream(&coded), "a graph too large for one ONNX file");
  coded.Trim();
  return bytes;
}

}  // namespace

std::string export_onnx(const Graph& graph) {
  onnx::ModelProto model;
  model.set_ir_version(kIrVersion);
  write_provenance(graph.about, model);
  add_opset(model, "", graph.opset);
  for (const auto& [domain, version] : graph.domains) add_opset(model, domain, version);
  onnx::GraphProto& proto = *model.mutable_graph();
  for (const TensorInfo& input : graph.inputs) fill(*proto.add_input(), input);
  for (const TensorInfo& output : graph.outputs) fill(*proto.add_output(), output);
  for (const auto& [name, tensor] : graph.constants) {
    *proto.add_initializer() = tensor_to_proto(tensor, name);
  }
  for (const Node& node : graph.nodes) fill(*proto.add_node(), node);
  return serialized(model);
}

}  // namespace pare::engine
