#include "coordinator/access/token_text.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace pare::coordinator {
namespace {

constexpr std::string_view kPrefix = "pare_";
constexpr std::size_t kRandomBytes = 32;
constexpr std::string_view kScheme = "bearer ";

// RFC 4648's alphabet for URLs, without padding.
std::string base64_url(const std::array<std::uint8_t, kRandomBytes>& bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  std::uint32_t bits = 0;
  int held = 0;
  for (const std::uint8_t byte : bytes) {
    bits = (bits << 8U) | byte;
    for (held += 8; held >= 6; held -= 6) {
      text += kDigits[(bits >> static_cast<unsigned>(held - 6)) & 63U];
    }
  }
  if (held > 0) text += kDigits[(bits << static_cast<unsigned>(6 - held)) & 63U];
  return text;
}

}  // namespace

Result<std::string> make_token_text() {
  std::array<std::uint8_t, kRandomBytes> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return Error{ErrorCode::kUnavailable,
                 std::string("no random bytes from the kernel: ") + std::strerror(errno)};
  }
  return std::string(kPrefix) + base64_url(bytes);
}

std::string_view shown_token(std::string_view authorization) noexcept {
  if (authorization.size() <= kScheme.size()) return {};
  const bool is_bearer = std::ranges::equal(
      authorization.substr(0, kScheme.size()), kScheme, {},
      [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return is_bearer ? authorization.substr(kScheme.size()) : std::string_view{};
}

}  // namespace pare::coordinator
