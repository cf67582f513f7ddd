// Attributes between ONNX's messages and ours.  Private to engine/onnx: it includes protobuf.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

// A subgraph or another kind that the IR does not look into becomes an OpaqueAttribute with the
// outer tensors that it reads.  `where` begins an error's sentence.
Result<Attribute> attribute_from_proto(const onnx::AttributeProto& proto, const std::string& where);

onnx::AttributeProto attribute_to_proto(const std::string& name, const Attribute& attribute);

}  // namespace pare::engine
