#include "engine/pipeline/quantized.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "engine/graph/messages.h"

namespace pare::engine {
namespace {

// In any domain: com.microsoft has more of them.
bool works_on_integers(const Node& node) {
  static const std::set<std::string_view> kOps = {
      "QuantizeLinear",       "DynamicQuantizeLinear", "ConvInteger",         "MatMulInteger",
      "MatMulIntegerToFloat", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM", "QGemm",
      "QAttention",           "FakeQuantize",          "MatMulNBits",         "QMoE"};
  return kOps.contains(node.op) || node.op.starts_with("QLinear");
}

}  // namespace

Result<std::monostate> check_not_quantized(const Graph& graph) {
  std::set<std::string> constants;
  for (const auto& [name, tensor] : graph.constants) constants.insert(name);
  std::map<std::string, int> found;
  const Node* first = nullptr;
  for (const Node& node : graph.nodes) {
    const std::vector<std::string> read = tensors_read(node);
    const bool is_constant = !read.empty() && std::ranges::all_of(read, [&](const auto& name) {
      return constants.contains(name);
    });
    if (is_constant) constants.insert(node.outputs.begin(), node.outputs.end());
    if (is_constant || !works_on_integers(node)) continue;
    ++found[node.op];
    if (first == nullptr) first = &node;
  }
  if (first == nullptr) return std::monostate{};
  std::string counts;
  for (const auto& [op, count] : found) {
    counts += (counts.empty() ? "" : ", ") + std::to_string(count) + " " + shown(op);
  }
  return unsupported("the model is int8 already (" + counts + "; the first is " + describe(*first) +
                     "): give Pare the float model that it was made from, it finds what to lower " +
                     "itself");
}

}  // namespace pare::engine
