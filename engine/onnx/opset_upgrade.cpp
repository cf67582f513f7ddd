#include "engine/onnx/opset_upgrade.h"

#include <onnx/onnx_pb.h>
#include <onnx/version_converter/convert.h>

#include <string>
#include <utility>

#include "engine/graph/messages.h"
#include "engine/onnx/onnx_io.h"

namespace pare::engine {
namespace {

// libonnx's steps ask for the shapes of what a node reads, and only look at what is declared.
void declare_shapes(onnx::GraphProto& proto, const Graph& graph, const Observation& observed) {
  for (const Node& node : graph.nodes) {
    for (const std::string& output : node.outputs) {
      const auto shape = observed.shapes.find(output);
      if (shape == observed.shapes.end() || is_graph_output(graph, output)) continue;
      onnx::ValueInfoProto& info = *proto.add_value_info();
      info.set_name(output);
      onnx::TypeProto::Tensor& type = *info.mutable_type()->mutable_tensor_type();
      type.set_elem_type(onnx::TensorProto::FLOAT);
      type.mutable_shape();
      for (const std::int64_t dimension : shape->second) {
        type.mutable_shape()->add_dim()->set_dim_value(dimension);
      }
    }
  }
}

}  // namespace

Result<Graph> upgrade_opset(const Graph& graph, const Observation& observed, int target) {
  if (graph.opset >= target) return graph;
  onnx::ModelProto model;
  PARE_CHECK(model.ParseFromString(export_onnx(graph)), "an exported model does not parse");
  declare_shapes(*model.mutable_graph(), graph, observed);
  const std::string step =
      "opset " + std::to_string(graph.opset) + " cannot become " + std::to_string(target) + ": ";
  try {
    model = onnx::version_conversion::ConvertVersion(model, target);
  } catch (const std::exception& error) {
    return unsupported(step + error.what());
  }
  const std::string bytes = model.SerializeAsString();
  Result<Graph> upgraded = import_onnx(std::as_bytes(std::span(bytes)));
  if (!upgraded) return Error{upgraded.error().code, step + upgraded.error().message};
  return upgraded;
}

}  // namespace pare::engine
