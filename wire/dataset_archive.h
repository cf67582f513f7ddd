// A dataset travels as one tar (docs/tasks.md, "Dataset archive").  This reads its listing and its
// labels, says what is wrong with them, makes one, and unpacks one safely.
//
// Nothing in an archive is trusted: only regular files in the three places known, no path that
// leaves the folder, no name twice, no more bytes than the file itself has.  Images are not
// decoded here.  check costs one pass over the headers and labels.json in memory (at most
// kMaxLabelsBytes); write and unpack stream.  libarchive does the format.  Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/units.h"

namespace pare::wire {

inline constexpr std::int64_t kMaxLabelsBytes = 256LL << 20;
inline constexpr std::size_t kMaxDatasetEntries = 1'000'000;

// What a valid archive holds.
struct DatasetListing {
  std::vector<std::string> calibration;  // base names, in the archive's order
  std::vector<std::string> validation;
  bool labelled = false;
  std::int64_t boxes = 0;
  std::vector<std::string> classes;  // names, by ascending category id
  Bytes unpacked;
  friend bool operator==(const DatasetListing&, const DatasetListing&) = default;
};

// Fails with kInvalidArgument, naming the entry or the label at fault, kNotFound if the file cannot
// be read.
Result<DatasetListing> check_dataset_archive(const std::filesystem::path& tar);

// Checks, then writes calibration/, validation/ and labels.json under `folder`, which must not
// exist; after a failure it does not exist either.
Result<DatasetListing> unpack_dataset_archive(const std::filesystem::path& tar,
                                              const std::filesystem::path& folder);

// What of a folder is an image by its extension, by name.  Fails with kNotFound if there is no such
// folder.
Result<std::vector<std::filesystem::path>> images_in(const std::filesystem::path& folder);

struct DatasetSource {
  std::filesystem::path calibration;            // folder of images
  std::filesystem::path validation;             // folder of images
  std::optional<std::filesystem::path> labels;  // COCO JSON
};

// The same images give the same bytes, whatever their owner, age or order.  Files that are no
// images by extension are left out.  Fails with kInvalidArgument if the result is not valid.
Result<DatasetListing> write_dataset_archive(const DatasetSource& source,
                                             const std::filesystem::path& tar);

}  // namespace pare::wire
