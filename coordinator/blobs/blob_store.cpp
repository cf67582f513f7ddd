#include "coordinator/blobs/blob_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <utility>

namespace pare::coordinator {
namespace {

namespace fs = std::filesystem;

// An upload that has not been touched for this long belongs to no living process.
constexpr auto kAbandonedAfter = std::chrono::hours(24);

Error disk_error(const std::string& what, const fs::path& file) {
  const bool full = errno == ENOSPC || errno == EDQUOT;
  return {full ? ErrorCode::kResourceExhausted : ErrorCode::kUnavailable,
          what + " " + file.string() + ": " + std::strerror(errno)};
}

fs::path path_of(const fs::path& folder, std::string_view sha256) {
  return folder / "blobs" / sha256.substr(0, 2) / sha256;
}

Error bad_name(std::string_view name) {
  return {ErrorCode::kInvalidArgument,
          "a blob's name is its SHA-256 (64 lower-case hexadecimal digits), not '" +
              std::string(name.substr(0, 100)) + "'"};
}

void remove_abandoned(const fs::path& incoming) {
  std::error_code ignored;
  const auto now = fs::file_time_type::clock::now();
  for (const auto& entry : fs::directory_iterator(incoming, ignored)) {
    const auto touched = entry.last_write_time(ignored);
    if (!ignored && now - touched > kAbandonedAfter) fs::remove(entry.path(), ignored);
  }
}

bool sync_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool synced = ::fsync(descriptor) == 0;
  ::close(descriptor);
  return synced;
}

}  // namespace

BlobUpload::BlobUpload(std::string sha256, Bytes size, fs::path temporary, fs::path destination,
                       int descriptor)
    : sha256_(std::move(sha256)),
      size_(size),
      temporary_(std::move(temporary)),
      destination_(std::move(destination)),
      descriptor_(descriptor) {}

BlobUpload::BlobUpload(BlobUpload&& other) noexcept
    : sha256_(std::move(other.sha256_)),
      size_(other.size_),
      written_(other.written_),
      temporary_(std::exchange(other.temporary_, {})),
      destination_(std::move(other.destination_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      digest_(std::move(other.digest_)) {}

BlobUpload::~BlobUpload() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<Bytes> BlobUpload::write(std::string_view bytes) {
  if (written_.count + static_cast<std::int64_t>(bytes.size()) > size_.count) {
    return Error{ErrorCode::kInvalidArgument, "blob " + sha256_ + " was announced with " +
                                                  std::to_string(size_.count) +
                                                  " bytes and has more"};
  }
  digest_.update(bytes);
  written_.count += static_cast<std::int64_t>(bytes.size());
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return disk_error("cannot write", temporary_);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return written_;
}

Result<BlobUpload::Stored> BlobUpload::commit() {
  if (written_ != size_) {
    return Error{ErrorCode::kInvalidArgument,
                 "blob " + sha256_ + " was announced with " + std::to_string(size_.count) +
                     " bytes and ended after " + std::to_string(written_.count)};
  }
  const std::string seen = digest_.hex();
  if (seen != sha256_) {
    return Error{ErrorCode::kInvalidArgument,
                 "the bytes sent as blob " + sha256_ + " have the SHA-256 " + seen};
  }
  std::error_code ignored;
  if (fs::exists(destination_, ignored)) return Stored::kThereAlready;
  if (::fsync(descriptor_) != 0) return disk_error("cannot sync", temporary_);
  if (::rename(temporary_.c_str(), destination_.c_str()) != 0) {
    return disk_error("cannot name", destination_);
  }
  temporary_.clear();
  if (!sync_folder(destination_.parent_path())) return disk_error("cannot sync", destination_);
  return Stored::kNew;
}

Result<BlobStore> BlobStore::open(fs::path folder, Bytes max_blob) {
  std::error_code error;
  for (const char* part : {"blobs", "incoming"}) {
    fs::create_directories(folder / part, error);
    if (error) {
      return Error{ErrorCode::kUnavailable,
                   "cannot make " + (folder / part).string() + ": " + error.message()};
    }
  }
  remove_abandoned(folder / "incoming");
  return BlobStore(std::move(folder), max_blob);
}

Bytes BlobStore::room() const {
  std::error_code error;
  const fs::space_info space = fs::space(folder_, error);
  return Bytes{error ? 0 : static_cast<std::int64_t>(space.available)};
}

Result<Blob> BlobStore::find(std::string_view sha256) const {
  if (!wire::is_sha256(sha256)) return bad_name(sha256);
  fs::path file = path_of(folder_, sha256);
  std::error_code error;
  const auto size = fs::file_size(file, error);
  if (error) return Error{ErrorCode::kNotFound, "no blob " + std::string(sha256)};
  return Blob{std::move(file), Bytes{static_cast<std::int64_t>(size)}};
}

Result<bool> BlobStore::remove(std::string_view sha256) const {
  if (!wire::is_sha256(sha256)) return bad_name(sha256);
  std::error_code error;
  const bool was_here = fs::remove(path_of(folder_, sha256), error);
  if (!error) return was_here;
  return Error{ErrorCode::kUnavailable,
               "cannot remove blob " + std::string(sha256) + ": " + error.message()};
}

Result<BlobUpload> BlobStore::begin(std::string_view sha256, Bytes size) const {
  if (!wire::is_sha256(sha256)) return bad_name(sha256);
  if (size > max_blob_) {
    return Error{ErrorCode::kInvalidArgument,
                 "blob " + std::string(sha256) + " has " + std::to_string(size.count) +
                     " bytes, the limit is " + std::to_string(max_blob_.count)};
  }
  fs::path destination = path_of(folder_, sha256);
  std::error_code error;
  fs::create_directories(destination.parent_path(), error);
  std::string temporary = (folder_ / "incoming" / (std::string(sha256) + ".XXXXXX")).string();
  const int descriptor = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (error || descriptor < 0) return disk_error("cannot make", temporary);
  ::fchmod(descriptor, 0644);
  return BlobUpload(std::string(sha256), size, std::move(temporary), std::move(destination),
                    descriptor);
}

Result<std::string> BlobStore::put(std::string_view bytes) const {
  std::string name = wire::sha256_hex(bytes);
  auto upload = begin(name, Bytes{static_cast<std::int64_t>(bytes.size())});
  if (!upload) return upload.error();
  BlobUpload incoming = std::move(upload).value();
  if (const auto written = incoming.write(bytes); !written) return written.error();
  if (const auto stored = incoming.commit(); !stored) return stored.error();
  return name;
}

}  // namespace pare::coordinator
