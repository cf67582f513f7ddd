#include "host/token.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>

namespace pare::host {
namespace {

std::string setting(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// What may stand in a header (RFC 6750).
bool is_token(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("-._~+/=").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

}  // namespace

Result<std::string> service_token() {
  std::string token = setting("PARE_TOKEN");
  const std::string path = setting("PARE_TOKEN_FILE");
  if (token.empty() && path.empty()) return token;
  std::string from = "PARE_TOKEN";
  if (token.empty()) {
    std::ifstream file(path);
    if (!file) {
      return Error{ErrorCode::kNotFound, "PARE_TOKEN_FILE: cannot read " + path};
    }
    std::getline(file, token);
    from = "PARE_TOKEN_FILE " + path;
  }
  if (is_token(token)) return token;
  return Error{ErrorCode::kInvalidArgument, from + ": that is no token"};
}

}  // namespace pare::host
