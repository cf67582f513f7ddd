// Files of tensors: .npy, which harnesses write, and the layout of safetensors, which is stored.
#include "core/check.h"
#include "engine/graph/tensor_file.h"
#include "host/npy.h"
#include "tests/fuzz/fuzzer.h"
#include "tests/fuzz/temporary_file.h"

namespace pare::fuzz {

void tensors(std::string_view bytes);

void tensors(std::string_view bytes) {
  constexpr std::int64_t kMostBytes = 1 << 20;
  const auto [which, rest] = pick(bytes);
  if (which % 2 == 0) {
    (void)host::read_npy(TemporaryFile(rest).path(), kMostBytes);
    return;
  }
  const auto file = engine::decode_tensor_file(as_bytes(rest));
  if (!file) return;
  const std::string written = engine::encode_tensor_file(file.value());
  const auto again = engine::decode_tensor_file(as_bytes(written));
  PARE_CHECK(again && engine::encode_tensor_file(again.value()) == written,
             "tensors are written as they were read");
}

}  // namespace pare::fuzz
