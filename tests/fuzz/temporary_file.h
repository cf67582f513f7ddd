// Bytes as a file, for readers that want a path: in memory, under a name that no one else has.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/check.h"

namespace pare::fuzz {

class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view bytes) : descriptor_(::memfd_create("fuzz", 0)) {
    PARE_CHECK(descriptor_ >= 0, "no file in memory");
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      PARE_CHECK(written > 0, "a file in memory takes no bytes");
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { ::close(descriptor_); }

  std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

}  // namespace pare::fuzz
