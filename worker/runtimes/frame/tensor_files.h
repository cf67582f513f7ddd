// The files that tensors travel in (docs/runtimes.md), as memory: a runtime reads its inputs and
// writes its outputs where the other program sees them, and nothing is copied.
//
// A file is mapped when it is first named, and stays so: whoever asks for inferences names the same
// few again and again.  Not thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>

#include "core/result.h"
#include "host/npy.h"
#include "worker/runtimes/frame/backend.h"

namespace pare::worker {

inline constexpr std::int64_t kMaxInputBytes = std::int64_t{1} << 30;  // of a tensor's file

class TensorFiles {
 public:
  // Lets go of all files where there are very many of them.  What was handed out is gone then.
  void begin_request();

  // Memory of these two stays until the file is another one, begin_request() or forget().
  // Fails as MappedNpy does.
  Result<BackendArray> input(const std::filesystem::path& path);
  // REQUIRES: a fixed shape.
  Result<BackendRoom> output(const std::filesystem::path& path, const BackendTensor& tensor);

  void forget();

 private:
  std::map<std::filesystem::path, host::MappedNpy> inputs_, outputs_;
};

}  // namespace pare::worker
