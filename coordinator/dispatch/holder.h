// What a coordinator calls itself when it takes the lead, so that the next one on the same machine
// sees at once that it is dead.
#pragma once

#include <string>
#include <string_view>

namespace pare::coordinator {

// This process: "HOST pid PID (started START, boot BOOT, pids NAMESPACE)".
std::string this_holder();

// True only if that process ran on this machine, since it was started last, and is no more.  A
// holder on another machine, or one that cannot be read, is not known to be gone.
bool is_gone(std::string_view holder);

}  // namespace pare::coordinator
