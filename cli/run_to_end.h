// A program run to its end, with what it said.
//
// One thread.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"

namespace pare::cli {

struct Ended {
  int code = 0;  // 128 and the signal where one ended it, as a shell says it
  std::string out;
  std::string errors;
};

// Fails with kNotFound or kInvalidArgument, naming the program, if it cannot be started.
Result<Ended> run_to_end(const std::vector<std::string>& command);

// Without line ends and spaces behind it.
std::string without_end(std::string text);

}  // namespace pare::cli
