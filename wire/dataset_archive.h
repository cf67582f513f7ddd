// A dataset travels as one tar (docs/tasks.md, "Dataset archive").  This reads its listing, says
// what is wrong with it, makes one, and unpacks one safely.
//
// Nothing in an archive is trusted: only regular files in the three places known, no path that
// leaves the folder, no name twice, no more bytes than the file itself has.  Names are UTF-8
// whatever the locale.  Neither images nor labels are looked into here, but for write, which reads
// the labels that it packs (coco_labels.h).  check costs one pass over the headers and the names in
// memory; write and unpack stream.  libarchive does the format.  Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
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
  Bytes unpacked;
  friend bool operator==(const DatasetListing&, const DatasetListing&) = default;
};

// Fails with kInvalidArgument, naming the entry at fault, kNotFound if the file cannot be read.
Result<DatasetListing> check_dataset_archive(const std::filesystem::path& tar);

// Whether the file begins as a tar archive does: all that the service looks at.  Constant time and
// memory.  Fails as check_dataset_archive() does.
Result<std::monostate> check_dataset_outline(const std::filesystem::path& tar);

// Checks, then writes calibration/, validation/ and labels.json under `folder`, which must not
// exist; after a failure it does not exist either.
Result<DatasetListing> unpack_dataset_archive(const std::filesystem::path& tar,
                                              const std::filesystem::path& folder);

struct ImageFolder {
  std::vector<std::filesystem::path> images;  // by base name, each of which stands there once
  std::vector<std::string> left_out;          // relative paths of other files
};

// Images of a folder and of the folders in it: what has an image's ending, or begins as one does.
// Names that begin with a dot are passed over.  Fails with kNotFound if there is no such folder,
// with kInvalidArgument if two images have one name.
Result<ImageFolder> images_in(const std::filesystem::path& folder);

struct DatasetSource {
  std::filesystem::path calibration;            // folder of images
  std::filesystem::path validation;             // folder of images
  std::optional<std::filesystem::path> labels;  // COCO JSON
};

struct PackedDataset {
  DatasetListing listing;
  std::vector<std::string> notes;  // what was left out, one sentence each
};

// The same images give the same bytes, whatever their owner, age or order.  Fails with
// kInvalidArgument if the labels do not read or fit, or if the result is not valid.
Result<PackedDataset> write_dataset_archive(const DatasetSource& source,
                                            const std::filesystem::path& tar);

}  // namespace pare::wire
