#include "cli/service.h"

#include <httplib.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <system_error>

#include "wire/sha256.h"

namespace pare::cli {

using nlohmann::json;

struct Service::Http {
  httplib::Client client;
  Http(const std::string& url, const std::string& token) : client(url) {
    if (!token.empty()) client.set_bearer_token_auth(token);
    client.set_connection_timeout(5);
    client.set_read_timeout(120);  // a large dataset is checked before the answer
    client.set_write_timeout(30);
    client.set_keep_alive(true);
    client.set_tcp_nodelay(true);
  }
};

namespace {

ErrorCode code_of(int status) {
  for (const ErrorCodeFacts& facts : kErrorCodes) {
    if (facts.http_status == status) return facts.code;
  }
  return status >= 500 ? ErrorCode::kUnavailable : ErrorCode::kInvalidArgument;
}

bool is_untrusted(httplib::Error error) {
  return error == httplib::Error::SSLServerVerification || error == httplib::Error::SSLLoadingCerts;
}

Error unreachable(const std::string& url, const httplib::Result& answer) {
  if (is_untrusted(answer.error())) {
    return {ErrorCode::kUnavailable,
            "the certificate of " + url +
                " is not trusted here; SSL_CERT_FILE names a file of those that are"};
  }
  return {ErrorCode::kUnavailable, "no answer from " + url + " (" +
                                       httplib::to_string(answer.error()) +
                                       "); is it running? Start one with `pare up`"};
}

Result<json> document_of(const std::string& url, const httplib::Result& answer) {
  if (!answer) return unreachable(url, answer);
  if (answer->status >= 400) return error_of(answer->status, answer->body);
  json document = json::parse(answer->body, nullptr, false);
  if (document.is_discarded()) {
    return Error{ErrorCode::kUnavailable, url + " answered something that is not JSON"};
  }
  return document;
}

// Nobody else's: 128 random bits.
std::string new_key() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::random_device random;
  std::string key = "pare-";
  for (int i = 0; i < 32; ++i) key += kDigits[random() % kDigits.size()];
  return key;
}

std::string text_of(const json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

Error error_of(int status, const std::string& body) {
  const json problem = json::parse(body, nullptr, false);
  Error error{code_of(status), "the service answered " + std::to_string(status)};
  if (!problem.is_object()) return error;
  const auto text = [&](const char* name) {
    const auto found = problem.find(name);
    return found != problem.end() && found->is_string() ? found->get<std::string>() : "";
  };
  if (const std::string reason = text("reason"); !reason.empty())
    error.message = reason;  // healthz
  if (const std::string detail = text("detail"); !detail.empty()) error.message = detail;
  error.field = text("field");
  if (problem.contains("value")) error.value = text_of(problem["value"]);
  if (status == 401) error.message += "; PARE_TOKEN or PARE_TOKEN_FILE hands one over";
  if (!error.field.empty() && error.message.find(error.field) == std::string::npos) {
    error.message += " (" + error.field + (error.value.empty() ? "" : ": " + error.value) + ")";
  }
  return error;
}

std::string escaped(const std::string& segment) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : segment) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = std::isalnum(byte) != 0 || c == '.' || c == '_' || c == '-';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 15U];
    }
  }
  return out;
}

Result<Service> Service::at(const std::string& url, const std::string& token) {
  const std::string_view scheme = url.starts_with("https://") ? "https://" : "http://";
  const bool good = url.starts_with(scheme) && url.size() > scheme.size() &&
                    url.find('/', scheme.size()) == std::string::npos;
  if (!good) {
    return Error{ErrorCode::kInvalidArgument,
                 "the service's address is like http://127.0.0.1:7070 or https://pare.example.com, "
                 "not '" +
                     url + "'"};
  }
  return Service(url, token);
}

Service::Service(std::string url, const std::string& token)
    : url_(std::move(url)), http_(std::make_unique<Http>(url_, token)) {}
Service::~Service() = default;
Service::Service(Service&&) noexcept = default;

bool Service::answers() const {
  return static_cast<bool>(http_->client.Get("/healthz"));
}

Result<json> Service::get(const std::string& path) const {
  return document_of(url_, http_->client.Get(path));
}

Result<std::string> Service::get_text(const std::string& path) const {
  const auto answer = http_->client.Get(path);
  if (!answer) return unreachable(url_, answer);
  if (answer->status >= 400) return error_of(answer->status, answer->body);
  return answer->body;
}

Result<json> Service::put(const std::string& path, const json& document) const {
  return document_of(url_, http_->client.Put(path, text_of(document), "application/json"));
}

Result<json> Service::post(const std::string& path, const json& document) const {
  return document_of(url_, http_->client.Post(path, text_of(document), "application/json"));
}

Result<json> Service::remove(const std::string& path) const {
  return document_of(url_, http_->client.Delete(path));
}

Result<json> Service::create(const std::string& path, const json& document) const {
  constexpr int kMostTries = 3;
  const httplib::Headers key = {{"Idempotency-Key", new_key()}};
  const std::string body = text_of(document);
  for (int tries = 1;; ++tries) {
    const auto answer = http_->client.Post(path, key, body, "application/json");
    const bool lost = !answer && answer.error() != httplib::Error::Connection;
    if (!lost || tries == kMostTries) return document_of(url_, answer);
  }
}

Result<json> Service::list(const std::string& path) const {
  json all = json::array();
  std::string next;
  do {
    const auto page = get(path + "?limit=1000" + (next.empty() ? "" : "&cursor=" + next));
    if (!page) return page.error();
    for (const json& item : page.value().value("items", json::array())) all.push_back(item);
    next = page.value().value("next", "");
  } while (!next.empty());
  return all;
}

Result<std::string> Service::upload(const std::filesystem::path& file,
                                    const Progress& progress) const {
  auto sha256 = wire::sha256_file(file);
  if (!sha256) return sha256.error();
  const std::string path = "/v1/blobs/" + sha256.value();
  const auto there = http_->client.Head(path);
  if (!there) return unreachable(url_, there);
  if (there->status == 200) return sha256;

  std::error_code error;
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(file, error));
  if (error) return Error{ErrorCode::kNotFound, "cannot read " + file.string()};
  const auto health = get("/healthz");
  const std::int64_t limit = health ? health.value().value("max_blob_bytes", size) : size;
  if (size > limit) {
    return Error{ErrorCode::kInvalidArgument, file.string() + " has " + std::to_string(size) +
                                                  " bytes, the service takes at most " +
                                                  std::to_string(limit)};
  }
  std::ifstream in(file, std::ios::binary);
  std::vector<char> block(1 << 18);
  const auto provide = [&](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
    in.read(block.data(), static_cast<std::streamsize>(std::min(length, block.size())));
    progress(Bytes{static_cast<std::int64_t>(offset) + in.gcount()}, Bytes{size});
    return in.gcount() > 0 && sink.write(block.data(), static_cast<std::size_t>(in.gcount()));
  };
  const auto sent = size == 0 ? http_->client.Put(path, "", "application/octet-stream")
                              : http_->client.Put(path, static_cast<std::size_t>(size), provide,
                                                  "application/octet-stream");
  if (const auto stored = document_of(url_, sent); !stored) return stored.error();
  return sha256;
}

Result<Bytes> Service::download(const std::string& path, const std::string& sha256,
                                OutputFile& out) const {
  wire::Sha256 digest;
  Bytes size;
  int status = 0;
  std::string problem;
  const auto answer = http_->client.Get(
      path,
      [&](const httplib::Response& head) {
        status = head.status;
        return true;
      },
      [&](const char* data, std::size_t n) {
        if (status != 200) {
          problem.append(data, n);
          return true;
        }
        digest.update({data, n});
        size.count += static_cast<std::int64_t>(n);
        return out.write({data, n});
      });
  if (out.failed()) return out.failure();
  if (!answer) return unreachable(url_, answer);
  if (status != 200) return error_of(status, problem);
  const std::string seen = digest.hex();
  if (seen != sha256) {
    return Error{ErrorCode::kUnavailable, "what came has the SHA-256 " + seen + ", not " + sha256};
  }
  return size;
}

}  // namespace pare::cli
