// How errors name nodes and tensors, so that all of the engine says it the same way.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "core/utf8.h"
#include "engine/graph/graph.h"

namespace pare::engine {

// "\"conv1.weight\"": names of tensors may hold spaces, or nothing, or what is no text.
inline std::string in_quotes(std::string_view name) {
  return '"' + shown(name) + '"';
}

// "node \"Conv_3\" (Conv)".
inline std::string describe(const Node& node) {
  return "node " + in_quotes(node.name) + " (" + node.op + ")";
}

inline Error invalid(std::string message) {
  return {ErrorCode::kInvalidArgument, std::move(message)};
}

inline Error unsupported(std::string message) {
  return {ErrorCode::kUnsupported, std::move(message)};
}

}  // namespace pare::engine
