// Blobs on this machine, each fetched once however many workers share the folder.
//
//   blobs/ab/abcd...      complete
//   datasets/abcd.../     an archive unpacked; abcd....sums beside it: the digest of each file
//   partial/, locks/      on the way there; a lock is held while something is made
//
// A file appears under its name complete or not at all: written, forced to the disk, renamed.  What
// an earlier life left is not believed: a disk may have lost it, or a person cut it short.  Each
// blob and dataset is hashed when it is first used, and made anew when it is not what its name
// says.
//
// Waiting for another worker goes on until the stop.  A coordinator that is away is asked again for
// half a minute (fetching: the task can wait elsewhere) or until the stop (sending: a finished
// result is never dropped).  Any thread.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "core/result.h"
#include "worker/artifacts/blob_client.h"

namespace pare::worker {

// Told why something is being waited for, each time it failed once more.
using OnWait = std::function<void(const Error&)>;

class Cache {
 public:
  ~Cache();
  Cache(Cache&&) noexcept;
  Cache& operator=(Cache&&) noexcept;

  // Fails with kResourceExhausted if the folder cannot be made.
  static Result<Cache> open(const std::filesystem::path& folder, BlobClient client);

  // The file with these bytes.  Fails with kNotFound (the coordinator does not have it),
  // kUnavailable (away, or the stop came), kResourceExhausted (no room here) or kInvalidArgument
  // (what the coordinator sends does not match the name).
  Result<std::filesystem::path> blob(const std::string& sha256, const std::stop_token& stop,
                                     const OnWait& on_wait = {});
  // The folder with this archive unpacked.  Fails as blob() does.
  Result<std::filesystem::path> dataset(const std::string& sha256, const std::stop_token& stop,
                                        const OnWait& on_wait = {});

  // Hands a file to the coordinator.  Returns its digest.
  Result<std::string> send(const std::filesystem::path& file, const std::stop_token& stop,
                           const OnWait& on_wait = {});
  // The same, and keeps it here.  Returns its digest.
  Result<std::string> publish(const std::filesystem::path& file, const std::stop_token& stop,
                              const OnWait& on_wait = {});

 private:
  struct Verified;  // what was hashed since the start

  Cache(std::filesystem::path folder, BlobClient client);

  std::filesystem::path blob_path(const std::string& sha256) const;
  std::filesystem::path partial_path(const std::string& sha256) const;
  // What is there under the name, if it is what the name says; it is removed otherwise.
  bool holds_blob(const std::string& sha256) const;
  bool holds_dataset(const std::string& sha256) const;
  Result<std::monostate> fetch(const std::string& sha256, const std::filesystem::path& part,
                               const std::stop_token& stop, const OnWait& on_wait) const;
  Result<std::monostate> unpack(const std::string& sha256,
                                const std::filesystem::path& archive) const;

  std::filesystem::path folder_;
  BlobClient client_;
  std::unique_ptr<Verified> verified_;
};

}  // namespace pare::worker
