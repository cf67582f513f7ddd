// Ctrl-C and SIGTERM for a command that has something to put in order first.
//
// Without watch_for_interrupt() they end the program as usual, and interrupted() is false.
#pragma once

namespace pare::cli {

// From now on they are noted; a second one ends the program.  System calls that wait return.
void watch_for_interrupt();
bool interrupted() noexcept;  // any thread

}  // namespace pare::cli
