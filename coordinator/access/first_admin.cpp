#include "coordinator/access/first_admin.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>

#include "coordinator/access/token_text.h"
#include "wire/sha256.h"

namespace pare::coordinator {
namespace {

namespace fs = std::filesystem;

bool may_administer(const Token& token) {
  return token.scopes.has(Scope::kAdmin) &&
         (!token.expires_at || *token.expires_at > std::chrono::system_clock::now());
}

// Readable by its owner from the first byte on; one that is there is replaced.
Result<std::monostate> write_secret(const fs::path& path, const std::string& text) {
  const fs::path part = path.string() + ".part";
  const int file = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const auto failed = [&] {
    return Error{ErrorCode::kResourceExhausted,
                 "cannot write " + path.string() + ": " + std::strerror(errno)};
  };
  if (file < 0) return failed();
  const bool written = ::fchmod(file, 0600) == 0 &&
                       ::write(file, text.data(), text.size()) == std::ssize(text) &&
                       ::fsync(file) == 0;
  const Error why = failed();
  ::close(file);
  if (!written) return why;
  if (::rename(part.c_str(), path.c_str()) != 0) return failed();
  return std::monostate{};
}

// A name that no valid token has.
std::string free_name(const std::vector<Token>& tokens) {
  std::string name = "first-admin";
  for (int next = 2; std::ranges::find(tokens, name, &Token::name) != tokens.end(); ++next) {
    name = "first-admin-" + std::to_string(next);
  }
  return name;
}

}  // namespace

Result<std::optional<fs::path>> make_first_admin(AccessStore& store, const fs::path& folder) {
  const auto tokens = store.tokens(false);
  if (!tokens) return tokens.error();
  if (std::ranges::any_of(tokens.value(), may_administer)) return std::optional<fs::path>{};
  const auto text = make_token_text();
  if (!text) return text.error();
  NewToken token;
  token.name = free_name(tokens.value());
  token.owner = "admin";
  token.sha256 = wire::sha256_hex(text.value());
  token.scopes.add(Scope::kAdmin);
  const auto made = store.add_token(token);
  if (!made) return made.error();
  const fs::path path = folder / "admin.token";
  if (const auto written = write_secret(path, text.value() + "\n"); !written) {
    (void)store.revoke_token(token.name);
    return written.error();
  }
  return std::optional(path);
}

}  // namespace pare::coordinator
