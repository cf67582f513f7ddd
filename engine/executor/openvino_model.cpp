#include "engine/executor/openvino_model.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <utility>

#include "engine/graph/messages.h"
#include "engine/onnx/onnx_io.h"
#include "engine/onnx/opset_upgrade.h"

namespace pare::engine {
namespace {

const std::pair<DType, ov::element::Type_t> kTypes[] = {
    {DType::kFloat32, ov::element::f32}, {DType::kFloat64, ov::element::f64},
    {DType::kFloat16, ov::element::f16}, {DType::kInt8, ov::element::i8},
    {DType::kUint8, ov::element::u8},    {DType::kInt16, ov::element::i16},
    {DType::kUint16, ov::element::u16},  {DType::kInt32, ov::element::i32},
    {DType::kInt64, ov::element::i64},   {DType::kBool, ov::element::boolean},
};

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// True if `word` stands in `text` and is not a part of a longer word.
bool mentions(std::string_view text, std::string_view word) {
  if (word.empty()) return false;
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool starts = at == 0 || !is_name_character(text[at - 1]);
    const bool ends = end == text.size() || !is_name_character(text[end]);
    if (starts && ends) return true;
  }
  return false;
}

// The node of the longest name, or tensor name, in the text; failing that the first one of an
// operator that the text names.
const Node* node_spoken_of(const Graph& graph, std::string_view text) {
  const Node* found = nullptr;
  std::size_t longest = 0;
  const auto consider = [&](const Node& node, const std::string& name) {
    // A bare number, which many exporters use as a name, stands in any message.
    const bool is_number =
        std::ranges::all_of(name, [](unsigned char c) { return std::isdigit(c); });
    if (name.size() <= longest || is_number || !mentions(text, name)) return;
    found = &node;
    longest = name.size();
  };
  for (const Node& node : graph.nodes) {
    consider(node, node.name);
    for (const std::string& output : node.outputs) consider(node, output);
  }
  if (found != nullptr) return found;
  const auto of_op =
      std::ranges::find_if(graph.nodes, [&](const Node& node) { return mentions(text, node.op); });
  return of_op == graph.nodes.end() ? nullptr : &*of_op;
}

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    if (c != '\n' && c != '\t')
      line += c;
    else if (!line.empty() && line.back() != ' ')
      line += ' ';
  }
  return line;
}

// Before opset 13 a Softmax went over all axes from its own on, as if they were one; OpenVINO
// 2026.4 goes over the one axis whatever the opset.
bool joins_axes(const Node& node) {
  const bool is_softmax = node.op == "Softmax" || node.op == "LogSoftmax" || node.op == "Hardmax";
  return is_softmax && int_attribute(node, "axis", 1) != -1;
}

// Before opset 10 the nearest pixel was the one before; OpenVINO 2026.4 takes the nearer one.  For
// whole scales that is the same.
bool takes_the_pixel_before(const Node& node, const Graph& graph) {
  if (node.op != "Upsample" || string_attribute(node, "mode", "nearest") != "nearest") return false;
  std::vector<float> scales;
  if (const auto said = node.attributes.find("scales"); said != node.attributes.end()) {
    scales = std::get<std::vector<float>>(said->second);
  } else if (node.inputs.size() > 1) {
    const auto constant = graph.constants.find(node.inputs[1]);
    if (constant == graph.constants.end() || constant->second.dtype() != DType::kFloat32) {
      return true;
    }
    const auto values = constant->second.values<float>();
    scales.assign(values.begin(), values.end());
  }
  return std::ranges::any_of(scales, [](float scale) { return scale != std::floor(scale); });
}

}  // namespace

std::optional<DType> dtype_from_openvino(const ov::element::Type& type) {
  for (const auto& [dtype, known] : kTypes) {
    if (type == known) return dtype;
  }
  return std::nullopt;
}

ov::element::Type dtype_to_openvino(DType dtype) {
  for (const auto& [known, type] : kTypes) {
    if (known == dtype) return type;
  }
  return ov::element::dynamic;
}

Error openvino_error(const Graph& graph, std::string_view what) {
  const Node* node = node_spoken_of(graph, what);
  const std::string who = node == nullptr ? "the graph" : describe(*node);
  return unsupported(who + " cannot run on OpenVINO: " + one_line(what));
}

bool openvino_misreads(const Graph& graph) {
  return graph.opset < 13 && std::ranges::any_of(graph.nodes, [&](const Node& node) {
           return node.domain.empty() && (joins_axes(node) || takes_the_pixel_before(node, graph));
         });
}

Result<std::shared_ptr<ov::Model>> read_openvino_model(const Graph& graph,
                                                       const std::vector<std::string>& exposed) {
  Graph exposing = graph;
  if (openvino_misreads(graph)) {
    auto upgraded = upgrade_opset(graph, {}, 13);
    if (!upgraded) return upgraded.error();
    exposing = std::move(upgraded).value();
  }
  exposing.outputs.clear();
  // The reader derives the types itself; what is declared here does not reach the results.
  for (const std::string& name : exposed) exposing.outputs.push_back({name, DType::kFloat32, {}});
  try {
    ov::Core core;
    return core.read_model(export_onnx(exposing), ov::Tensor());
  } catch (const std::exception& error) {
    return openvino_error(graph, error.what());
  }
}

}  // namespace pare::engine
