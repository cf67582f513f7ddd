// SHA-256, the name of every model, dataset, plan and candidate: 64 lower-case hexadecimal digits.
//
// OpenSSL does the work.  A Sha256 object belongs to one thread; the functions are thread-safe.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"

struct evp_md_ctx_st;

namespace pare::wire {

// The digest of bytes that arrive in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::string_view bytes);
  // The digest of everything so far.  REQUIRES: called once, and last.
  std::string hex();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

std::string sha256_hex(std::string_view bytes);

// Reads the file in blocks; fails with kNotFound if it cannot be opened or read.
Result<std::string> sha256_file(const std::filesystem::path& file);

// True for exactly 64 digits of 0-9a-f.
bool is_sha256(std::string_view name) noexcept;

}  // namespace pare::wire
