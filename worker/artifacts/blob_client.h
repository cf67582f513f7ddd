// Blobs over HTTP: GET and PUT /v1/blobs/{sha256} of the coordinator (docs/api.md).
//
// Both directions stream; memory does not grow with the blob.  A download goes on where an earlier
// one stopped, and is not believed before its digest is right.  Calls block; each makes its own
// connection, so they are safe from any thread.  A stop is seen within a read or write.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <variant>

#include "core/result.h"

namespace pare::worker {

class BlobClient {
 public:
  // "http://host:port"; `token` is shown with every request, unless it is empty.
  explicit BlobClient(std::string coordinator, std::string token = {})
      : coordinator_(std::move(coordinator)), token_(std::move(token)) {}

  // Completes `part`, which may hold the beginning already.  Fails with kNotFound,
  // kUnavailable or kResourceExhausted (what has come is kept in `part`), or kInvalidArgument if
  // the bytes do not match (`part` is removed).
  Result<std::monostate> fetch(const std::string& sha256, const std::filesystem::path& part,
                               const std::stop_token& stop) const;

  // Sends it even if the bytes are there already: a coordinator that was killed between storing and
  // recording them records them then.  Fails with kUnavailable, or kInvalidArgument with the
  // coordinator's reason.
  Result<std::monostate> store(const std::string& sha256, const std::filesystem::path& file,
                               const std::stop_token& stop) const;

 private:
  std::string coordinator_;
  std::string token_;
};

}  // namespace pare::worker
