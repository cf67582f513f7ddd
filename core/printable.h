// Text of strangers (names, messages of their files) as a terminal or a log may have it.
#pragma once

#include <string>
#include <string_view>

namespace pare {

// Without what a terminal takes for a command: a `?` for each byte below a blank, DEL and each
// control character of Latin-1 (C2 80 to C2 9F in UTF-8).  Line ends stay.  O(length).
std::string printable(std::string_view text);

}  // namespace pare
