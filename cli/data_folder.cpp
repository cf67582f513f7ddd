#include "cli/data_folder.h"

#include <unistd.h>

#include <cstdlib>

namespace pare::cli {

namespace fs = std::filesystem;

fs::path default_data_folder() {
  if (::geteuid() == 0) return "/var/lib/pare";
  if (const char* home = std::getenv("XDG_DATA_HOME"); home != nullptr && *home != '\0') {
    return fs::path(home) / "pare";
  }
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr ? home : ".") / ".local/share/pare";
}

}  // namespace pare::cli
