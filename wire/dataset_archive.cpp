#include "wire/dataset_archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <functional>
#include <memory>
#include <set>
#include <system_error>
#include <unordered_set>

#include "wire/dataset_labels.h"

namespace pare::wire {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCalibration = "calibration/";
constexpr std::string_view kValidation = "validation/";
constexpr const char* kLabels = "labels.json";
constexpr std::size_t kMaxName = 255;  // what file systems take

Error invalid(std::string message) {
  return {ErrorCode::kInvalidArgument, std::move(message)};
}

// For messages: what a terminal or a log must not be sent is shown as '?'.
std::string shown(std::string_view name) {
  std::string out(name.substr(0, 200));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return "'" + out + "'";
}

struct Reading {
  void operator()(archive* a) const { archive_read_free(a); }
};
struct Writing {
  void operator()(archive* a) const { archive_write_free(a); }
};
struct EntryFree {
  void operator()(archive_entry* e) const { archive_entry_free(e); }
};

std::string reason_of(archive* a) {
  const char* text = archive_error_string(a);
  return text ? text : "unknown error";
}

Result<std::unique_ptr<archive, Reading>> open_tar(const fs::path& tar) {
  std::unique_ptr<archive, Reading> in(archive_read_new());
  archive_read_support_format_tar(in.get());  // no compression, no other format
  if (archive_read_open_filename(in.get(), tar.c_str(), 1 << 16) != ARCHIVE_OK) {
    if (!fs::exists(tar)) return Error{ErrorCode::kNotFound, "cannot open " + tar.string()};
    return invalid("the dataset is not a tar archive: " + reason_of(in.get()));
  }
  return in;
}

// The safe relative path of an entry: "calibration/a.jpg", "labels.json"; "" for a folder.
Result<std::string> path_of(archive_entry* entry) {
  const char* raw = archive_entry_pathname(entry);
  if (!raw) return invalid("the dataset has an entry without a name");
  std::string path = raw;
  while (path.starts_with("./")) path.erase(0, 2);
  const std::string name = shown(path);
  if (path.starts_with("/")) return invalid("the dataset has an absolute path: " + name);
  if (("/" + path + "/").find("/../") != std::string::npos) {
    return invalid("the dataset has a path with '..': " + name);
  }
  if (archive_entry_hardlink(entry) || archive_entry_symlink(entry)) {
    return invalid("the dataset has a link: " + name);
  }
  if (archive_entry_filetype(entry) == AE_IFDIR) return std::string();
  if (archive_entry_filetype(entry) != AE_IFREG) {
    return invalid("the dataset has an entry that is not a regular file: " + name);
  }
  return path;
}

// The base name of an image in one of the two splits, or an error that says what is expected.
Result<std::string> image_name(const std::string& path, std::string_view split) {
  std::string name = path.substr(split.size());
  const bool plain = std::ranges::none_of(name, [](char c) {
    return c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (!plain || name.empty() || name == "." || name.size() > kMaxName) {
    return invalid("the dataset has an image with an unusable name: " + shown(path));
  }
  return name;
}

// What the headers say, before labels.json is looked at.
class Listing {
 public:
  explicit Listing(std::int64_t archive_bytes) : archive_bytes_(archive_bytes) {}

  // Takes one entry in; `labels` receives labels.json.
  std::optional<Error> add(archive* in, archive_entry* entry, std::string& labels) {
    const auto path = path_of(entry);
    if (!path) return path.error();
    if (path.value().empty()) return std::nullopt;
    if (!seen_.insert(path.value()).second) {
      return invalid("the dataset has " + shown(path.value()) + " twice");
    }
    if (seen_.size() > kMaxDatasetEntries) {
      return invalid("the dataset has more than " + std::to_string(kMaxDatasetEntries) +
                     " entries");
    }
    const std::int64_t size = archive_entry_size(entry);
    listing_.unpacked.count += size;
    if (size < 0 || listing_.unpacked.count > archive_bytes_) {
      return invalid("the dataset has " + shown(path.value()) +
                     " with more bytes than the archive");
    }
    if (path.value() == kLabels) return read_labels(in, size, labels);
    return add_image(path.value(), size);
  }

  Result<DatasetListing> finish(const std::string& labels) && {
    if (listing_.calibration.empty()) return invalid("the dataset has no calibration images");
    if (listing_.validation.empty()) return invalid("the dataset has no validation images");
    const std::set<std::string> known(listing_.calibration.begin(), listing_.calibration.end());
    for (const std::string& name : listing_.validation) {
      if (known.contains(name)) {
        return invalid("the dataset has " + shown(name) +
                       " in calibration/ and in validation/: the two share no image");
      }
    }
    if (seen_.contains(kLabels)) {
      auto counts = check_labels(labels, listing_.validation);
      if (!counts) return counts.error();
      listing_.labelled = true;
      listing_.boxes = counts.value().boxes;
      listing_.classes = counts.value().classes;
    }
    return std::move(listing_);
  }

 private:
  std::optional<Error> add_image(const std::string& path, std::int64_t size) {
    const bool calibration = path.starts_with(kCalibration);
    if (!calibration && !path.starts_with(kValidation)) {
      return invalid("the dataset has " + shown(path) +
                     ", but only calibration/<image>, validation/<image> and labels.json belong "
                     "into one");
    }
    auto name = image_name(path, calibration ? kCalibration : kValidation);
    if (!name) return name.error();
    if (size == 0) return invalid("the dataset has an empty image: " + shown(path));
    (calibration ? listing_.calibration : listing_.validation).push_back(std::move(name).value());
    return std::nullopt;
  }

  static std::optional<Error> read_labels(archive* in, std::int64_t size, std::string& labels) {
    if (size > kMaxLabelsBytes) {
      return invalid("labels.json has " + std::to_string(size) + " bytes, the limit is " +
                     std::to_string(kMaxLabelsBytes));
    }
    labels.resize(static_cast<std::size_t>(size));
    if (archive_read_data(in, labels.data(), labels.size()) != size) {
      return invalid("the dataset ends inside labels.json");
    }
    return std::nullopt;
  }

  std::int64_t archive_bytes_;
  std::unordered_set<std::string> seen_;
  DatasetListing listing_;
};

// Calls `visit` with every entry; it reads the entry's data or leaves it.
std::optional<Error> for_each_entry(
    const fs::path& tar,
    const std::function<std::optional<Error>(archive*, archive_entry*)>& visit) {
  const auto in = open_tar(tar);
  if (!in) return in.error();
  archive* const a = in.value().get();
  for (archive_entry* entry = nullptr;;) {
    const int status = archive_read_next_header(a, &entry);
    if (status == ARCHIVE_EOF) return std::nullopt;
    if (status != ARCHIVE_OK) {
      return invalid("the dataset is not a whole tar archive: " + reason_of(a) + " at byte " +
                     std::to_string(archive_read_header_position(a)));
    }
    if (auto error = visit(a, entry)) return error;
  }
}

std::optional<Error> copy_out(archive* in, const fs::path& file) {
  std::ofstream out(file, std::ios::binary);
  std::array<char, 1 << 16> block{};
  for (;;) {
    const auto n = archive_read_data(in, block.data(), block.size());
    if (n == 0) break;
    if (n < 0) return invalid("the dataset ends inside " + shown(file.filename().string()));
    out.write(block.data(), n);
  }
  out.close();
  if (!out) return Error{ErrorCode::kUnavailable, "cannot write " + file.string()};
  return std::nullopt;
}

bool is_image(const fs::path& file) {
  std::string extension = file.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  constexpr std::array kKnown = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"};
  return std::ranges::find(kKnown, extension) != kKnown.end();
}

std::optional<Error> append(archive* out, const fs::path& file, const std::string& name) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  std::ifstream in(file, std::ios::binary);
  if (error || !in) return Error{ErrorCode::kNotFound, "cannot read " + file.string()};
  const std::unique_ptr<archive_entry, EntryFree> entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  archive_entry_set_mtime(entry.get(), 0, 0);
  if (archive_write_header(out, entry.get()) != ARCHIVE_OK) {
    return Error{ErrorCode::kUnavailable, "cannot archive " + name + ": " + reason_of(out)};
  }
  std::array<char, 1 << 16> block{};
  while (in) {
    in.read(block.data(), block.size());
    const auto n = in.gcount();
    if (n > 0 && archive_write_data(out, block.data(), static_cast<std::size_t>(n)) != n) {
      return Error{ErrorCode::kUnavailable, "cannot archive " + name + ": " + reason_of(out)};
    }
  }
  return std::nullopt;
}

std::optional<Error> write_entries(const DatasetSource& source, const fs::path& tar) {
  const std::unique_ptr<archive, Writing> out(archive_write_new());
  archive_write_set_format_pax_restricted(out.get());
  if (archive_write_open_filename(out.get(), tar.c_str()) != ARCHIVE_OK) {
    return Error{ErrorCode::kUnavailable, "cannot write " + tar.string()};
  }
  if (source.labels) {
    if (auto error = append(out.get(), *source.labels, kLabels)) return error;
  }
  const std::array splits = {std::pair(source.calibration, kCalibration),
                             std::pair(source.validation, kValidation)};
  for (const auto& [folder, prefix] : splits) {
    const auto images = images_in(folder);
    if (!images) return images.error();
    for (const fs::path& image : images.value()) {
      const std::string name = std::string(prefix) + image.filename().string();
      if (auto error = append(out.get(), image, name)) return error;
    }
  }
  if (archive_write_close(out.get()) != ARCHIVE_OK) {
    return Error{ErrorCode::kUnavailable, "cannot write " + tar.string()};
  }
  return std::nullopt;
}

}  // namespace

Result<DatasetListing> check_dataset_archive(const fs::path& tar) {
  std::error_code error;
  const auto size = fs::file_size(tar, error);
  if (error) return Error{ErrorCode::kNotFound, "cannot open " + tar.string()};
  if (size == 0) return invalid("the dataset is not a tar archive: it has no bytes");
  Listing listing(static_cast<std::int64_t>(size));
  std::string labels;
  const auto add = [&](archive* in, archive_entry* entry) {
    return listing.add(in, entry, labels);
  };
  if (auto failed = for_each_entry(tar, add)) return *failed;
  return std::move(listing).finish(labels);
}

Result<DatasetListing> unpack_dataset_archive(const fs::path& tar, const fs::path& folder) {
  auto listing = check_dataset_archive(tar);
  if (!listing) return listing.error();
  std::error_code error;
  if (!fs::create_directory(folder, error)) {
    return Error{ErrorCode::kConflict, "cannot make " + folder.string() + ": " +
                                           (error ? error.message() : "it is there already")};
  }
  fs::create_directory(folder / "calibration", error);
  fs::create_directory(folder / "validation", error);
  auto failed = for_each_entry(tar, [&](archive* in, archive_entry* entry) {
    const auto path = path_of(entry);
    if (!path) return std::optional(path.error());
    if (path.value().empty()) return std::optional<Error>();
    return copy_out(in, folder / path.value());
  });
  if (failed) {
    fs::remove_all(folder, error);
    return *failed;
  }
  return listing;
}

Result<DatasetListing> write_dataset_archive(const DatasetSource& source, const fs::path& tar) {
  if (auto failed = write_entries(source, tar)) return *failed;
  return check_dataset_archive(tar);
}

Result<std::vector<fs::path>> images_in(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> images;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_regular_file() && is_image(entry.path())) images.push_back(entry.path());
  }
  if (error) {
    return Error{ErrorCode::kNotFound,
                 "cannot read the folder " + folder.string() + ": " + error.message()};
  }
  std::ranges::sort(images);
  return images;
}

}  // namespace pare::wire
