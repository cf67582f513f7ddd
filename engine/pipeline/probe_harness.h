// A harness that small networks are tried in, one after the other: a network that ends it is a
// result, and the next one finds a new harness.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/result.h"
#include "engine/graph/tensor.h"
#include "engine/harness/harness.h"

namespace pare::engine {

// Whether what failed so left no harness to ask again.
constexpr bool ended(const Error& error) {
  return error.code == ErrorCode::kInternal || error.code == ErrorCode::kDeadlineExceeded;
}

class ProbeHarness {
 public:
  ProbeHarness(HarnessOptions options, int threads)
      : options_(std::move(options)), threads_(threads) {}

  const HarnessOptions& options() const noexcept { return options_; }
  int threads() const noexcept { return threads_; }

  // Started, if it is not there.  Fails if it cannot be: nothing more can be tried.
  Result<Harness*> up();

  // What a network fails with; forgets the harness if that ended it.
  Error failed(const Error& error);

  // A file in the scratch folder.
  Result<std::filesystem::path> write(const std::string& name, const std::string& content) const;

  // The first output of a network on its input.
  Result<Tensor> run(const std::string& onnx, const Tensor& input,
                     Precision floats = Precision::kFp32);

  Result<Millis> canary();

 private:
  HarnessOptions options_;
  int threads_;
  std::unique_ptr<Harness> harness_;
};

}  // namespace pare::engine
