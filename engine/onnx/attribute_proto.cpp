#include "engine/onnx/attribute_proto.h"

#include <set>
#include <utility>
#include <vector>

#include "engine/onnx/tensor_proto.h"

namespace pare::engine {
namespace {

using onnx::AttributeProto;
using Names = std::set<std::string>;

void collect_captures(const onnx::GraphProto& graph, Names& captures);

void collect_captures(const AttributeProto& attribute, Names& captures) {
  if (attribute.has_g()) collect_captures(attribute.g(), captures);
  for (const onnx::GraphProto& graph : attribute.graphs()) collect_captures(graph, captures);
}

// Adds the names that `graph` and the graphs inside it read but do not make.  The depth is bounded
// by the parser's recursion limit.
void collect_captures(const onnx::GraphProto& graph, Names& captures) {
  Names read;
  Names made;
  for (const auto& input : graph.input()) made.insert(input.name());
  for (const auto& tensor : graph.initializer()) made.insert(tensor.name());
  for (const auto& tensor : graph.sparse_initializer()) made.insert(tensor.values().name());
  for (const auto& node : graph.node()) {
    read.insert(node.input().begin(), node.input().end());
    made.insert(node.output().begin(), node.output().end());
    for (const AttributeProto& attribute : node.attribute()) collect_captures(attribute, read);
  }
  for (const auto& output : graph.output()) read.insert(output.name());
  for (const std::string& name : read) {
    if (!name.empty() && !made.contains(name)) captures.insert(name);
  }
}

// Files older than IR version 2 leave the type out; the field that is filled then says it.
AttributeProto::AttributeType type_of(const AttributeProto& proto) {
  if (proto.has_type() && proto.type() != AttributeProto::UNDEFINED) return proto.type();
  if (proto.has_f()) return AttributeProto::FLOAT;
  if (proto.has_i()) return AttributeProto::INT;
  if (proto.has_s()) return AttributeProto::STRING;
  if (proto.has_t()) return AttributeProto::TENSOR;
  if (proto.floats_size() > 0) return AttributeProto::FLOATS;
  if (proto.ints_size() > 0) return AttributeProto::INTS;
  if (proto.strings_size() > 0) return AttributeProto::STRINGS;
  return AttributeProto::UNDEFINED;
}

OpaqueAttribute opaque(const AttributeProto& proto) {
  Names captures;
  collect_captures(proto, captures);
  return {proto.SerializeAsString(), {captures.begin(), captures.end()}};
}

// Fills the message with each kind of value.
struct Filler {
  AttributeProto& proto;
  void operator()(std::int64_t value) const {
    proto.set_type(AttributeProto::INT);
    proto.set_i(value);
  }
  void operator()(float value) const {
    proto.set_type(AttributeProto::FLOAT);
    proto.set_f(value);
  }
  void operator()(const std::string& value) const {
    proto.set_type(AttributeProto::STRING);
    proto.set_s(value);
  }
  void operator()(const std::vector<std::int64_t>& values) const {
    proto.set_type(AttributeProto::INTS);
    proto.mutable_ints()->Add(values.begin(), values.end());
  }
  void operator()(const std::vector<float>& values) const {
    proto.set_type(AttributeProto::FLOATS);
    proto.mutable_floats()->Add(values.begin(), values.end());
  }
  void operator()(const std::vector<std::string>& values) const {
    proto.set_type(AttributeProto::STRINGS);
    for (const std::string& value : values) proto.add_strings(value);
  }
  void operator()(const Tensor& tensor) const {
    proto.set_type(AttributeProto::TENSOR);
    *proto.mutable_t() = tensor_to_proto(tensor, "");
  }
  void operator()(const OpaqueAttribute& attribute) const {
    PARE_CHECK(proto.ParseFromString(attribute.bytes), "an opaque attribute lost its bytes");
  }
};

}  // namespace

Result<Attribute> attribute_from_proto(const AttributeProto& proto, const std::string& where) {
  if (proto.has_ref_attr_name() && !proto.ref_attr_name().empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 where + " refers to the attribute of a function, but is not in one"};
  }
  switch (type_of(proto)) {
    case AttributeProto::FLOAT: return Attribute(proto.f());
    case AttributeProto::INT: return Attribute(std::int64_t{proto.i()});
    case AttributeProto::STRING: return Attribute(proto.s());
    case AttributeProto::FLOATS:
      return Attribute(std::vector<float>(proto.floats().begin(), proto.floats().end()));
    case AttributeProto::INTS:
      return Attribute(std::vector<std::int64_t>(proto.ints().begin(), proto.ints().end()));
    case AttributeProto::STRINGS:
      return Attribute(std::vector<std::string>(proto.strings().begin(), proto.strings().end()));
    case AttributeProto::TENSOR: {
      Result<Tensor> tensor = tensor_from_proto(proto.t(), where);
      if (!tensor) return tensor.error();
      return Attribute(std::move(tensor).value());
    }
    default: return Attribute(opaque(proto));
  }
}

AttributeProto attribute_to_proto(const std::string& name, const Attribute& attribute) {
  AttributeProto proto;
  std::visit(Filler{proto}, attribute);
  proto.set_name(name);
  return proto;
}

}  // namespace pare::engine
