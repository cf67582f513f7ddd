#include "worker/artifacts/blob_client.h"

#include <httplib.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <optional>

#include "wire/sha256.h"

namespace pare::worker {
namespace {

namespace fs = std::filesystem;

constexpr auto kConnectTimeout = std::chrono::seconds(5);
constexpr auto kTransferTimeout = std::chrono::seconds(30);  // without a byte

httplib::Client client_of(const std::string& coordinator, const std::string& token) {
  httplib::Client client(coordinator);
  if (!token.empty()) client.set_bearer_token_auth(token);
  client.set_connection_timeout(kConnectTimeout);
  client.set_read_timeout(kTransferTimeout);
  client.set_write_timeout(kTransferTimeout);
  return client;
}

std::string path_of(const std::string& sha256) {
  return "/v1/blobs/" + sha256;
}

Error unreachable(const std::string& what, httplib::Error error) {
  return {ErrorCode::kUnavailable, what + ": " + httplib::to_string(error)};
}

// What a status other than success means.
Error refused(const std::string& what, int status, const std::string& body) {
  const std::string message = what + ": status " + std::to_string(status) +
                              (body.empty() ? "" : ", " + body.substr(0, 500));
  if (status == 404) return {ErrorCode::kNotFound, message};
  if (status == 507) return {ErrorCode::kResourceExhausted, message};
  // A token that is not valid (any more) says nothing about the task that needs the blob.
  const bool unknown = status == 401 || status == 403;
  if (status >= 500 || status == 408 || status == 429 || unknown) {
    return {ErrorCode::kUnavailable, message};
  }
  return {ErrorCode::kInvalidArgument, message};
}

std::int64_t bytes_of(const fs::path& file) {
  std::error_code absent;
  const auto size = fs::file_size(file, absent);
  return absent ? 0 : static_cast<std::int64_t>(size);
}

// The digest of what is there already, to be continued; one pass over the file.
wire::Sha256 digest_so_far(const fs::path& part) {
  wire::Sha256 digest;
  std::ifstream file(part, std::ios::binary);
  std::array<char, 1 << 16> block;
  while (file.read(block.data(), block.size()) || file.gcount() > 0) {
    digest.update({block.data(), static_cast<std::size_t>(file.gcount())});
  }
  return digest;
}

// One response on its way into the file.
struct Download {
  std::ofstream file;
  wire::Sha256 digest;
  int status = 0;
  std::string error_body;
  bool disk_full = false;

  bool take(const char* data, std::size_t length) {
    const std::string_view bytes(data, length);
    if (status != 200 && status != 206) {
      error_body += bytes.substr(0, 1000);
      return error_body.size() < 10'000;
    }
    digest.update(bytes);
    file.write(data, static_cast<std::streamsize>(length));
    disk_full = !file;
    return !disk_full;
  }
};

}  // namespace

Result<std::monostate> BlobClient::fetch(const std::string& sha256, const fs::path& part,
                                         const std::stop_token& stop) const {
  const std::string what = "blob " + sha256 + " from " + coordinator_;
  const std::int64_t have = bytes_of(part);
  Download download{.file = {}, .digest = digest_so_far(part), .error_body = {}};
  httplib::Headers headers;
  if (have > 0) headers.emplace("Range", "bytes=" + std::to_string(have) + "-");
  const auto started = [&](const httplib::Response& response) {
    download.status = response.status;
    if (response.status == 200) download.digest = wire::Sha256();  // from the beginning after all
    if (response.status == 200 || response.status == 206) {
      const auto mode = response.status == 200 ? std::ios::trunc : std::ios::app;
      download.file.open(part, std::ios::binary | mode);
      download.disk_full = !download.file;
    }
    return !download.disk_full;
  };
  auto client = client_of(coordinator_, token_);
  const auto result =
      client.Get(path_of(sha256), headers, started, [&](const char* data, std::size_t length) {
        return !stop.stop_requested() && download.take(data, length);
      });
  download.file.close();
  if (download.disk_full) {
    return Error{ErrorCode::kResourceExhausted, part.string() + " cannot be written"};
  }
  if (!result) return unreachable(what, result.error());
  // 416: nothing is behind what we have; the digest says whether that is all of it.
  const bool complete =
      result->status == 200 || result->status == 206 || (result->status == 416 && have > 0);
  if (!complete) return refused(what, result->status, download.error_body);
  if (download.digest.hex() != sha256) {
    std::error_code ignored;
    fs::remove(part, ignored);
    return Error{ErrorCode::kInvalidArgument, what + ": the bytes do not match the name"};
  }
  return std::monostate{};
}

Result<std::monostate> BlobClient::store(const std::string& sha256, const fs::path& file,
                                         const std::stop_token& stop) const {
  const std::string what = "blob " + sha256 + " to " + coordinator_;
  auto client = client_of(coordinator_, token_);
  std::ifstream input(file, std::ios::binary);
  if (!input) return Error{ErrorCode::kNotFound, file.string() + " cannot be opened"};
  const auto result = client.Put(
      path_of(sha256), static_cast<std::size_t>(bytes_of(file)),
      [&](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
        std::array<char, 1 << 16> block;
        input.seekg(static_cast<std::streamoff>(offset));
        input.read(block.data(), static_cast<std::streamsize>(std::min(length, block.size())));
        if (input.gcount() <= 0 || stop.stop_requested()) return false;
        return sink.write(block.data(), static_cast<std::size_t>(input.gcount()));
      },
      "application/octet-stream");
  if (!result) return unreachable(what, result.error());
  if (result->status != 200 && result->status != 201) {
    return refused(what, result->status, result->body);
  }
  return std::monostate{};
}

}  // namespace pare::worker
