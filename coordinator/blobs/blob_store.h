// A folder of artifacts, each named by the SHA-256 of its bytes.
//
// A blob is there completely or not at all: bytes are hashed while they are written to a file of
// their own in `incoming`, and that file gets its name only when the digest agrees and the bytes
// are on the disk (fsync, rename, fsync of the folder).  A name never changes its bytes, so a
// second upload of the same bytes is harmless, also at the same time.  Memory: one buffer.
//
// Thread-safe and safe between processes; an Upload belongs to one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/units.h"
#include "wire/sha256.h"

namespace pare::coordinator {

struct Blob {
  std::filesystem::path file;
  Bytes size;
};

class BlobStore;

// Bytes on their way in.  Dropped without commit(), it leaves nothing behind.
class BlobUpload {
 public:
  BlobUpload(BlobUpload&& other) noexcept;
  BlobUpload& operator=(BlobUpload&&) = delete;
  ~BlobUpload();

  // Fails with kInvalidArgument beyond the size announced, kResourceExhausted if the disk is full,
  // kUnavailable if it refuses otherwise.
  Result<Bytes> write(std::string_view bytes);

  enum class Stored { kNew, kThereAlready };
  // Fails with kInvalidArgument if bytes are missing or their digest is another one.
  Result<Stored> commit();

 private:
  friend class BlobStore;
  BlobUpload(std::string sha256, Bytes size, std::filesystem::path temporary,
             std::filesystem::path destination, int descriptor);

  std::string sha256_;
  Bytes size_;
  Bytes written_;
  std::filesystem::path temporary_;
  std::filesystem::path destination_;
  int descriptor_;
  wire::Sha256 digest_;
};

class BlobStore {
 public:
  // Makes the folder if need be, and removes what interrupted uploads left in it.
  static Result<BlobStore> open(std::filesystem::path folder, Bytes max_blob);

  // Fails with kInvalidArgument if the name is no SHA-256, kNotFound if it is not here.
  Result<Blob> find(std::string_view sha256) const;
  bool contains(std::string_view sha256) const { return find(sha256).has_value(); }

  // Fails with kInvalidArgument if the name is no SHA-256 or `size` is over the limit.
  Result<BlobUpload> begin(std::string_view sha256, Bytes size) const;

  // False: it was not here.  Whoever reads it goes on.  Fails with kInvalidArgument if the name is
  // no SHA-256, with kUnavailable if the disk refuses.
  Result<bool> remove(std::string_view sha256) const;

  // Stores bytes that are in memory; returns their name.
  Result<std::string> put(std::string_view bytes) const;

  Bytes max_blob() const noexcept { return max_blob_; }

  // What the disk has left, at once.
  Bytes room() const;

 private:
  BlobStore(std::filesystem::path folder, Bytes max_blob)
      : folder_(std::move(folder)), max_blob_(max_blob) {}

  std::filesystem::path folder_;
  Bytes max_blob_;
};

}  // namespace pare::coordinator
