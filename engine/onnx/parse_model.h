// The one place where bytes become ONNX's messages: bounded in size and depth, never a crash.
//
// Private to engine/onnx: it includes protobuf.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "core/result.h"

namespace pare::engine {

inline constexpr std::size_t kMostModelBytes = std::numeric_limits<int>::max();  // protobuf's own

Error too_large_a_model(std::uintmax_t bytes);

// kInvalidArgument: not one whole model with a graph, or more bytes than a message may have.
Result<onnx::ModelProto> parse_model(std::span<const std::byte> bytes);

}  // namespace pare::engine
