#include "engine/pipeline/edge_types.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "engine/graph/convert.h"
#include "engine/graph/image_layout.h"
#include "engine/graph/messages.h"
#include "engine/onnx/element_types.h"
#include "engine/passes/passes.h"
#include "engine/passes/turn_input.h"

namespace pare::engine {
namespace {

// ONNX's numbers of the types that a Cast can name.
constexpr std::int64_t kFloat = 1;
constexpr std::pair<DType, std::int64_t> kNumbers[] = {
    {DType::kFloat32, kFloat}, {DType::kUint8, 2},   {DType::kInt8, 3},  {DType::kUint16, 4},
    {DType::kInt16, 5},        {DType::kInt32, 6},   {DType::kInt64, 7}, {DType::kBool, 9},
    {DType::kFloat16, 10},     {DType::kFloat64, 11}};

std::int64_t number_of(DType dtype) {
  return std::ranges::find(kNumbers, dtype, &std::pair<DType, std::int64_t>::first)->second;
}

constexpr bool is_other_float(DType dtype) {
  return dtype == DType::kFloat16 || dtype == DType::kFloat64;
}

bool names_other_float(std::int64_t number) {
  return number == number_of(DType::kFloat16) || number == number_of(DType::kFloat64);
}

Node cast(const std::string& from, const std::string& to, DType dtype, std::string name) {
  return {std::move(name), "Cast", "", {from}, {to}, {{"to", number_of(dtype)}}};
}

bool is_cast(const Node& node) {
  return node.domain.empty() && node.op == "Cast";
}

bool casts_to_float(const Node& node) {
  const std::int64_t to = is_cast(node) ? int_attribute(node, "to", 0) : 0;
  return to == kFloat || names_other_float(to);
}

// Whether any number in the graph, or at its edges, is of a type that is changed.
bool is_all_float32(const Graph& graph) {
  const auto other = [](const TensorInfo& info) { return is_other_float(info.dtype); };
  const auto not_float32 = [](const TensorInfo& i) { return i.dtype != DType::kFloat32; };
  if (std::ranges::any_of(graph.inputs, not_float32)) return false;
  if (std::ranges::any_of(graph.outputs, other)) return false;
  for (const auto& [name, tensor] : graph.constants) {
    if (is_other_float(tensor.dtype())) return false;
  }
  return std::ranges::none_of(graph.nodes, [](const Node& node) {
    if (casts_to_float(node) && int_attribute(node, "to", 0) != kFloat) return true;
    return std::ranges::any_of(node.attributes, [](const auto& attribute) {
      const auto* tensor = std::get_if<Tensor>(&attribute.second);
      return tensor != nullptr && is_other_float(tensor->dtype());
    });
  });
}

// Rewrites one graph; used once.
class Widening {
 public:
  explicit Widening(Graph graph) : graph_(std::move(graph)) {}

  Result<FloatNetwork> run() {
    if (auto possible = check(); !possible) return possible.error();
    for (TensorInfo& input : graph_.inputs) take_input(input);
    for (auto& [name, tensor] : graph_.constants) widen(tensor);
    for (Node& node : graph_.nodes) widen(node);
    for (TensorInfo& output : graph_.outputs) {
      if (!is_other_float(output.dtype)) continue;
      made_.edges.outputs[output.name] = output.dtype;
      note_type(output.dtype);
      output.dtype = DType::kFloat32;
    }
    drop_casts_of_float32();
    say();
    made_.edges.narrow = seen_.contains(DType::kFloat16);
    made_.graph = std::move(graph_);
    return std::move(made_);
  }

 private:
  Result<std::monostate> check() const {
    for (const TensorInfo& input : graph_.inputs) {
      if (input.dtype == DType::kBool) {
        return unsupported("input " + in_quotes(input.name) + " takes booleans, no image");
      }
    }
    for (const Node& node : graph_.nodes) {
      for (const auto& [name, attribute] : node.attributes) {
        if (!std::holds_alternative<OpaqueAttribute>(attribute)) continue;
        return unsupported("not all numbers of the network are float32, and " + describe(node) +
                           " has a subgraph, which cannot be changed: export it as float32");
      }
    }
    return std::monostate{};
  }

  // Integers: those who make floats of them read the floats, the others what they always read.
  void take_input(TensorInfo& input) {
    const DType given = std::exchange(input.dtype, DType::kFloat32);
    if (given == DType::kFloat32) return;
    made_.edges.inputs[input.name] = given;
    note_type(given);
    if (is_other_float(given)) return;
    const std::string integers = fresh_name(graph_, input.name + ".integers");
    bool is_read = false;
    for (Node& node : graph_.nodes) {
      if (casts_to_float(node)) continue;
      for (std::string& name : node.inputs) {
        if (name != input.name) continue;
        name = integers;
        is_read = true;
      }
    }
    if (!is_read) return;
    graph_.nodes.insert(graph_.nodes.begin(), cast(input.name, integers, given, integers));
  }

  void widen(Tensor& tensor) {
    if (!is_other_float(tensor.dtype())) return;
    note_type(tensor.dtype());
    tensor = converted(tensor, DType::kFloat32);
  }

  void widen(Node& node) {
    for (auto& [name, attribute] : node.attributes) {
      if (auto* tensor = std::get_if<Tensor>(&attribute)) widen(*tensor);
      const bool names_type = name == "to" || name == "dtype";
      auto* number = std::get_if<std::int64_t>(&attribute);
      if (node.domain.empty() && names_type && number != nullptr && names_other_float(*number)) {
        *number = kFloat;
      }
    }
  }

  void drop_casts_of_float32() {
    const auto types = element_types(graph_);
    for (Node& node : graph_.nodes) {
      if (!casts_to_float(node)) continue;
      const auto type = types.find(node.inputs[0]);
      if (type == types.end() || type->second != DType::kFloat32) continue;
      node.op = "Identity";
      node.attributes.clear();
    }
  }

  void note_type(DType dtype) { seen_.insert(dtype); }

  void say() {
    for (const DType dtype : {DType::kFloat16, DType::kFloat64}) {
      if (!seen_.contains(dtype)) continue;
      made_.notes.push_back("The network holds " + std::string(name_of(dtype)) +
                            " numbers: candidates compute and store them as float32.");
    }
    for (const auto* edges : {&made_.edges.inputs, &made_.edges.outputs}) {
      for (const auto& [name, dtype] : *edges) {
        made_.notes.push_back(std::string(edges == &made_.edges.inputs ? "Input " : "Output ") +
                              in_quotes(name) + " is " + std::string(name_of(dtype)) +
                              ", and stays so in candidates.");
      }
    }
  }

  Graph graph_;
  FloatNetwork made_;
  std::set<DType> seen_;
};

void rename(Graph& graph, const std::string& from, const std::string& to) {
  for (Node& node : graph.nodes) {
    std::ranges::replace(node.inputs, from, to);
    std::ranges::replace(node.outputs, from, to);
  }
  if (auto constant = graph.constants.extract(from); !constant.empty()) {
    constant.key() = to;
    graph.constants.insert(std::move(constant));
  }
}

}  // namespace

Result<FloatNetwork> in_float32(Graph graph) {
  if (is_all_float32(graph)) return FloatNetwork{std::move(graph), {}, {}};
  return Widening(std::move(graph)).run();
}

Result<FloatNetwork> with_channels_second(FloatNetwork network) {
  const TensorInfo image = network.graph.inputs.at(0);
  if (!has_channels_last(image.shape)) return network;
  auto turned = take_channels_first(std::move(network.graph));
  if (!turned) return turned.error();
  network.graph = std::move(turned).value();
  network.edges.channels_last = true;
  network.notes.push_back("Input " + in_quotes(image.name) + " has its channels last, as " +
                          to_string(image.shape) + ", and keeps them there in candidates.");
  return network;
}

Graph with_edge_types(Graph graph, const EdgeTypes& edges) {
  for (TensorInfo& output : graph.outputs) {
    const auto dtype = edges.outputs.find(output.name);
    if (dtype == edges.outputs.end()) continue;
    const std::string inner = fresh_name(graph, output.name + ".float32");
    rename(graph, output.name, inner);
    graph.nodes.push_back(
        cast(inner, output.name, dtype->second, fresh_name(graph, output.name + ".cast")));
    output.dtype = dtype->second;
  }
  for (TensorInfo& input : graph.inputs) {
    const auto dtype = edges.inputs.find(input.name);
    if (dtype == edges.inputs.end()) continue;
    const std::string inner = fresh_name(graph, input.name + ".float32");
    rename(graph, input.name, inner);
    graph.nodes.insert(graph.nodes.begin(), cast(input.name, inner, DType::kFloat32,
                                                 fresh_name(graph, input.name + ".cast")));
    input.dtype = dtype->second;
  }
  if (!edges.channels_last) return graph;
  auto turned = take_channels_last(std::move(graph));
  PARE_CHECK(turned.has_value(), "no subgraph reads the image: the file was turned, too");
  return remove_identities(std::move(turned).value());
}

Preprocessing for_integers(Preprocessing preset, DType input) {
  const double mean = input == DType::kInt8 ? 128 : 0;
  preset.mean = {mean, mean, mean};
  preset.std = {1, 1, 1};
  return preset;
}

Result<std::monostate> check_pixels_fit(const Preprocessing& how, const TensorInfo& input) {
  if (is_float(input.dtype)) return std::monostate{};
  for (std::size_t channel = 0; channel < how.mean.size(); ++channel) {
    for (int pixel = 0; pixel < 256; ++pixel) {
      const auto value = static_cast<float>((pixel - how.mean[channel]) / how.std.at(channel));
      const Tensor fed = converted(Tensor::of<float>({}, std::span(&value, 1)), input.dtype);
      if (converted(fed, DType::kFloat32).values<float>()[0] == value) continue;
      return invalid("input " + in_quotes(input.name) + " takes " +
                     std::string(name_of(input.dtype)) + ", and the card makes " +
                     std::to_string(value) + " of a pixel of " + std::to_string(pixel) +
                     ": for an input of integers pixels are fed as they are (mean 0, std 1; " +
                     "int8: mean 128)");
    }
  }
  return std::monostate{};
}

}  // namespace pare::engine
