#include "engine/onnx/onnx_check.h"

#include <exception>
#include <string>

#include "engine/onnx/onnx_io.h"
// Last: it defines a macro that bears the name of a function of ours.
#include <onnx/checker.h>
#include <onnx/onnx_pb.h>

namespace pare::engine {
namespace {

constexpr int kNewestOpset = 17;

Error unsound(const std::string& why) {
  return {ErrorCode::kInternal, "the ONNX file that was written is not sound: " + why};
}

bool is_newer(const onnx::ModelProto& model) {
  for (const auto& opset : model.opset_import()) {
    const bool ours = opset.domain().empty() || opset.domain() == "ai.onnx";
    if (ours && opset.version() > kNewestOpset) return true;
  }
  return false;
}

}  // namespace

Result<std::monostate> check_onnx(std::span<const std::byte> bytes) {
  // The importer's own checks: names, order, every output made by somebody.
  const auto graph = import_onnx(bytes);
  if (!graph) return unsound(graph.error().message);
  onnx::ModelProto model;
  if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return unsound("it does not parse");
  }
  if (is_newer(model)) return std::monostate{};
  try {
    onnx::checker::check_model(model);
  } catch (const std::exception& wrong) {
    return unsound(wrong.what());
  }
  return std::monostate{};
}

}  // namespace pare::engine
