#include "worker/artifacts/enrolment.h"

#include <fcntl.h>
#include <httplib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

namespace pare::worker {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// One list for both ways.
template <typename Use>
void each_field(Identity& identity, const Use& use) {
  use("public_key", identity.public_key);
  use("secret_key", identity.secret_key);
  use("server_key", identity.server_key);
  use("token", identity.token);
  use("endpoint", identity.endpoint);
}

std::string text_at(const json& document, const char* name) {
  const auto found = document.find(name);
  return found != document.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string reason_of(const httplib::Result& answer) {
  const json problem = json::parse(answer->body, nullptr, false);
  const std::string detail = problem.is_object() ? text_at(problem, "detail") : "";
  return detail.empty() ? "status " + std::to_string(answer->status) : detail;
}

// "http://host:7070" -> "host"; with its brackets where it is an address of IPv6.
std::string host_of(const std::string& coordinator) {
  std::string rest = coordinator.substr(coordinator.find("//") + 2);
  rest = rest.substr(0, rest.find('/'));
  const std::size_t bracket = rest.find(']');
  const std::size_t colon = rest.find(':', bracket == std::string::npos ? 0 : bracket);
  return rest.substr(0, colon);
}

}  // namespace

Result<std::optional<Identity>> read_identity(const fs::path& file) {
  std::ifstream in(file);
  if (!in) return std::optional<Identity>{};
  const json document = json::parse(in, nullptr, false);
  Identity identity;
  bool whole = document.is_object();
  if (whole) {
    each_field(identity, [&](const char* name, std::string& value) {
      value = text_at(document, name);
      whole = whole && !value.empty();
    });
  }
  if (whole) return std::optional(std::move(identity));
  return Error{ErrorCode::kInvalidArgument,
               file.string() + " holds no identity of a worker: remove it, and join again"};
}

Result<Identity> join(const std::string& coordinator, const std::string& code,
                      const std::string& public_key, const std::string& secret_key) {
  httplib::Client client(coordinator);
  client.set_connection_timeout(5);
  const json asked = {{"code", code}, {"public_key", public_key}};
  const auto answer = client.Post("/v1/workers/join", asked.dump(), "application/json");
  if (!answer) {
    return Error{ErrorCode::kUnavailable,
                 "no answer from " + coordinator + ": " + httplib::to_string(answer.error())};
  }
  if (answer->status != 201) {
    return Error{ErrorCode::kInvalidArgument, coordinator + ": " + reason_of(answer)};
  }
  const json reply = json::parse(answer->body, nullptr, false);
  const int port = reply.is_object() ? reply.value("port", 0) : 0;
  Identity identity{public_key, secret_key, text_at(reply, "server_key"), text_at(reply, "token"),
                    "tcp://" + host_of(coordinator) + ":" + std::to_string(port)};
  if (port > 0 && !identity.server_key.empty() && !identity.token.empty()) return identity;
  return Error{ErrorCode::kInvalidArgument, coordinator + " answered something else than expected"};
}

Result<std::monostate> write_identity(const Identity& identity, const fs::path& file) {
  json document = json::object();
  Identity copy = identity;
  each_field(copy, [&](const char* name, const std::string& value) { document[name] = value; });
  const std::string text = document.dump(2) + "\n";
  std::error_code ignored;
  fs::create_directories(file.parent_path(), ignored);
  const fs::path part = file.string() + ".part";
  const int out = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written =
      out >= 0 && ::write(out, text.data(), text.size()) == std::ssize(text) && ::fsync(out) == 0;
  int why = errno;
  if (out >= 0) ::close(out);
  if (written && ::rename(part.c_str(), file.c_str()) == 0) return std::monostate{};
  if (written) why = errno;
  return Error{ErrorCode::kResourceExhausted,
               "cannot write " + file.string() + ": " + std::strerror(why)};
}

Result<std::monostate> check_identity(const std::string& coordinator, const Identity& identity) {
  httplib::Client client(coordinator);
  client.set_connection_timeout(5);
  client.set_bearer_token_auth(identity.token);
  const auto answer = client.Get("/v1/whoami");
  if (!answer || answer->status != 401) return std::monostate{};
  return Error{ErrorCode::kInvalidArgument,
               coordinator + ": " + reason_of(answer) +
                   "; `pare worker enroll` makes a code to --join with"};
}

}  // namespace pare::worker
