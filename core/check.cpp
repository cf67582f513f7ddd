#include "core/check.h"

#include <cstdio>
#include <cstdlib>

namespace pare {

void fail_check(std::string_view condition, std::string_view message, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: broken invariant: %.*s (%.*s)\n", file, line,
               static_cast<int>(message.size()), message.data(), static_cast<int>(condition.size()),
               condition.data());
  std::abort();
}

}  // namespace pare
