#include "engine/quant/int8_nodes.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace pare::engine {
namespace {

constexpr std::array<std::string_view, 5> kArithmetic = {"Add", "Concat", "LeakyRelu", "Mul",
                                                         "Sigmoid"};
constexpr std::array<std::string_view, 5> kMoving = {"MaxPool", "Reshape", "Resize", "Slice",
                                                     "Transpose"};
constexpr std::array<std::string_view, 2> kFolding = {"Clip", "Relu"};

constexpr std::array<std::string_view, 4> kLayers = {"Conv", "ConvTranspose", "Gemm", "MatMul"};

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& ops, const Node& node) {
  return node.domain.empty() && std::ranges::find(ops, node.op) != ops.end();
}

bool is_convolution(const Node& node) {
  return node.domain.empty() && node.op == "Conv";
}

// What a model's summary lists: convolutions and matrix products.  All but Conv are fp32 anyway.
bool is_layer(const Node& node) {
  return node.domain.empty() && is_one_of(kLayers, node);
}

}  // namespace

bool keeps_scale(const Node& node) {
  return is_one_of(kMoving, node);
}

bool folds_into_convolution(const Node& node) {
  return is_one_of(kFolding, node);
}

Result<std::monostate> check_layers(const Graph& graph, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const Node* node = find_node(graph, name);
    if (node == nullptr || !is_layer(*node)) {
      return Error{ErrorCode::kInvalidArgument,
                   "the plan keeps '" + name + "' in fp32, which is no layer of this model"};
    }
  }
  return std::monostate{};
}

std::vector<bool> int8_nodes(const Graph& graph, QdqPlacement placement,
                             const std::vector<std::string>& apart) {
  std::map<std::string, bool, std::less<>> tensor_is_int8;
  std::vector<bool> chosen;
  for (const Node& node : graph.nodes) {
    bool int8 = false;
    if (is_convolution(node)) {
      int8 = graph.constants.contains(node.inputs.at(1)) &&
             !std::ranges::binary_search(apart, node.name);
    } else if (folds_into_convolution(node) ||
               (placement == QdqPlacement::kOperators &&
                (is_one_of(kArithmetic, node) || keeps_scale(node)))) {
      bool reads_int8 = false;
      bool reads_fp32 = false;
      for (const std::string& input : node.inputs) {
        const auto known = tensor_is_int8.find(input);
        if (known != tensor_is_int8.end() && known->second) reads_int8 = true;
        const bool parameter =
            input.empty() || (!is_one_of(kArithmetic, node) && graph.constants.contains(input));
        if (!parameter && (known == tensor_is_int8.end() || !known->second)) reads_fp32 = true;
      }
      int8 = reads_int8 && !reads_fp32 && !std::ranges::binary_search(apart, node.name);
    }
    chosen.push_back(int8);
    for (const std::string& output : node.outputs) tensor_is_int8[output] = int8;
  }
  return chosen;
}

FollowedBy followed_by(const Graph& graph, const Edges& edges, const std::string& tensor) {
  const auto readers = edges.consumers.find(tensor);
  if (readers == edges.consumers.end() || is_graph_output(graph, tensor)) return FollowedBy::kOther;
  const Node* sigmoid = nullptr;
  const Node* product = nullptr;
  for (const std::size_t n : readers->second) {
    const Node& node = graph.nodes[n];
    if (node.op == "Sigmoid") sigmoid = &node;
    if (node.op == "Mul") product = &node;
  }
  if (sigmoid == nullptr || readers->second.size() > 2) return FollowedBy::kOther;
  if (readers->second.size() == 1) return FollowedBy::kSigmoid;
  const bool own = product != nullptr &&
                   std::ranges::find(product->inputs, sigmoid->outputs[0]) != product->inputs.end();
  return own ? FollowedBy::kSilu : FollowedBy::kOther;
}

}  // namespace pare::engine
