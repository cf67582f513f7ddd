// The status line and the headers of a response.
#pragma once

#include <string>

#include "coordinator/http/message.h"

namespace pare::coordinator {

// With the empty line at its end.  `close`: the connection is closed behind it.
std::string response_head(const Response& response, bool close);

}  // namespace pare::coordinator
