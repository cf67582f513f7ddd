#include "host/files.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace pare::host {
namespace {

bool sync_with(const std::filesystem::path& path, int flags, int (*sync)(int)) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) return false;
  const bool synced = sync(fd) == 0;
  ::close(fd);
  return synced;
}

}  // namespace

bool sync_file(const std::filesystem::path& file) {
  return sync_with(file, O_RDONLY, ::fsync);
}

bool sync_folder(const std::filesystem::path& folder) {
  return sync_with(folder, O_RDONLY | O_DIRECTORY, ::fsync);
}

bool sync_tree(const std::filesystem::path& folder) {
  return sync_with(folder, O_RDONLY | O_DIRECTORY, ::syncfs);
}

std::optional<std::int64_t> free_bytes(const std::filesystem::path& path) {
  struct statvfs facts {};
  if (::statvfs(path.c_str(), &facts) != 0) return std::nullopt;
  return static_cast<std::int64_t>(facts.f_bavail) * static_cast<std::int64_t>(facts.f_frsize);
}

}  // namespace pare::host
