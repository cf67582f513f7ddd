// PARE_CHECK(condition, message): a broken invariant is a bug, and ends the process with its place.
//
// On in every build: a wrong number that travels on costs more than the branch.  Never use it for
// input that somebody else made; that is a Result.
#pragma once

#include <string_view>

namespace pare {

[[noreturn]] void fail_check(std::string_view condition, std::string_view message, const char* file,
                             int line);

}  // namespace pare

#define PARE_CHECK(condition, message)                                             \
  do {                                                                             \
    if (!(condition)) ::pare::fail_check(#condition, message, __FILE__, __LINE__); \
  } while (false)
