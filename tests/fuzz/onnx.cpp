// ONNX files: import, what is written of them, and everything of an inspection that needs no
// executor.  The shapes that the executor would observe are those that libonnx infers.
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>

#include <exception>
#include <optional>
#include <utility>

#include "core/check.h"
#include "engine/graph/op_def.h"
#include "engine/heads/head.h"
#include "engine/onnx/onnx_io.h"
#include "engine/ops/all_ops.h"
#include "engine/passes/passes.h"
#include "engine/prune/groups.h"
#include "tests/fuzz/apart.h"
#include "tests/fuzz/fuzzer.h"

namespace pare::fuzz {

void onnx(std::string_view bytes);

namespace {

using namespace pare::engine;

constexpr std::int64_t kMostElements = 1 << 20;  // of a tensor: what a machine has room for

// All of its dimensions are known and no more than fit.
std::optional<Shape> shape_of(const ::onnx::ValueInfoProto& info) {
  if (!info.type().has_tensor_type() || !info.type().tensor_type().has_shape()) return std::nullopt;
  Shape shape;
  std::int64_t elements = 1;
  for (const auto& dimension : info.type().tensor_type().shape().dim()) {
    const std::int64_t size = dimension.has_dim_value() ? dimension.dim_value() : -1;
    if (size < 0 || size > kMostElements || (elements *= size) > kMostElements) return std::nullopt;
    shape.push_back(size);
  }
  return shape;
}

// libonnx divides by what attributes say and reads behind lists that are too short; the executor,
// which observes in its place, does neither.
std::string inferred(const std::string& bytes) {
  ::onnx::ModelProto model;
  PARE_CHECK(model.ParseFromString(bytes), "what is written can be read");
  try {
    ::onnx::shape_inference::InferShapes(model);
  } catch (const std::exception&) {
    return {};
  }
  return model.SerializeAsString();
}

std::optional<Observation> observed_by_inference(const Graph& graph) {
  static Apart infer(inferred);
  const auto answer = infer(export_onnx(graph));
  ::onnx::ModelProto model;
  if (!answer || answer->empty() || !model.ParseFromString(*answer)) return std::nullopt;
  Observation observed;
  const auto take = [&](const auto& infos) {
    for (const auto& info : infos) {
      if (auto shape = shape_of(info)) observed.shapes.emplace(info.name(), std::move(*shape));
    }
  };
  take(model.graph().input());
  take(model.graph().value_info());
  take(model.graph().output());
  for (const auto& [name, tensor] : graph.constants) {
    observed.shapes.insert_or_assign(name, tensor.shape());
  }
  for (const Node& node : graph.nodes) {
    for (const std::string& output : node.outputs) {
      if (!output.empty() && !observed.shapes.contains(output)) return std::nullopt;
    }
  }
  return observed;
}

void inspect(const Graph& whole) {
  const auto observed = observed_by_inference(whole);
  if (!observed) return;
  auto head = find_head(whole, *observed);
  const HeadMatch match = head ? std::move(head).value() : raw_head(whole, *observed);
  Graph body = fold_constants(cut(whole, *observed, match), *observed);
  body = fold_batch_norm(remove_dead_ends(std::move(body)));
  PARE_CHECK(verify(body).has_value(), "a body is a graph");
  for (const Node& node : body.nodes) {
    const OpDef* const op = find_op(all_ops(), node.op);
    const auto facts = facts_of(node, body, *observed);
    if (facts && op != nullptr && op->macs != nullptr) {
      (void)op->macs(facts.value().view(node, body.opset));
    }
  }
  const auto groups = find_groups(body, *observed, all_ops());
  if (groups) (void)summarize(groups.value(), body);
  (void)attach_head(std::move(body), match);
}

}  // namespace

void onnx(std::string_view bytes) {
  const auto imported = import_onnx(as_bytes(bytes));
  if (!imported) return;
  PARE_CHECK(verify(imported.value()).has_value(), "what was imported is a graph");
  const std::string written = export_onnx(imported.value());
  const auto again = import_onnx(as_bytes(written));
  PARE_CHECK(again.has_value(),
             "what is written can be imported: " + (again ? "" : again.error().message));
  PARE_CHECK(export_onnx(again.value()) == written, "and is written again as it was");
  inspect(remove_identities(imported.value()));
}

}  // namespace pare::fuzz
