#include "worker/runtimes/frame/tensor_files.h"

#include <utility>

namespace pare::worker {
namespace {

constexpr std::size_t kManyFiles = 64;  // three slots of a model with a dozen tensors are fewer

}  // namespace

void TensorFiles::begin_request() {
  if (inputs_.size() + outputs_.size() > kManyFiles) forget();
}

void TensorFiles::forget() {
  inputs_.clear();
  outputs_.clear();
}

Result<BackendArray> TensorFiles::input(const std::filesystem::path& path) {
  auto at = inputs_.find(path);
  if (at != inputs_.end() && at->second.is_at(path)) {
    const auto looked = at->second.look_again(path, kMaxInputBytes);
    if (!looked) return looked.error();
  } else {
    auto mapped = host::MappedNpy::open(path, kMaxInputBytes);
    if (!mapped) return mapped.error();
    at = inputs_.insert_or_assign(path, std::move(mapped).value()).first;
  }
  const host::MappedNpy& file = at->second;
  return BackendArray{file.dtype(), file.shape(), file.bytes()};
}

Result<BackendRoom> TensorFiles::output(const std::filesystem::path& path,
                                        const BackendTensor& tensor) {
  auto at = outputs_.find(path);
  const bool fits = at != outputs_.end() && at->second.dtype() == tensor.dtype &&
                    at->second.shape() == tensor.shape && at->second.is_at(path);
  if (!fits) {
    auto mapped = host::MappedNpy::create(path, tensor.dtype, tensor.shape);
    if (!mapped) return mapped.error();
    at = outputs_.insert_or_assign(path, std::move(mapped).value()).first;
  }
  return BackendRoom{tensor.dtype, tensor.shape, at->second.room()};
}

}  // namespace pare::worker
