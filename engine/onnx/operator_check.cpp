#include "engine/onnx/operator_check.h"

#include <onnx/defs/schema.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "engine/graph/messages.h"

namespace pare::engine {
namespace {

using onnx::AttributeProto;

constexpr int kNewestOpset = 17;

// In the order of the kinds in Attribute.
constexpr AttributeProto::AttributeType kKinds[] = {
    AttributeProto::INT,    AttributeProto::FLOAT,   AttributeProto::STRING, AttributeProto::INTS,
    AttributeProto::FLOATS, AttributeProto::STRINGS, AttributeProto::TENSOR};

bool is_of(const Attribute& attribute, AttributeProto::AttributeType type) {
  if (attribute.index() < std::size(kKinds)) return kKinds[attribute.index()] == type;
  return std::ranges::find(kKinds, type) == std::end(kKinds);  // opaque: any of the other kinds
}

std::string in_words(int least, int most) {
  if (most == least) return std::to_string(least);
  if (most == std::numeric_limits<int>::max()) return std::to_string(least) + " or more";
  return std::to_string(least) + " to " + std::to_string(most);
}

}  // namespace

Result<std::monostate> check_operator(const Node& node, int opset) {
  if (!node.domain.empty()) return std::monostate{};
  const onnx::OpSchema* schema =
      onnx::OpSchemaRegistry::Schema(node.op, std::min(opset, kNewestOpset), node.domain);
  if (schema == nullptr) return std::monostate{};
  for (const auto& [name, attribute] : node.attributes) {
    const auto known = schema->attributes().find(name);
    if (known == schema->attributes().end() || is_of(attribute, known->second.type)) continue;
    return invalid("attribute " + in_quotes(name) + " of " + describe(node) +
                   " is not of the kind " + AttributeProto::AttributeType_Name(known->second.type));
  }
  if (opset > kNewestOpset) return std::monostate{};
  const int inputs = static_cast<int>(node.inputs.size());
  if (inputs < schema->min_input() || inputs > schema->max_input()) {
    return invalid(describe(node) + " has " + std::to_string(inputs) +
                   " inputs, the operator takes " +
                   in_words(schema->min_input(), schema->max_input()));
  }
  const int outputs = static_cast<int>(node.outputs.size());
  if (outputs < schema->min_output() || outputs > schema->max_output()) {
    return invalid(describe(node) + " has " + std::to_string(outputs) +
                   " outputs, the operator makes " +
                   in_words(schema->min_output(), schema->max_output()));
  }
  if (schema->min_input() > 0 && node.inputs[0].empty()) {
    return invalid(describe(node) + " has no first input");
  }
  return std::monostate{};
}

}  // namespace pare::engine
