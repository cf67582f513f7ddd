#include "wire/dataset_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <unordered_set>

#include "wire/coco_labels.h"

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
std::string shown_name(std::string_view name) {
  std::string out(name.substr(0, 200));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return "'" + out + "'";
}

// libarchive turns names into the locale's characters; while one of these lives, this thread's are
// UTF-8, whatever the user's environment says.
class Utf8Names {
 public:
  Utf8Names() : utf8_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (utf8_ != nullptr) before_ = ::uselocale(utf8_);
  }
  Utf8Names(const Utf8Names&) = delete;
  Utf8Names& operator=(const Utf8Names&) = delete;
  ~Utf8Names() {
    if (utf8_ == nullptr) return;
    ::uselocale(before_);
    ::freelocale(utf8_);
  }

 private:
  locale_t utf8_;
  locale_t before_ = nullptr;
};

bool is_utf8(const std::string& name) {
  try {
    (void)nlohmann::json(name).dump();
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

// As shown_name(), of a whole path, and UTF-8 whatever the name is.
std::string printable(const std::string& path) {
  const std::string text =
      nlohmann::json(path).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return text.substr(1, text.size() - 2);
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
  if (!raw) return invalid("the dataset has an entry without a name, or with one not in UTF-8");
  std::string path = raw;
  while (path.starts_with("./")) path.erase(0, 2);
  const std::string name = shown_name(path);
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
    return invalid("the dataset has an image with an unusable name: " + shown_name(path));
  }
  return name;
}

// What the headers say, before labels.json is looked at.
class Listing {
 public:
  explicit Listing(std::int64_t archive_bytes) : archive_bytes_(archive_bytes) {}

  std::optional<Error> add(archive_entry* entry) {
    const auto path = path_of(entry);
    if (!path) return path.error();
    if (path.value().empty()) return std::nullopt;
    if (!seen_.insert(path.value()).second) {
      return invalid("the dataset has " + shown_name(path.value()) + " twice");
    }
    if (seen_.size() > kMaxDatasetEntries) {
      return invalid("the dataset has more than " + std::to_string(kMaxDatasetEntries) +
                     " entries");
    }
    const std::int64_t size = archive_entry_size(entry);
    listing_.unpacked.count += size;
    if (size < 0 || listing_.unpacked.count > archive_bytes_) {
      return invalid("the dataset has " + shown_name(path.value()) +
                     " with more bytes than the archive");
    }
    if (path.value() == kLabels) return add_labels(size);
    return add_image(path.value(), size);
  }

  Result<DatasetListing> finish() && {
    if (listing_.calibration.empty()) return invalid("the dataset has no calibration images");
    if (listing_.validation.empty()) return invalid("the dataset has no validation images");
    const std::set<std::string> known(listing_.calibration.begin(), listing_.calibration.end());
    for (const std::string& name : listing_.validation) {
      if (known.contains(name)) {
        return invalid("the dataset has " + shown_name(name) +
                       " in calibration/ and in validation/: the two share no image");
      }
    }
    return std::move(listing_);
  }

 private:
  std::optional<Error> add_image(const std::string& path, std::int64_t size) {
    const bool calibration = path.starts_with(kCalibration);
    if (!calibration && !path.starts_with(kValidation)) {
      return invalid("the dataset has " + shown_name(path) +
                     ", but only calibration/<image>, validation/<image> and labels.json belong "
                     "into one");
    }
    auto name = image_name(path, calibration ? kCalibration : kValidation);
    if (!name) return name.error();
    if (size == 0) return invalid("the dataset has an empty image: " + shown_name(path));
    (calibration ? listing_.calibration : listing_.validation).push_back(std::move(name).value());
    return std::nullopt;
  }

  std::optional<Error> add_labels(std::int64_t size) {
    listing_.labelled = true;
    if (size <= kMaxLabelsBytes) return std::nullopt;
    return invalid("labels.json has " + std::to_string(size) + " bytes, the limit is " +
                   std::to_string(kMaxLabelsBytes));
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
    if (n < 0) return invalid("the dataset ends inside " + shown_name(file.filename().string()));
    out.write(block.data(), n);
  }
  out.close();
  if (!out) return Error{ErrorCode::kUnavailable, "cannot write " + file.string()};
  return std::nullopt;
}

// The first bytes of what the engine decodes: JPEG, PNG, BMP, WebP, TIFF (both orders of bytes).
bool begins_as_image(const fs::path& file) {
  std::array<char, 12> bytes{};
  std::ifstream(file, std::ios::binary).read(bytes.data(), bytes.size());
  const std::string_view head(bytes.data(), bytes.size());
  constexpr std::array<std::string_view, 4> kHeads = {"\xFF\xD8\xFF", "\x89PNG\r\n\x1A\n",
                                                      std::string_view("II*\0", 4),
                                                      std::string_view("MM\0*", 4)};
  return std::ranges::any_of(kHeads, [&](std::string_view h) { return head.starts_with(h); }) ||
         (head.starts_with("RIFF") && head.substr(8) == "WEBP");
}

bool is_image(const fs::path& file) {
  std::string extension = file.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  constexpr std::array kKnown = {".jpg", ".jpeg", ".jpe",  ".jfif", ".png",
                                 ".bmp", ".dib",  ".webp", ".tif",  ".tiff"};
  return std::ranges::find(kKnown, extension) != kKnown.end() || begins_as_image(file);
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

// Base names; adds a note on what of the folder is left out.
std::vector<std::string> names_of(const ImageFolder& folder, const std::string& split,
                                  std::vector<std::string>& notes) {
  constexpr std::size_t kMostNamed = 5;
  std::vector<std::string> names;
  for (const fs::path& image : folder.images) names.push_back(image.filename().string());
  if (folder.left_out.empty()) return names;
  const bool one = folder.left_out.size() == 1;
  std::string note = std::to_string(folder.left_out.size()) + (one ? " file" : " files") +
                     " of the " + split +
                     (one ? " folder is no image " : " folder are no images ") +
                     "by ending or content, left out: ";
  for (std::size_t i = 0; i < std::min(kMostNamed, folder.left_out.size()); ++i) {
    note += (i == 0 ? "" : ", ") + printable(folder.left_out[i]);
  }
  if (folder.left_out.size() > kMostNamed) note += ", ...";
  notes.push_back(std::move(note));
  return names;
}

struct SourceImages {
  ImageFolder calibration;
  ImageFolder validation;
};

std::optional<Error> write_entries(const DatasetSource& source, const SourceImages& images,
                                   const fs::path& tar) {
  const std::unique_ptr<archive, Writing> out(archive_write_new());
  archive_write_set_format_pax_restricted(out.get());
  if (archive_write_open_filename(out.get(), tar.c_str()) != ARCHIVE_OK) {
    return Error{ErrorCode::kUnavailable, "cannot write " + tar.string()};
  }
  if (source.labels) {
    if (auto error = append(out.get(), *source.labels, kLabels)) return error;
  }
  const std::array splits = {std::pair(&images.calibration, kCalibration),
                             std::pair(&images.validation, kValidation)};
  for (const auto& [folder, prefix] : splits) {
    for (const fs::path& image : folder->images) {
      const std::string name = std::string(prefix) + image.filename().string();
      if (!is_utf8(name)) {
        return invalid("the name of an image is not UTF-8: " + printable(name));
      }
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
  const Utf8Names utf8;
  std::error_code error;
  const auto size = fs::file_size(tar, error);
  if (error) return Error{ErrorCode::kNotFound, "cannot open " + tar.string()};
  if (size == 0) return invalid("the dataset is not a tar archive: it has no bytes");
  Listing listing(static_cast<std::int64_t>(size));
  const auto add = [&](archive*, archive_entry* entry) { return listing.add(entry); };
  if (auto failed = for_each_entry(tar, add)) return *failed;
  return std::move(listing).finish();
}

Result<std::monostate> check_dataset_outline(const fs::path& tar) {
  const auto in = open_tar(tar);
  if (!in) return in.error();
  archive_entry* entry = nullptr;
  if (archive_read_next_header(in.value().get(), &entry) == ARCHIVE_OK) return std::monostate{};
  const char* text = archive_error_string(in.value().get());
  return invalid(std::string("the dataset is not a tar archive: ") +
                 (text == nullptr ? "there is nothing in it" : text));
}

Result<DatasetListing> unpack_dataset_archive(const fs::path& tar, const fs::path& folder) {
  const Utf8Names utf8;
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

Result<PackedDataset> write_dataset_archive(const DatasetSource& source, const fs::path& tar) {
  const Utf8Names utf8;
  auto calibration = images_in(source.calibration);
  if (!calibration) return calibration.error();
  auto validation = images_in(source.validation);
  if (!validation) return validation.error();
  const SourceImages images{std::move(calibration).value(), std::move(validation).value()};
  PackedDataset packed;
  const auto fitted = names_of(images.calibration, "calibration", packed.notes);
  const auto scored = names_of(images.validation, "validation", packed.notes);
  if (source.labels) {
    const auto labels = read_coco_labels(*source.labels);
    if (!labels) return labels.error();
    const auto facts = label_facts(labels.value(), fitted, scored);
    if (!facts) return facts.error();
  }
  if (auto failed = write_entries(source, images, tar)) return *failed;
  auto listing = check_dataset_archive(tar);
  if (!listing) return listing.error();
  packed.listing = std::move(listing).value();
  return packed;
}

Result<ImageFolder> images_in(const fs::path& folder) {
  ImageFolder found;
  std::map<std::string, fs::path> by_name;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const fs::path& path = entry->path();
    std::error_code ignored;
    if (path.filename().string().starts_with('.')) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file(ignored) && is_image(path)) {
      const auto [first, is_new] = by_name.emplace(path.filename().string(), path);
      if (is_new) continue;
      return invalid("two images have one name: " + printable(first->second.string()) + " and " +
                     printable(path.string()));
    } else if (!entry->is_directory(ignored) || entry->is_symlink(ignored)) {
      found.left_out.push_back(path.lexically_relative(folder).string());
    }
  }
  if (error) {
    return Error{ErrorCode::kNotFound,
                 "cannot read the folder " + folder.string() + ": " + error.message()};
  }
  for (auto& [name, path] : by_name) found.images.push_back(std::move(path));
  std::ranges::sort(found.left_out);
  return found;
}

}  // namespace pare::wire
