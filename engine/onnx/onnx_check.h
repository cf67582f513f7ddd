// The official checker on a file that is to be handed out.
#pragma once

#include <cstddef>
#include <span>
#include <variant>

#include "core/result.h"

namespace pare::engine {

// Fails with kInternal and the checker's words: a file of ours must be sound.  libonnx knows the
// operators up to opset 17; of a later one only the structure is checked here.
// Cost: the file is parsed once.
Result<std::monostate> check_onnx(std::span<const std::byte> bytes);

}  // namespace pare::engine
