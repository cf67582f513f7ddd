// The service as the command line sees it: docs/api.md over HTTP.
//
// Every call blocks.  Fails with kUnavailable if nobody answers or the service says that it cannot
// work now; any other failure is what the problem document says, as one sentence.
// One thread at a time.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/output_file.h"
#include "core/result.h"
#include "core/units.h"

namespace pare::cli {

class Service {
 public:
  // "http://127.0.0.1:7070"; kInvalidArgument if it is no such address.  `token` is shown with
  // every request, unless it is empty.
  static Result<Service> at(const std::string& url, const std::string& token = {});
  ~Service();
  Service(Service&&) noexcept;

  // Whether anybody is there, able to work or not.
  bool answers() const;
  Result<nlohmann::json> get(const std::string& path) const;
  Result<std::string> get_text(const std::string& path) const;  // of what is no JSON
  Result<nlohmann::json> put(const std::string& path, const nlohmann::json& document) const;
  Result<nlohmann::json> post(const std::string& path, const nlohmann::json& document) const;
  // POST of what makes something: under a key, so that it is made once although the answer got lost
  // and the request was sent again.
  Result<nlohmann::json> create(const std::string& path, const nlohmann::json& document) const;
  Result<nlohmann::json> remove(const std::string& path) const;
  Result<nlohmann::json> list(const std::string& path) const;  // every page, as one array

  using Progress = std::function<void(Bytes done, Bytes total)>;
  // Sends the file as a blob unless it is there already; returns its SHA-256.
  Result<std::string> upload(const std::filesystem::path& file, const Progress& progress) const;
  // Writes the body to `out`; fails unless the digest of its bytes is `sha256`.  The caller keeps
  // the file then, and only then.  out.failed() tells a full disk from what the service said.
  Result<Bytes> download(const std::string& path, const std::string& sha256, OutputFile& out) const;

  const std::string& url() const noexcept { return url_; }

 private:
  struct Http;
  Service(std::string url, const std::string& token);

  std::string url_;
  std::unique_ptr<Http> http_;
};

// What a problem document says, in one sentence; for a body that is none, the status.
Error error_of(int status, const std::string& body);

// A name or number as one segment of a path.
std::string escaped(const std::string& segment);

}  // namespace pare::cli
