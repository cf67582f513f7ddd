// Whether what candidates set out from still computes what the uploaded file does.
//
// A file is rewritten before it is compressed: names, constants, BatchNorm, opset, element types,
// the decode tail.  Each step is meant to keep the meaning; here the result is held against the
// file's own bytes, which OpenVINO reads by itself, or where it cannot, ONNX Runtime.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/harness/harness.h"
#include "engine/pipeline/detector.h"

namespace pare::engine {

// Another runtime that can run the file, and where the file lies.
struct OtherRuntime {
  HarnessOptions harness;
  std::filesystem::path file;
};

// Two images (noise and a smooth one, always the same) through both; each column of each output is
// compared, differences as a share of its range.  Returns what to tell: how far they differ, or why
// nothing was compared.  Fails with kInternal, naming the first operator that computes something
// else than in the file (the first output, where only ONNX Runtime could tell).
// An int8 file rounds in every layer, and a runtime may do it badly: what it differs by is told,
// and fails nothing. What only chooses (TopK, NonMaxSuppression) may choose otherwise between
// equals, and what follows from that is no difference. Cost: both are compiled and run twice, 1 s
// for a detector of 7 MB.
Result<std::vector<std::string>> check_faithful(const Detector& detector,
                                                std::span<const std::byte> onnx,
                                                const std::optional<OtherRuntime>& other);

}  // namespace pare::engine
