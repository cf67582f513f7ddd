// What ONNX Runtime computes for a model file: tests/tools/onnxruntime_reference.py, run and read.
//
// Needs the Python environment that `./dev setup` makes.  Cost: a Python start (1 s), the run, and
// the bytes of every tensor through a scratch folder.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "engine/graph/tensor.h"

namespace pare::engine::test {

struct Reference {
  Tensor input;  // seeded, uniform in [low, high)
  std::map<std::string, Tensor> tensors;
};

struct ReferenceOptions {
  bool outputs_only = false;  // otherwise every tensor that a node makes
  double low = 0;
  double high = 1;
};

// Aborts with a message if the program fails: a test cannot go on without it.
Reference onnxruntime_reference(const std::filesystem::path& model,
                                const ReferenceOptions& options = {});

}  // namespace pare::engine::test
