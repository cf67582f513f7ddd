// The log of a program that serves: a line an event, with time and level, on stderr.
//
// Never a colour nor any other code: a log is read from files as often as on a terminal, and what
// it says of strangers' files and names is printable().
#pragma once

#include <string>

namespace pare::host {

// From here on spdlog's free functions (spdlog::info) write there, each line at once.  Once a
// process, before its threads.
void start_log(const std::string& program);

}  // namespace pare::host
