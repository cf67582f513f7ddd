// A dataset's archive: checked, and unpacked where it is sound.
#include <filesystem>

#include "core/check.h"
#include "tests/fuzz/fuzzer.h"
#include "tests/fuzz/temporary_file.h"
#include "wire/dataset_archive.h"

namespace pare::fuzz {

void archive(std::string_view bytes);

void archive(std::string_view bytes) {
  namespace fs = std::filesystem;
  const TemporaryFile file(bytes);
  const auto listing = wire::check_dataset_archive(file.path());
  if (!listing) return;
  const fs::path folder =
      fs::temp_directory_path() / ("fuzz-archive-" + std::to_string(::getpid()));
  const auto unpacked = wire::unpack_dataset_archive(file.path(), folder / "dataset");
  PARE_CHECK(unpacked.has_value() == fs::exists(folder / "dataset"), "whole or not at all");
  fs::remove_all(folder);
}

}  // namespace pare::fuzz
