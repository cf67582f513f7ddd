// A folder of its own for one test, gone afterwards, and images small enough to write by hand.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/check.h"

namespace pare::engine {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "pare-XXXXXX").string();
    PARE_CHECK(::mkdtemp(name.data()) != nullptr, "a temporary folder");
    path_ = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    const auto path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

 private:
  std::filesystem::path path_;
};

// A PPM of one colour.
inline std::string picture(int width, int height, int red, int green, int blue) {
  std::string bytes = "P6\n" + std::to_string(width) + " " + std::to_string(height) + "\n255\n";
  for (int i = 0; i < width * height; ++i) {
    bytes += {static_cast<char>(red), static_cast<char>(green), static_cast<char>(blue)};
  }
  return bytes;
}

}  // namespace pare::engine
