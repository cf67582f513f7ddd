// The token that this process shows to the service.
#pragma once

#include <string>

#include "core/result.h"

namespace pare::host {

// PARE_TOKEN, or the first line of the file that PARE_TOKEN_FILE names; empty: neither is set.
// Fails with kNotFound if the file cannot be read, with kInvalidArgument if it holds no token.
Result<std::string> service_token();

}  // namespace pare::host
