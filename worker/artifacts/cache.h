// Blobs on this machine, each fetched once however many workers share the folder.
//
//   blobs/ab/abcd...      complete, its digest checked
//   datasets/abcd.../     an archive unpacked
//   partial/, locks/      on the way there; a lock is held while something is made
//
// A file appears under its name complete or not at all (rename).  Waiting for another worker, and
// for a coordinator that is away, goes on until the stop or ten minutes.  Any thread.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>

#include "core/result.h"
#include "worker/artifacts/blob_client.h"

namespace pare::worker {

class Cache {
 public:
  // Fails with kUnavailable if the folder cannot be made.
  static Result<Cache> open(std::filesystem::path folder, BlobClient client);

  // The file with these bytes.
  Result<std::filesystem::path> blob(const std::string& sha256, const std::stop_token& stop);
  // The folder with this archive unpacked.
  Result<std::filesystem::path> dataset(const std::string& sha256, const std::stop_token& stop);

  // Hands a file to the coordinator and keeps it here.  Returns its digest.
  Result<std::string> publish(const std::filesystem::path& file, const std::stop_token& stop);

 private:
  Cache(std::filesystem::path folder, BlobClient client);

  std::filesystem::path blob_path(const std::string& sha256) const;
  std::filesystem::path partial_path(const std::string& sha256) const;

  std::filesystem::path folder_;
  BlobClient client_;
};

}  // namespace pare::worker
