#include "engine/onnx/opset_rules.h"

#include <onnx/defs/schema.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <span>
#include <utility>

#include "engine/graph/messages.h"

namespace pare::engine {
namespace {

using Done = Result<std::monostate>;
using Ints = std::vector<std::int64_t>;
using Floats = std::vector<float>;
using Rule = Done (*)(Node node, Rewriting& to);

constexpr int kTarget = 13;

Tensor integers(const Ints& values) {
  return Tensor::of<std::int64_t>({std::ssize(values)}, values);
}

Tensor floats(const Floats& values) {
  return Tensor::of<float>({std::ssize(values)}, values);
}

Tensor scalar(float value) {
  return Tensor::of<float>({}, std::span(&value, 1));
}

template <typename T>
std::optional<T> taken(Node& node, const std::string& name) {
  const auto found = node.attributes.find(name);
  if (found == node.attributes.end()) return std::nullopt;
  T value = std::get<T>(found->second);
  node.attributes.erase(found);
  return value;
}

// One of the two Resizes that a node becomes, or the only one.
Node resize_of(const Node& node, const std::string& input, const std::string& output,
               const std::string& scales, bool smaller, Rewriting& to) {
  const std::string mode = string_attribute(node, "mode", "nearest");
  Node resize{node.name, "Resize", "", {input, to.constant(node, "roi", floats({})), scales},
              {output},  {}};
  resize.attributes = {{"mode", mode}, {"coordinate_transformation_mode", "asymmetric"}};
  if (mode == "nearest") {
    resize.attributes["nearest_mode"] = std::string(smaller ? "ceil" : "floor");
  }
  return resize;
}

// Up to opset 10 pixels began at zero (asymmetric, where 11's default has their centres), and the
// nearest pixel was the one before, or the one behind where the axis shrinks.
Done add_resize(const Node& node, const std::string& scales, Rewriting& to) {
  if (string_attribute(node, "mode", "nearest") != "nearest") {
    to.add(resize_of(node, node.inputs[0], node.outputs[0], scales, false, to));
    return std::monostate{};
  }
  const Tensor* values = to.value(scales);
  if (values == nullptr || values->dtype() != DType::kFloat32) {
    return unsupported(describe(node) + " takes the nearest pixels at scales that it computes");
  }
  Floats smaller(values->values<float>().begin(), values->values<float>().end());
  Floats larger = smaller;
  for (float& scale : smaller) scale = std::min(scale, 1.0F);
  for (float& scale : larger) scale = std::max(scale, 1.0F);
  const bool shrinks = std::ranges::any_of(smaller, [](float scale) { return scale < 1; });
  const bool grows = std::ranges::any_of(larger, [](float scale) { return scale > 1; });
  if (!shrinks || !grows) {
    to.add(resize_of(node, node.inputs[0], node.outputs[0], scales, shrinks, to));
    return std::monostate{};
  }
  const std::string between = to.fresh(node.outputs[0] + ".smaller");
  Node first = resize_of(node, node.inputs[0], between,
                         to.constant(node, "smaller", floats(smaller)), true, to);
  first.name = to.fresh(node.name + ".smaller");
  to.add(std::move(first));
  to.add(resize_of(node, between, node.outputs[0], to.constant(node, "larger", floats(larger)),
                   false, to));
  return std::monostate{};
}

Done resize(Node node, Rewriting& to) {
  return add_resize(node, node.inputs[1], to);
}

Done upsample(Node node, Rewriting& to) {
  if (node.inputs.size() > 1) return add_resize(node, node.inputs[1], to);
  const auto scales = taken<Floats>(node, "scales");
  if (!scales) return unsupported(describe(node) + " says no scales");
  return add_resize(node, to.constant(node, "scales", floats(*scales)), to);
}

Done clip(Node node, Rewriting& to) {
  const auto low = taken<float>(node, "min");
  const auto high = taken<float>(node, "max");
  if (low) node.inputs.push_back(to.constant(node, "min", scalar(*low)));
  if (high) {
    if (!low) node.inputs.emplace_back();
    node.inputs.push_back(to.constant(node, "max", scalar(*high)));
  }
  to.add(std::move(node));
  return std::monostate{};
}

Done pad(Node node, Rewriting& to) {
  const auto pads = taken<Ints>(node, "pads");
  if (!pads) return unsupported(describe(node) + " says no pads");
  const float value = taken<float>(node, "value").value_or(0);
  node.inputs.push_back(to.constant(node, "pads", integers(*pads)));
  if (value != 0) node.inputs.push_back(to.constant(node, "value", scalar(value)));
  to.add(std::move(node));
  return std::monostate{};
}

Done slice(Node node, Rewriting& to) {
  for (const char* part : {"starts", "ends", "axes"}) {
    if (const auto values = taken<Ints>(node, part)) {
      node.inputs.push_back(to.constant(node, part, integers(*values)));
    }
  }
  to.add(std::move(node));
  return std::monostate{};
}

Done top_k(Node node, Rewriting& to) {
  const auto k = taken<std::int64_t>(node, "k");
  if (k) node.inputs.push_back(to.constant(node, "k", integers({*k})));
  to.add(std::move(node));
  return std::monostate{};
}

// Of opset 11 the sum of all axes is one without axes, as before.
template <const char* kAttribute>
Done attribute_as_input(Node node, Rewriting& to) {
  if (const auto values = taken<Ints>(node, kAttribute)) {
    node.inputs.push_back(to.constant(node, kAttribute, integers(*values)));
  }
  to.add(std::move(node));
  return std::monostate{};
}
constexpr char kAxes[] = "axes";
constexpr char kSplit[] = "split";

// The ratio and the seed are training's.
Done dropout(Node node, Rewriting& to) {
  node.attributes.clear();
  to.add(std::move(node));
  return std::monostate{};
}

Done batch_normalization(Node node, Rewriting& to) {
  if (taken<std::int64_t>(node, "spatial").value_or(1) == 0) {
    return unsupported(describe(node) + " normalizes each position on its own (spatial=0)");
  }
  to.add(std::move(node));
  return std::monostate{};
}

Done scatter(Node node, Rewriting& to) {
  node.op = "ScatterElements";
  to.add(std::move(node));
  return std::monostate{};
}

// The old shape, as a number where it was observed: constants are what the passes can follow.
std::string shape_of_input(const Node& node, Rewriting& to) {
  const auto found = to.observed().shapes.find(node.inputs[0]);
  if (found != to.observed().shapes.end()) {
    return to.constant(node, "shape", integers(found->second));
  }
  std::string shape = to.fresh(node.name + ".shape");
  to.add({shape, "Shape", "", {node.inputs[0]}, {shape}, {}});
  return shape;
}

// True if nothing but single elements lie behind the axis: then it is joined with nothing.
bool is_alone(const Node& node, std::int64_t axis, const Rewriting& to) {
  if (axis == -1) return true;
  const auto found = to.observed().shapes.find(node.inputs[0]);
  if (found == to.observed().shapes.end()) return false;
  const auto rank = std::ssize(found->second);
  if (axis < 0) axis += rank;
  if (axis < 0 || axis >= rank) return false;
  return element_count(std::span(found->second).subspan(static_cast<std::size_t>(axis) + 1)) == 1;
}

// Softmax, LogSoftmax, Hardmax: before opset 13 the axes from `axis` on were taken as one.  Where
// that is more than one axis: Reshape(Softmax(Flatten(x)), shape of x), under the old names.
Done joined_axes(Node node, Rewriting& to) {
  const std::int64_t axis = taken<std::int64_t>(node, "axis").value_or(1);
  if (is_alone(node, axis, to)) {
    node.attributes["axis"] = axis;
    to.add(std::move(node));
    return std::monostate{};
  }
  const std::string shape = shape_of_input(node, to);
  const std::string output = node.outputs[0];
  const std::string flat = to.fresh(output + ".flat");
  const std::string made = to.fresh(output + ".made");
  const std::string shaped = to.fresh(node.name + ".shaped");
  to.add({flat, "Flatten", "", node.inputs, {flat}, {{"axis", axis}}});
  node.inputs = {flat};
  node.outputs = {made};
  node.attributes["axis"] = std::int64_t{1};
  to.add(std::move(node));
  to.add({shaped, "Reshape", "", {made, shape}, {output}, {}});
  return std::monostate{};
}

struct Change {
  std::string_view op;
  int at;  // nodes of earlier opsets are rewritten
  Rule rule;
};

constexpr Change kChanges[] = {
    {"BatchNormalization", 9, batch_normalization},
    {"Clip", 11, clip},
    {"Dropout", 12, dropout},
    {"Hardmax", 13, joined_axes},
    {"LogSoftmax", 13, joined_axes},
    {"Pad", 11, pad},
    {"ReduceSum", 13, attribute_as_input<kAxes>},
    {"Resize", 11, resize},
    {"Scatter", 11, scatter},
    {"Slice", 10, slice},
    {"Softmax", 13, joined_axes},
    {"Split", 13, attribute_as_input<kSplit>},
    {"Squeeze", 13, attribute_as_input<kAxes>},
    {"TopK", 10, top_k},
    {"Unsqueeze", 13, attribute_as_input<kAxes>},
    {"Upsample", 10, upsample},
};

// Learnt a type, a negative axis, or an attribute whose default is what they did before.  Those
// above are here too where what came after their change is of this kind.
constexpr std::string_view kWidened[] = {"Abs",
                                         "Add",
                                         "ArgMax",
                                         "ArgMin",
                                         "AveragePool",
                                         "BatchNormalization",
                                         "Cast",
                                         "Ceil",
                                         "Clip",
                                         "Compress",
                                         "Concat",
                                         "Constant",
                                         "Conv",
                                         "ConvTranspose",
                                         "CumSum",
                                         "DepthToSpace",
                                         "Div",
                                         "Dropout",
                                         "Equal",
                                         "Erf",
                                         "Exp",
                                         "Expand",
                                         "Flatten",
                                         "Floor",
                                         "Gather",
                                         "GatherElements",
                                         "GatherND",
                                         "Gemm",
                                         "Greater",
                                         "Identity",
                                         "If",
                                         "IsNaN",
                                         "LRN",
                                         "Less",
                                         "Log",
                                         "Loop",
                                         "LpPool",
                                         "MatMul",
                                         "Max",
                                         "MaxPool",
                                         "MaxUnpool",
                                         "Mean",
                                         "MeanVarianceNormalization",
                                         "Min",
                                         "Mod",
                                         "Mul",
                                         "Neg",
                                         "NonMaxSuppression",
                                         "NonZero",
                                         "OneHot",
                                         "PRelu",
                                         "Pad",
                                         "Pow",
                                         "DequantizeLinear",
                                         "QuantizeLinear",
                                         "Reciprocal",
                                         "ReduceL1",
                                         "ReduceL2",
                                         "ReduceLogSum",
                                         "ReduceLogSumExp",
                                         "ReduceMax",
                                         "ReduceMean",
                                         "ReduceMin",
                                         "ReduceProd",
                                         "ReduceSumSquare",
                                         "Relu",
                                         "Reshape",
                                         "Resize",
                                         "ScatterElements",
                                         "ScatterND",
                                         "Shape",
                                         "Sigmoid",
                                         "Sign",
                                         "Size",
                                         "Slice",
                                         "SpaceToDepth",
                                         "Sqrt",
                                         "Sub",
                                         "Sum",
                                         "Tanh",
                                         "Tile",
                                         "TopK",
                                         "Transpose"};

// True if a node of `from` is one of 13 as it stands.
bool stays(const std::string& op, int from) {
  const onnx::OpSchema* before = onnx::OpSchemaRegistry::Schema(op, from, "");
  const onnx::OpSchema* after = onnx::OpSchemaRegistry::Schema(op, kTarget, "");
  if (before == nullptr || after == nullptr || after->Deprecated()) return false;
  if (before->SinceVersion() == after->SinceVersion()) return true;
  return std::ranges::find(kWidened, op) != std::end(kWidened);
}

const Change* change_of(const std::string& op, int from) {
  const auto found = std::ranges::find_if(
      kChanges, [&](const Change& change) { return change.op == op && from < change.at; });
  return found == std::end(kChanges) ? nullptr : &*found;
}

// The first operator in a subgraph, at any depth, that would have to be rewritten: its bytes are
// carried as they are.  The depth is bounded by the parser's recursion limit.
std::optional<std::string> first_changed(const onnx::AttributeProto& attribute, int from) {
  std::vector<const onnx::GraphProto*> graphs;
  if (attribute.has_g()) graphs.push_back(&attribute.g());
  for (const onnx::GraphProto& graph : attribute.graphs()) graphs.push_back(&graph);
  for (const onnx::GraphProto* graph : graphs) {
    for (const onnx::NodeProto& node : graph->node()) {
      const bool ours = node.domain().empty() || node.domain() == "ai.onnx";
      if (ours && (change_of(node.op_type(), from) != nullptr || !stays(node.op_type(), from))) {
        return node.op_type();
      }
      for (const onnx::AttributeProto& inner : node.attribute()) {
        if (auto changed = first_changed(inner, from)) return changed;
      }
    }
  }
  return std::nullopt;
}

Done check_subgraphs(const Node& node, int from) {
  for (const auto& [name, attribute] : node.attributes) {
    const auto* opaque = std::get_if<OpaqueAttribute>(&attribute);
    if (opaque == nullptr) continue;
    onnx::AttributeProto proto;
    PARE_CHECK(proto.ParseFromString(opaque->bytes), "an opaque attribute lost its bytes");
    if (const auto changed = first_changed(proto, from)) {
      return unsupported(describe(node) + " has a subgraph with a " + *changed + " in it");
    }
  }
  return std::monostate{};
}

}  // namespace

Rewriting::Rewriting(const Graph& graph, const Observation& observed)
    : graph_(graph), observed_(observed), constants_(graph.constants) {
  for (const TensorInfo& info : graph.inputs) taken_.insert(info.name);
  for (const auto& [name, tensor] : graph.constants) taken_.insert(name);
  for (const Node& node : graph.nodes) {
    taken_.insert(node.name);
    taken_.insert(node.outputs.begin(), node.outputs.end());
    for (std::string& name : tensors_read(node)) taken_.insert(std::move(name));
  }
}

std::string Rewriting::fresh(const std::string& wanted) {
  std::string name = wanted;
  for (int number = 1; !taken_.insert(name).second; ++number) {
    name = wanted + "_" + std::to_string(number);
  }
  return name;
}

std::string Rewriting::constant(const Node& of, const char* part, Tensor value) {
  std::string name = fresh(of.name + "." + part);
  constants_.emplace(name, std::move(value));
  return name;
}

const Tensor* Rewriting::value(const std::string& tensor) const {
  if (const auto own = constants_.find(tensor); own != constants_.end()) return &own->second;
  const auto seen = observed_.constants.find(tensor);
  return seen == observed_.constants.end() ? nullptr : &seen->second;
}

Graph Rewriting::finish(int opset) {
  Graph graph = graph_;
  graph.opset = opset;
  graph.nodes = std::move(nodes_);
  graph.constants = std::move(constants_);
  return graph;
}

Done add_upgraded(const Node& node, int from, Rewriting& to) {
  if (auto sound = check_subgraphs(node, from); !sound) return sound;
  if (!node.domain.empty()) {
    to.add(node);
    return std::monostate{};
  }
  if (const Change* change = change_of(node.op, from)) return change->rule(node, to);
  if (!stays(node.op, from)) {
    return unsupported("what became of " + describe(node) + " since then is not known");
  }
  to.add(node);
  return std::monostate{};
}

}  // namespace pare::engine
